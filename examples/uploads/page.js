const bar = document.querySelector("main").appendChild(element("progress", {max: 1, value: 0, ariaLabel: "sent"}));

step("Upload 500 kB", () => upload(500000));
step("Upload 500 kB as an image", () => upload(500000, "image/png"));
step("Upload nothing", () => upload(0));

function upload(size, type = "text/plain") {
	bar.value = 0;
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		request.upload.onprogress = (event) => { bar.value = event.loaded / (event.total || 1); };
		request.onload = () => resolve(`${request.status} ${request.responseText.trim()}, ${bar.value * 100} %`);
		request.onerror = () => reject(new Error("the upload failed"));
		request.open("POST", api + "/files");
		request.setRequestHeader("Content-Type", type);
		request.send(new Uint8Array(size));
	});
}
