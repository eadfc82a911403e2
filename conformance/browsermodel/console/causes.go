package console

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// The names of the browsers, as in package realbrowser.
const (
	Chromium = "chromium" // and Chrome, Edge, Opera
	Firefox  = "firefox"
	WebKit   = "webkit" // and Safari
)

// Codes of causes that the model of the browser does not have, because no CORS header
// decides them.
const (
	CodePreflightRedirect browsermodel.Code = "preflight-redirect" // the answer to the preflight is a redirect
	CodeNotHTTP           browsermodel.Code = "not-http"           // the URL is neither http nor https
	CodePrivateNetwork    browsermodel.Code = "private-network"    // a page may not reach a private network, or this machine
	CodeMixedContent      browsermodel.Code = "mixed-content"      // an https page fetches from http
)

// Message is one message of one browser.
type Message struct {
	Browser string
	// Text is the message. Its placeholders are {url}, {redirected} (the URL that the
	// script fetched, if a redirect led to the other), {origin}, {method}, {header},
	// {status}, {digits}, {schemes} and {value} (anything). Lines end with "\n": WebKit prints two messages.
	Text string
	// Old reports whether only versions older than those in docs/errors.md print the
	// message.
	Old bool
	// Unseen says why no test makes the browser print the message. It is empty if a test
	// does.
	Unseen string

	reason string // the part of Text that gives the reason
}

// Cause is one reason for which browsers print messages.
type Cause struct {
	Code     browsermodel.Code
	Messages []Message
}

// Causes returns the causes with their messages. If a text has messages of several causes,
// the first one explains the others.
func Causes() []Cause {
	list := slices.Clone(causes)
	for i := range list {
		list[i].Messages = slices.Clone(list[i].Messages)
	}
	return list
}

const (
	chromiumStart     = "Access to fetch at '{url}' from origin '{origin}' has been blocked by CORS policy: "
	chromiumPreflight = "Response to preflight request doesn't pass access control check: "
	firefoxStart      = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
	webkitEnd         = "\nFetch API cannot load {url} due to access control checks."

	throughProxy = "they connect the browser only to a proxy, which hides the address of the server"
)

func inChromium(reason string) Message {
	return Message{Browser: Chromium, Text: chromiumStart + reason, reason: reason}
}

func inChromiumPreflight(reason string) Message {
	return Message{Browser: Chromium, Text: chromiumStart + chromiumPreflight + reason, reason: reason}
}

func inFirefox(reason string) Message {
	return Message{Browser: Firefox, Text: firefoxStart + "{url}. (Reason: " + reason + ").", reason: reason}
}

func (m Message) withStatus() Message {
	m.Text += " Status code: {status}."
	return m
}

func inWebKit(reason string) Message {
	return Message{Browser: WebKit, Text: reason + webkitEnd, reason: reason}
}

func old(m Message) Message {
	m.Old = true
	return m
}

func unseen(m Message, why string) Message {
	m.Unseen = why
	return m
}

func whole(browser, text string) Message { return Message{Browser: browser, Text: text, reason: text} }

