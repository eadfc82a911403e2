let token = "";

step("Ask without a token", async () => {
	const response = await fetch(api + "/me");
	return await read(response) + ", " + response.headers.get("www-authenticate");
});
step("Log in with a wrong password", async () => read(await login("wrong")));
step("Log in", async () => {
	const response = await login("secret");
	({token} = await response.json());
	return response.status + ", a token";
});
step("Ask with the token", async () =>
	read(await fetch(api + "/me", {headers: {Authorization: "Bearer " + token}})));
step("Send a header that the policy does not list", async () =>
	read(await fetch(api + "/me", {headers: {"X-Other": "1"}})));

function login(password) {
	return fetch(api + "/login", {
		method: "POST",
		headers: {"Content-Type": "application/json"},
		body: JSON.stringify({name: "ada", password}),
	});
}
