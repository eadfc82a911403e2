package console_test

import (
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/browsermodel/console"
)

const intro = `# What browsers say about CORS

Every message about CORS that Chrome, Edge, Firefox and Safari write to their consoles, with
its cause and its fix. Search this page for a part of yours, or paste the whole message:

    corskit explain cors.yaml "MESSAGE"      # what your policy says, and what to change in it
    corskit probe "MESSAGE"                  # what your server answers, and why the browser refuses it

[The command line](cli.md#from-a-browsers-message) has the details. The script in the page
learns nothing of the cause. Its error is the same each time:

| browser | error of ` + "`fetch`" + ` |
|---|---|
| Chrome, Edge | ` + "`TypeError: Failed to fetch`" + ` |
| Firefox | ` + "`TypeError: NetworkError when attempting to fetch resource.`" + ` |
| Safari | ` + "`TypeError: Load failed`" + ` |

In the examples, a page of ` + "`https://app.example.com`" + ` fetches ` + "`https://api.example.com/items`" + `.
For XMLHttpRequest, fonts, scripts and images, the messages name these instead of "fetch".
A [test](../conformance/realbrowser/messages_test.go) makes Chromium 156, Firefox 153 and
WebKitGTK 2.50, the engine of Safari, print each message. The exceptions are marked.

` + "`go test ./conformance/browsermodel/console -run TestErrorsPage -update`" + ` writes this page.

`

const outro = `
## In your framework

Most preflights fail because the middleware does not see them. A preflight is an ` + "`OPTIONS`" + `
request without credentials, and your router probably has no route for it.

| framework | the middleware misses preflights if | instead |
|---|---|---|
| [net/http](frameworks.md#where-to-mount-the-middleware) | it wraps a handler of a pattern such as ` + "`POST /items`" + `: 405 | wrap the mux: ` + "`corshttp.Middleware(engine)(mux)`" + ` |
| [chi](frameworks.md#chi-gorillamux-httprouter) | it is in ` + "`With` or `Group`" + `: 405 | ` + "`r.Use` of a router, or `r.Route`" + ` |
| [gorilla/mux](frameworks.md#chi-gorillamux-httprouter) | it is in ` + "`r.Use`" + ` and the route has ` + "`Methods`" + `: 405 | wrap the router |
| [gin](frameworks.md#gin) | it is in ` + "`group.Use`" + `: 404; or ` + "`r.Use`" + ` comes after the routes | ` + "`r.Use` before the routes, or `corsgin.Group`" + ` |
| [echo](frameworks.md#echo-v4-and-v5) | it is on a route: echo answers 204 without CORS headers | ` + "`e.Use`, or `corsecho.Group`" + ` |
| [fiber](frameworks.md#fiber-v2-and-v3) | it is on a route: 405 | ` + "`app.Use`, or `app.Group(\"/api\", cors)`" + ` |
| authentication | it runs before the middleware: 401 | mount the CORS middleware [outside authentication](frameworks.md#in-every-framework) |
| a proxy in front | it answers ` + "`OPTIONS`" + ` itself, or asks for a login | let ` + "`OPTIONS`" + ` through; [do not add CORS headers there](caches.md) |

## It looks like CORS, but is not

- **` + "`net::ERR_CONNECTION_REFUSED`, `net::ERR_CERT_AUTHORITY_INVALID`" + `** and the like: there was
  no response. See [no response at all](#network).
- **"violates the following Content Security Policy directive: connect-src"**: the page's own
  server forbids the request. Add the API to ` + "`connect-src`" + ` there.
- **` + "`net::ERR_BLOCKED_BY_CLIENT`" + `**: an extension, such as an ad blocker.
- **A status such as 401 or 500, and then a message that
  [Access-Control-Allow-Origin is missing](#allow-origin-missing)**: the error is real, and only
  its response lacks the headers. Look into the server's log.
- **Postman and curl get the response**: they do not apply CORS. Only browsers do.
`

// advice is what the page says about a cause.
type advice struct {
	title    string
	happened string
	see      string // a command
	fix      string
	values   map[string]string // of placeholders
}

// order is the order of the page: what people meet most comes first.
var order = []browsermodel.Code{
	browsermodel.CodeAllowOriginMissing, browsermodel.CodePreflightStatus, browsermodel.CodeHeaderNotAllowed,
	browsermodel.CodeMethodNotAllowed, browsermodel.CodeAllowOriginWildcard, browsermodel.CodeAllowCredentials,
	browsermodel.CodeAllowOriginMultiple, browsermodel.CodeAllowOriginMismatch, console.CodePreflightRedirect,
	browsermodel.CodeNetwork, browsermodel.CodeAuthorizationListed, browsermodel.CodeAllowMethodsSyntax,
	browsermodel.CodeAllowHeadersSyntax, browsermodel.CodeRedirectCredentials, console.CodePrivateNetwork,
	console.CodeMixedContent, console.CodeNotHTTP,
}