// causes is the table. Sources of wordings that no test sees: Chromium,
// third_party/blink/renderer/platform/loader/cors/cors_error_string.cc; Firefox,
// security.properties.
var causes = []Cause{
	{browsermodel.CodeHeaderNotAllowed, []Message{
		inChromium("Request header field {header} is not allowed by Access-Control-Allow-Headers in preflight response."),
		inFirefox("header ‘{header}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response"),
		old(inFirefox("missing token ‘{header}’ in CORS header ‘Access-Control-Allow-Headers’ from CORS preflight channel")),
		inWebKit("Request header field {header} is not allowed by Access-Control-Allow-Headers."),
	}},
	{browsermodel.CodeMethodNotAllowed, []Message{
		inChromium("Method {method} is not allowed by Access-Control-Allow-Methods in preflight response."),
		inFirefox("Did not find method in CORS header ‘Access-Control-Allow-Methods’"),
		inWebKit("Method {method} is not allowed by Access-Control-Allow-Methods."),
	}},
	{browsermodel.CodeAuthorizationListed, []Message{{
		Browser: Firefox,
		Text: "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {url} soon. (Reason: " +
			"When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered. To include the `Authorization` " +
			"header, it must be explicitly listed in CORS header `Access-Control-Allow-Headers`).",
		reason: "the `{header}` header is not covered",
	}}},
	{browsermodel.CodeAllowHeadersSyntax, []Message{
		inChromium("Cannot parse Access-Control-Allow-Headers response header field in preflight response."),
		inFirefox("invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’"),
		inWebKit("Header Access-Control-Allow-Headers has an invalid value: {value}"),
	}},
	{browsermodel.CodeAllowMethodsSyntax, []Message{
		inChromium("Cannot parse Access-Control-Allow-Methods response header field in preflight response."),
		inFirefox("invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’"),
		inWebKit("Header Access-Control-Allow-Methods has an invalid value: {value}"),
	}},
	{CodePreflightRedirect, []Message{
		inChromiumPreflight("Redirect is not allowed for a preflight request."),
		inFirefox("CORS request external redirect not allowed"),
		inWebKit("Preflight response is not successful. Status code: 3{digits}"),
	}},
	{browsermodel.CodePreflightStatus, []Message{
		inChromiumPreflight("It does not have HTTP ok status."),
		inFirefox("CORS preflight response did not succeed").withStatus(),
		old(inFirefox("CORS preflight channel did not succeed")),
		inWebKit("Preflight response is not successful. Status code: {status}"),
	}},
	{browsermodel.CodeAllowOriginWildcard, []Message{
		inChromium(wildcard),
		inChromiumPreflight(wildcard),
		{Browser: Firefox, Text: firefoxStart + "‘{url}’. (Reason: " + firefoxWildcard + ").", reason: firefoxWildcard},
		inWebKit("Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true."),
	}},
	{browsermodel.CodeAllowCredentials, []Message{
		inChromium(credentials),
		inChromiumPreflight(credentials),
		inFirefox("expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’"),
		inWebKit(`Credentials flag is true, but Access-Control-Allow-Credentials is not "true".`),
	}},
	{browsermodel.CodeAllowOriginMultiple, []Message{
		inChromium(multiple),
		inChromiumPreflight(multiple),
		inFirefox("Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed"),
		inWebKit("Access-Control-Allow-Origin cannot contain more than one origin."),
	}},
	{browsermodel.CodeAllowOriginMismatch, []Message{
		inChromium(mismatch),
		inChromiumPreflight(mismatch),
		inChromium("The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'. " + haveServer),
		inFirefox("CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’"),
	}},
	{browsermodel.CodeRedirectCredentials, []Message{
		inChromium("Redirect location '{value}' contains a username and password, which is disallowed for cross-origin requests."),
		inWebKit("Cross-origin redirection to {value} denied by Cross-Origin Resource Sharing policy: " +
			"redirection URL {value} has credentials"),
	}},
	{browsermodel.CodeAllowOriginMissing, []Message{
		inChromium(missing),
		inChromiumPreflight(missing),
		{
			Browser: Chromium, reason: missing,
			Text: strings.Replace(chromiumStart, "'{url}'", "'{url}' (redirected from '{redirected}')", 1) + missing,
		},
		inFirefox("CORS header ‘Access-Control-Allow-Origin’ missing").withStatus(),
		inWebKit("Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}"),
		inWebKit("Cross-origin redirection to {value} denied by Cross-Origin Resource Sharing policy: " +
			"Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}"),
	}},
	{CodePrivateNetwork, []Message{
		inChromium("Request had a target IP address space of `{value}` yet the resource is in address space `{value}`."),
		unseen(inChromium("Permission was denied for this request to access the `{value}` address space."), throughProxy),
		old(inChromium("The request client is not a secure context and the resource is in more-private address space `{value}`.")),
	}},
	{CodeNotHTTP, []Message{
		{
			Browser: Chromium, reason: "Cross origin requests are only supported for protocol schemes",
			Text: strings.Replace(chromiumStart, "fetch", "XMLHttpRequest", 1) +
				"Cross origin requests are only supported for protocol schemes: {schemes}.",
		},
		whole(Chromium, `Fetch API cannot load {url}. URL scheme "{value}" is not supported.`),
		inFirefox("CORS request not http"),
		inWebKit("Cross origin requests are only supported for HTTP."),
	}},
	{CodeMixedContent, []Message{
		whole(Chromium, "Mixed Content: The page at '{value}' was loaded over HTTPS, but requested an insecure resource '{url}'. "+
			"This request has been blocked; the content must be served over HTTPS."),
		whole(Firefox, "Blocked loading mixed active content “{url}”"),
		whole(WebKit, "[blocked] The page at {value} requested insecure content from {url}. "+
			"This content was blocked and must be served over HTTPS."),
	}},
	{browsermodel.CodeNetwork, []Message{
		inFirefox("CORS request did not succeed").withStatus(),
	}},
}

