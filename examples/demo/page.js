// A small application in the style of React: a state, a function that turns it into elements,
// and a render after each change. The API is on another port, so every request is cross-origin.
const state = {notes: [], error: ""};

function App({notes, error}) {
	return element("div", {},
		element("form", {onsubmit: add},
			element("input", {name: "text", ariaLabel: "New note", required: true}), " ", element("button", {}, "Add")),
		element("ul", {}, ...notes.map(Note)),
		element("output", {role: "status"}, error));
}

function Note({id, text}) {
	return element("li", {}, text, " ",
		element("button", {onclick: () => change("PUT", id, {text: text + "!"})}, "Louder"), " ",
		element("button", {onclick: () => change("DELETE", id)}, "Remove"));
}

function render() {
	document.querySelector("main").replaceChildren(App(state));
}

function add(event) {
	event.preventDefault();
	change("POST", "", {text: event.target.elements.text.value});
}

// change sends a request, for which the browser sends a preflight first, and then shows the notes.
async function change(method, id, body) {
	try {
		const headers = body ? {"Content-Type": "application/json"} : {};
		const response = await fetch(api + "/notes" + (id && "/" + id), {method, headers, body: body && JSON.stringify(body)});
		state.error = response.ok ? "" : (await response.json()).error;
		state.notes = await (await fetch(api + "/notes")).json();
	} catch (error) {
		state.error = "blocked: " + error.message;
	}
	render();
}

change("GET", "");