const probe = "corskit probe https://api.example.com/items --origin https://app.example.com"

var advices = map[browsermodel.Code]advice{
	browsermodel.CodeAllowOriginMissing: {
		title: "No Access-Control-Allow-Origin header",
		happened: "The server answered, without `Access-Control-Allow-Origin`. Either the policy does not allow the page's " +
			"origin, or the response did not come from behind the CORS middleware. Safari also prints this if the header has another origin.",
		see: probe,
		fix: `It depends on the status:

- With status 200 or 403, the origin is probably not allowed. Add it to ` + "`AllowOrigins`" + ` (in a file, ` + "`allow_origins`" + `), exactly as the
  message writes it: with scheme and port, without a slash at the end. ` + "`corskit explain`" + ` says why an origin does not match.
- With 404, 405 or 401, the router or the authentication answered, not your handler. Mount the middleware on the whole application, outside
  authentication: see [your framework](#in-your-framework).
- With 500, 502 or 504, a proxy or a panic answered. Fix that error first; mount recovery as in [in every framework](frameworks.md#in-every-framework).
- With 301, 302, 307 or 308, something redirects before the middleware runs, such as [gin](frameworks.md#gin) because of a trailing slash.
  Fetch the URL that the redirect leads to.
- After "redirected from", the second server lacks the header. It needs a policy of its own.
- If the origin is ` + "`null`" + `, the page is a file, a sandboxed frame, or came through a redirect between origins: see [Origins](origins.md).`,
		values: map[string]string{"value": "https://api.example.com/items/"},
	},
	browsermodel.CodePreflightStatus: {
		title: "The preflight fails with 404, 405 or 401",
		happened: "The browser asked for permission with an `OPTIONS` request, and the answer was not 200 to 299. Something answered " +
			"before the CORS middleware: usually the router, which has no `OPTIONS` route, or the authentication.",
		see:    probe + " -X PUT",
		fix:    "Mount the middleware on the whole application, before the routes and outside authentication: see [your framework](#in-your-framework).",
		values: map[string]string{"status": "405"},
	},
	browsermodel.CodeHeaderNotAllowed: {
		title: "A request header is not allowed",
		happened: "The script sets a header that the answer to the preflight does not list. `content-type` counts if it is JSON; " +
			"libraries set headers such as `x-requested-with` on their own.",
		see: probe + ` -X POST -H "Content-Type: application/json"`,
		fix: `Add the header to ` + "`AllowHeaders`" + `. In a file:

    allow_headers: [content-type, authorization]

If the header is ` + "`access-control-allow-origin`" + `, remove it from the script: it is a header of responses.`,
	},
	browsermodel.CodeMethodNotAllowed: {
		title:    "The method is not allowed",
		happened: "The answer to the preflight does not list the script's method. GET, HEAD and POST need no entry; all others do.",
		see:      probe + " -X PUT",
		fix: `Add the method to ` + "`AllowMethods`" + `. In a file:

    allow_methods: [PUT, PATCH, DELETE]

If the message says ` + "`patch`" + `, write ` + "`PATCH`" + ` in the script: browsers do not change the case of this method.`,
	},
	browsermodel.CodeAllowOriginWildcard: {
		title: "The wildcard `*` with credentials",
		happened: "The script sends cookies (`credentials: \"include\"` or `withCredentials`), and the server answered " +
			"`Access-Control-Allow-Origin: *`. Browsers accept `*` only without credentials.",
		see: probe + " --credentials",
		fix: `Fetch without credentials if the API needs no cookies. Otherwise list the origins, and allow credentials:

    allow_origins: [https://app.example.com]
    allow_credentials: true

corskit refuses ` + "`*`" + ` together with ` + "`AllowCredentials`" + `: any site could act for its visitors.`,
	},
	browsermodel.CodeAllowCredentials: {
		title:    "Credentials are not allowed",
		happened: "The script sends cookies, the origin is allowed, and the response has no `Access-Control-Allow-Credentials: true`.",
		see:      probe + " --credentials",
		fix: "Set `AllowCredentials` (in a file, `allow_credentials: true`) in the policy that lists the origin. If several policies list it, " +
			"the first one applies. Cookies of another site also need `SameSite=None; Secure`.",
	},
	browsermodel.CodeAllowOriginMultiple: {
		title: "Access-Control-Allow-Origin twice",
		happened: "The response has the header twice: from the middleware, and from a handler, a second CORS middleware, or a proxy " +
			"such as nginx with `add_header`.",
		see: probe,
		fix: "Let one place set CORS headers, and remove the other. If a handler is a proxy whose upstream sets them, use " +
			"[`StripUpstream` or `Enforce`](frameworks.md#in-every-framework) in net/http, gin and echo; the fiber adapters replace them.",
		values: map[string]string{"value": "https://app.example.com, *"},
	},
	browsermodel.CodeAllowOriginMismatch: {
		title: "Access-Control-Allow-Origin has another value",
		happened: "The server sent the header with an origin that is not the page's: a fixed value, one with a trailing slash or " +
			"another port, or the answer to another page from a cache. Safari prints the [message of a missing header](#allow-origin-missing).",
		see: probe,
		fix: "Do not write the header yourself: list the origins in `AllowOrigins`, and corskit sends the one that asks. If a cache or a CDN " +
			"answered, it must respect `Vary: Origin`: see [Caches](caches.md).",
		values: map[string]string{"value": "https://app.example.com/"},
	},
	console.CodePreflightRedirect: {
		title: "The preflight is redirected",
		happened: "The answer to the `OPTIONS` request was a redirect, which browsers do not follow: to a path with a slash, to " +
			"`https://`, or to a login page.",
		see: probe + " -X PUT",
		fix: "Fetch the URL that the redirect leads to. If a login redirects, mount the middleware outside it. " +
			"[gin](frameworks.md#gin) and [echo](frameworks.md#echo-v4-and-v5) say which of their redirects come before the middleware.",
	},
	browsermodel.CodeNetwork: {
		title: "No response at all",
		happened: "The browser got no response, so this is not about CORS headers: the server is down, the port is wrong, the " +
			"certificate is not valid, or a handler panicked without recovery. Firefox also prints this line after another one: then that one counts. " +
			"Chrome prints `net::ERR_...` instead; Safari may print nothing.",
		see:    probe,
		fix:    "Open the URL in a tab: browsers show there what is wrong. Mount [recovery](frameworks.md#in-every-framework) on the application.",
		values: map[string]string{"status": "(null)"},
	},
	browsermodel.CodeAuthorizationListed: {
		title: "`*` does not cover Authorization",
		happened: "The server answered `Access-Control-Allow-Headers: *`, and the script sets `Authorization`. Firefox warns: the Fetch " +
			"standard wants this header to be listed by name.",
		see: probe + ` -H "Authorization: Bearer x"`,
		fix: `List it:

    allow_headers: ["*", authorization]`,
	},
	browsermodel.CodeAllowMethodsSyntax: {
		title:    "Access-Control-Allow-Methods is malformed",
		happened: "The list of methods contains something that is not a method: spaces instead of commas, or quotes.",
		see:      probe + " -X PUT",
		fix:      "Something other than corskit writes the header; corskit accepts only valid methods. Remove it there.",
		values:   map[string]string{"value": "GET PUT"},
	},
	browsermodel.CodeAllowHeadersSyntax: {
		title:    "Access-Control-Allow-Headers is malformed",
		happened: "The list of headers contains something that is not a header name: spaces instead of commas, or quotes.",
		see:      probe + ` -X POST -H "Content-Type: application/json"`,
		fix:      "Something other than corskit writes the header; corskit accepts only valid names. Remove it there.",
		values:   map[string]string{"value": "content-type authorization"},
	},
	browsermodel.CodeRedirectCredentials: {
		title:    "A redirect with a user name",
		happened: "The response redirects to a URL such as `https://user:password@api.example.com/`. Browsers do not follow it across origins.",
		see:      probe,
		fix:      "Redirect to a URL without a user name and password. Firefox prints that the [request did not succeed](#network).",
		values:   map[string]string{"value": "https://user:secret@api.example.com/items"},
	},
	console.CodePrivateNetwork: {
		title: "Private networks and localhost",
		happened: "A page of the public internet fetches from a private network or from this machine. Chrome asks the user for permission " +
			"(local network access). No response header grants it, and this is not CORS.",
		fix: "Serve the page over `https://`: Chrome asks only for such pages. Then allow the request in the dialog, or in the settings of " +
			"the site. In a company, a browser policy can grant it. [Security](security.md#private-networks) says more.",
		values: map[string]string{"value": "local"},
	},
	console.CodeMixedContent: {
		title:    "An https page fetches from http",
		happened: "The page has `https://` and the URL `http://`. The browser sends nothing.",
		fix:      "Give the API a certificate, or a proxy in front that has one, and fetch from `https://`. `http://localhost` is exempt.",
		values:   map[string]string{"url": "http://api.example.com/items", "value": "https://app.example.com/"},
	},
	console.CodeNotHTTP: {
		title:    "The URL is not http",
		happened: "The script fetches a URL without `http://` or `https://`, such as `localhost:8080/items` or a `file://`.",
		fix:      "Write the whole URL, with its scheme. Open the page from a web server, not from a file.",
		values:   map[string]string{"url": "localhost:8080/items", "value": "localhost"},
	},
}
