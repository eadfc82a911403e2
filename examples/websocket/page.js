step("Fetch the time", async () => read(await fetch(api + "/time")));
step("Say hello over a WebSocket", () => new Promise((resolve, reject) => {
	const socket = new WebSocket(api.replace("http", "ws") + "/echo");
	socket.onopen = () => socket.send("hello");
	socket.onmessage = (event) => {
		socket.close();
		resolve("echo: " + event.data);
	};
	socket.onerror = () => reject(new Error("the handshake failed"));
}));
