const procedure = api + "/greet.v1.GreetService/Greet";

step("Greet with Connect", () => connectCall("ada"));
step("An error of Connect", () => connectCall(""));
step("Greet with gRPC-Web", () => grpcWebCall("ada"));
step("An error of gRPC-Web", () => grpcWebCall(""));

async function connectCall(name) {
	return read(await fetch(procedure, {
		method: "POST",
		headers: {"Content-Type": "application/json", "Connect-Protocol-Version": "1", "Connect-Timeout-Ms": "5000"},
		body: JSON.stringify(name),
	}));
}

async function grpcWebCall(name) {
	const response = await fetch(procedure, {
		method: "POST",
		headers: {
			"Content-Type": "application/grpc-web+json", "X-Grpc-Web": "1", "X-User-Agent": "corskit-example", "Grpc-Timeout": "5S",
		},
		body: frame(new TextEncoder().encode(JSON.stringify(name))),
	});
	// A response without a message has its status in the headers, which the policy
	// must expose.
	let status = response.headers.get("grpc-status");
	let said = decodeURIComponent(response.headers.get("grpc-message") || "");
	for (const [flags, text] of frames(new Uint8Array(await response.arrayBuffer()))) {
		if (flags & 0x80) {
			status = /grpc-status: *(\d+)/i.exec(text)[1];
			said ||= decodeURIComponent((/grpc-message: *(.*)/i.exec(text) || ["", ""])[1].trim());
		} else {
			said = text;
		}
	}
	return `${response.status} status ${status} ${said}`;
}

// frame puts the five bytes of a gRPC frame before a message.
function frame(message) {
	const framed = new Uint8Array(5 + message.length);
	new DataView(framed.buffer).setUint32(1, message.length);
	framed.set(message, 5);
	return framed;
}

// frames yields the flags and the text of each frame.
function* frames(bytes) {
	const view = new DataView(bytes.buffer);
	for (let at = 0; at < bytes.length;) {
		const size = view.getUint32(at + 1);
		yield [bytes[at], new TextDecoder().decode(bytes.subarray(at + 5, at + 5 + size))];
		at += 5 + size;
	}
}
