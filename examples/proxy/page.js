step("Read through the proxy", async () => {
	const response = await fetch(api + "/items");
	return await read(response) + ", from " + response.headers.get("x-served-by");
});
step("Change through the proxy", async () => read(await fetch(api + "/items/1", {
	method: "PUT",
	headers: {"Content-Type": "application/json"},
	body: "{}",
})));
step("Use a method that the proxy does not allow", async () =>
	read(await fetch(api + "/items/1", {method: "DELETE"})));
