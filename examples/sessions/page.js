const session = (init) => fetch(api + "/session", {credentials: "include", ...init});

step("Who am I?", async () => read(await session()));
step("Log in", async () => read(await session({
	method: "POST",
	headers: {"Content-Type": "application/json"},
	body: JSON.stringify({name: "ada"}),
})));
step("Who am I now?", async () => read(await session()));
step("Who am I, without credentials?", async () => read(await session({credentials: "omit"})));
step("Log out", async () => read(await session({method: "DELETE"})));
step("Who am I after logging out?", async () => read(await session()));
