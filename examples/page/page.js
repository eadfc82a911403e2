// element returns an element with properties and children.
function element(tag, properties, ...children) {
	const made = Object.assign(document.createElement(tag), properties);
	made.append(...children);
	return made;
}

// step adds a button that runs f and shows what it returns. A request that the browser
// refuses is an error, and shows as "blocked".
function step(name, f) {
	const main = document.querySelector("main");
	const list = main.querySelector("ol") || main.appendChild(element("ol"));
	const output = element("output");
	const button = element("button", {type: "button", onclick: async () => {
		output.textContent = "";
		const report = text => { output.textContent = text; };
		try {
			report(await f());
		} catch (error) {
			report("blocked: " + error.message);
		}
	}}, name);
	list.append(element("li", {}, button, output));
}

// read returns the status and the text of a response.
async function read(response) {
	return response.status + " " + (await response.text()).trim();
}
