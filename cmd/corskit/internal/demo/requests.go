package demo

// Kinds of requests.
const (
	kindFetch     = "fetch"
	kindEvents    = "events"
	kindWebSocket = "websocket"
)

// request is a row of the table: what the script of each page does.
type request struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Kind        string      `json:"kind"`
	Path        string      `json:"path"`
	Method      string      `json:"method"`
	Headers     [][2]string `json:"headers"`
	Credentials bool        `json:"credentials"`
	Body        string      `json:"body"`
	// Note says what is special about the request.
	Note string `json:"note"`
}

// requests are the rows of the table.
var requests = []request{
	{
		ID: "get", Title: "GET", Kind: kindFetch, Path: "/items/1", Method: "GET",
		Note: "A simple request: the browser sends it without asking, and then decides whether the script may read the answer.",
	},
	{
		ID: "put", Title: "PUT, custom header", Kind: kindFetch, Path: "/items/1", Method: "PUT",
		Headers: [][2]string{{"content-type", "application/json"}, {"x-request-id", "demo"}}, Body: `{"name":"tea"}`,
		Note: "Neither the method nor the headers are simple, so the browser asks first.",
	},
	{
		ID: "cookies", Title: "with cookies", Kind: kindFetch, Path: "/me", Method: "GET", Credentials: true,
		Note: "The answer must allow credentials. Whether the browser sends the cookie depends on the SameSite attribute, not on CORS.",
	},
	{
		ID: "unlisted", Title: "unlisted header", Kind: kindFetch, Path: "/items", Method: "GET",
		Headers: [][2]string{{"x-unlisted", "1"}},
		Note:    "One header that the policy does not list is enough: the browser asks, and does not send the request.",
	},
	{
		ID: "redirect", Title: "redirect", Kind: kindFetch, Path: "/old", Method: "GET",
		Note: "The browser checks every response, the redirect too.",
	},
	{
		ID: "error", Title: "error response", Kind: kindFetch, Path: "/broken", Method: "GET",
		Note: "Without CORS headers on errors, scripts see a network failure instead of the error.",
	},
	{
		ID: "events", Title: "server-sent events", Kind: kindEvents, Path: "/events", Method: "GET",
		Note: "EventSource follows the same rules as fetch.",
	},
	{
		ID: "websocket", Title: "WebSocket", Kind: kindWebSocket, Path: "/chat", Method: "GET",
		Note: "Browsers do not apply CORS to WebSockets: they send the handshake, with cookies, and the server must check its Origin. " +
			"This one does, with CheckOrigin.",
	},
}

// column is a page that sends the requests.
type column struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Origin string `json:"origin"`
	Host   string `json:"host"` // of the origin, without the port
}