const (
	haveServer  = "Have the server send the header with a valid value."
	missing     = "No 'Access-Control-Allow-Origin' header is present on the requested resource."
	mismatch    = "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin. " + haveServer
	multiple    = "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed. " + haveServer
	credentials = "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be 'true' " +
		"when the request's credentials mode is 'include'."
	wildcard = "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' " +
		"when the request's credentials mode is 'include'."
	firefoxWildcard = "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’"
)

// placeholders maps each placeholder to an expression for the text in its place, with
// plain quotes.
var placeholders = map[string]string{
	"url": `\S+?`, "redirected": `[^']+`, "origin": `\S+?`, "method": `[^\s']+`, "header": `[^\s']+`,
	"status": `\d{3}|\(null\)`, "digits": `\d\d`, "value": `.*?`, "schemes": `[a-z, -]+`,
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// expression returns an expression for a text with placeholders, after [plain].
func expression(text string) string {
	var b strings.Builder
	text = plain(text)
	seen := make(map[string]bool)
	for {
		at := placeholder.FindStringIndex(text)
		if at == nil {
			return b.String() + regexp.QuoteMeta(text)
		}
		name := text[at[0]+1 : at[1]-1]
		b.WriteString(regexp.QuoteMeta(text[:at[0]]))
		if group := "(?P<" + name + ">"; seen[name] {
			b.WriteString("(?:")
		} else {
			b.WriteString(group)
		}
		seen[name] = true
		b.WriteString(placeholders[name] + ")")
		text = text[at[1]:]
	}
}

// plain replaces typographic quotes and backticks with plain quotes, and white space with
// single spaces: consoles and terminals break lines.
func plain(text string) string {
	text = strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`, "`", "'").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// Match reports whether a text is the message and nothing else. It returns the text in
// place of each placeholder; if a placeholder occurs twice, the first text.
func (m Message) Match(text string) (values map[string]string, ok bool) {
	e := regexp.MustCompile("^" + expression(m.Text) + "$")
	groups := e.FindStringSubmatch(plain(text))
	if groups == nil {
		return nil, false
	}
	values = make(map[string]string)
	for i, name := range e.SubexpNames()[1:] {
		values[name] = groups[i+1]
	}
	return values, true
}

// With returns the message with values in place of its placeholders. A placeholder
// without a value stays.
func (m Message) With(values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(m.Text, func(p string) string {
		if value, ok := values[strings.Trim(p, "{}")]; ok {
			return value
		}
		return p
	})
}

// part is a part of a message.
type part struct {
	browser    string
	code       browsermodel.Code // the reason; empty if the part gives none
	expression *regexp.Regexp    // its groups are fields of a [Reading]
}

// parts returns all parts of messages: those that say what was fetched, then the reasons.
var parts = sync.OnceValue(func() []part {
	var list []part
	add := func(browser string, code browsermodel.Code, expressions ...string) {
		for _, e := range expressions {
			list = append(list, part{browser, code, regexp.MustCompile(e)})
		}
	}
	add(Chromium, "", `Access to .+? at '(?P<url>[^']+)'(?: \(redirected from '(?P<redirected>[^']+)'\))? `+
		`from origin '(?P<origin>[^']*)' has been blocked by CORS policy`,
		`(?:cannot|Failed to) load (?P<url>https?://\S+?)[.:]? .*Origin '(?P<origin>[^']*)' is therefore not allowed access`)
	add(Firefox, "", `The Same Origin Policy (?:disallows|will disallow) reading the remote resource at `+
		`'?(?P<url>[^' ]+?)'?(?: soon)?\.? ?\(Reason`)
	add(WebKit, "", `cannot load (?P<url>https?://\S+?)\.? due to access control checks`,
		`Origin (?P<origin>[^' ]\S*) is not allowed by Access-Control-Allow-Origin`)
	add("", "", `\b(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ?(?P<url>https?://\S+) `+
		`(?:net::ERR_FAILED(?: (?P<status>\d{3})\b)?|\[HTTP/\S+ (?P<status>\d{3}))`,
		`Status code: (?P<status>\d{3})`)
	for _, c := range causes {
		for _, m := range c.Messages {
			reason := m.reason // people leave out the end
			for _, end := range []string{" " + haveServer, " Status code: {status}", ", but only one is allowed."} {
				reason = strings.TrimSuffix(reason, end)
			}
			add(m.Browser, c.Code, `(?:^|\W)`+expression(strings.TrimSuffix(reason, "."))+`(?:$|\W)`)
		}
	}
	return list
})
