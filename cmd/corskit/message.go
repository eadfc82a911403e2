package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// message has what a browser's console says about a request that the browser refused. A
// field is empty if the text does not say.
type message struct {
	Browser     string            `json:"browser,omitempty"` // chromium, firefox or webkit
	Code        browsermodel.Code `json:"code,omitempty"`    // the reason, as in a verdict
	Origin      string            `json:"origin,omitempty"`
	URL         string            `json:"url,omitempty"`        // the URL of the refused response
	Redirected  string            `json:"redirected,omitempty"` // the URL that the script fetched, if it is another
	Method      string            `json:"method,omitempty"`
	Header      string            `json:"header,omitempty"`
	Credentials bool              `json:"credentials,omitempty"`
	Preflight   bool              `json:"preflight,omitempty"` // whether the refused response is that of a preflight
	Status      int               `json:"status,omitempty"`
}

// Codes for messages about which the model of the browser has no code.
const (
	codePreflightRedirect browsermodel.Code = "preflight-redirect"
	codeNotHTTP           browsermodel.Code = "not-http"
	codePrivateNetwork    browsermodel.Code = "private-network"
)

// wording is a part of a message. Its named groups are fields of the message.
type wording struct {
	browser    string
	code       browsermodel.Code // the reason; empty if the part gives none
	expression *regexp.Regexp
}

// places returns the parts of messages, after [plainQuotes], that say what was fetched.
func places() []wording {
	return []wording{
		part("chromium", `Access to .+? at '(?P<url>[^']+)'(?: \(redirected from '(?P<redirected>[^']+)'\))? `+
			`from origin '(?P<origin>[^']*)' has been blocked by CORS policy`),
		part("chromium", `(?:cannot|Failed to) load (?P<url>https?://\S+?)[.:]? .*`+
			`Origin '(?P<origin>[^']*)' is therefore not allowed access`),
		part("firefox", `The Same Origin Policy (?:disallows|will disallow) reading the remote resource at `+
			`'?(?P<url>[^' ]+?)'?(?: soon)?\.? ?\(Reason`),
		part("webkit", `cannot load (?P<url>https?://\S+?)\.? due to access control checks`),
		part("webkit", `Origin (?P<origin>[^' ]\S*) is not allowed by Access-Control-Allow-Origin`),
		part("", `\b(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ?(?P<url>https?://\S+) `+
			`(?:net::ERR_FAILED(?: (?P<status>\d{3})\b)?|\[HTTP/\S+ (?P<status>\d{3}))`),
		part("", `Status code: (?P<status>\d{3})`),
	}
}

func part(browser, expression string) wording {
	return wording{browser, "", regexp.MustCompile(expression)}
}

// reasons are the parts that give a reason, in the order in which they count: a text
// may contain several.
//
// Sources: Chromium, third_party/blink/renderer/platform/loader/cors/cors_error_string.cc;
// Firefox, security.properties and, for old versions, MDN, "CORS errors"; WebKit,
// CrossOriginAccessControl.cpp and CrossOriginPreflightResultCache.cpp.
var reasons = []struct {
	code                      browsermodel.Code
	chromium, firefox, webkit string
}{
	{
		browsermodel.CodeHeaderNotAllowed,
		`Request header field (?P<header>\S+) is not allowed by Access-Control-Allow-Headers in preflight response`,
		`(?:missing token|header) '(?P<header>[^']+)' (?:in CORS|is not allowed according to) header 'Access-Control-Allow-Headers'`,
		`Request header field (?P<header>\S+) is not allowed by Access-Control-Allow-Headers`,
	}, {
		browsermodel.CodeMethodNotAllowed,
		`Method (?P<method>\S+) is not allowed by Access-Control-Allow-Methods in preflight response`,
		`Did not find method in CORS header 'Access-Control-Allow-Methods'`,
		`Method (?P<method>\S+) is not allowed by Access-Control-Allow-Methods`,
	}, {
		browsermodel.CodeAuthorizationListed,
		"", `the '(?P<header>Authorization)' header is not covered`, "",
	}, {
		browsermodel.CodeAllowHeadersSyntax,
		"", `invalid token '[^']*' in CORS header 'Access-Control-Allow-Headers'`, "",
	}, {
		browsermodel.CodeAllowMethodsSyntax,
		"", `invalid token '[^']*' in CORS header 'Access-Control-Allow-Methods'`, "",
	}, {
		codePreflightRedirect,
		`Redirect is not allowed for a preflight request`,
		`CORS request external redirect not allowed`,
		`Preflight response is not successful\. Status code: 3\d\d`,
	}, {
		browsermodel.CodePreflightStatus,
		`It does not have HTTP ok status`,
		`CORS preflight (?:channel|response) did not succeed`,
		`Preflight response is not successful`,
	}, {
		browsermodel.CodeAllowOriginWildcard,
		`must not be the wildcard '\*' when the request's credentials mode is 'include'`,
		`Credential is not supported if the CORS header 'Access-Control-Allow-Origin' is '\*'`,
		`Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true`,
	}, {
		browsermodel.CodeAllowCredentials,
		`'Access-Control-Allow-Credentials' header in the response is '[^']*' which must be 'true'`,
		`expected 'true' in CORS header 'Access-Control-Allow-Credentials'`,
		`Credentials flag is true, but Access-Control-Allow-Credentials is not`,
	}, {
		browsermodel.CodeAllowOriginMultiple,
		`'Access-Control-Allow-Origin' header contains multiple values`,
		`Multiple CORS header 'Access-Control-Allow-Origin' not allowed`,
		`Access-Control-Allow-Origin cannot contain more than one origin`,
	}, {
		browsermodel.CodeAllowOriginMismatch,
		`'Access-Control-Allow-Origin' header (?:has a value '[^']*' that is not equal to the supplied origin|contains the invalid value)`,
		`CORS header 'Access-Control-Allow-Origin' does not match`, "",
	}, {
		browsermodel.CodeAllowOriginMissing,
		`No 'Access-Control-Allow-Origin' header is present on the requested resource`,
		`CORS header 'Access-Control-Allow-Origin' missing`,
		`is not allowed by Access-Control-Allow-Origin`,
	},
	{codePrivateNetwork, `more-private address space|request to access the [^ ]+ address space`, "", ""},
	{codeNotHTTP, `Cross origin requests are only supported for protocol schemes`, `(?i)CORS request not http`, ""},
	{browsermodel.CodeNetwork, "", `CORS request did not succeed`, ""},
}

// wordings returns all parts of messages. They are compiled for commands that read one.
var wordings = sync.OnceValue(func() []wording {
	list := places()
	for _, r := range reasons {
		for _, w := range [][2]string{{"chromium", r.chromium}, {"firefox", r.firefox}, {"webkit", r.webkit}} {
			if w[1] != "" {
				list = append(list, wording{w[0], r.code, regexp.MustCompile(w[1])})
			}
		}
	}
	return list
})

// plainQuotes replaces typographic quotes with plain ones, and white space with single
// spaces, because consoles and terminals break lines.
func plainQuotes(text string) string {
	text = strings.NewReplacer("\u2018", "'", "\u2019", "'", "\u201c", `"`, "\u201d", `"`, "`", "'").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// parseMessage reads a browser's message, which may have other text around it. ok is false
// if there is no message.
func parseMessage(text string) (m message, ok bool) {
	text = plainQuotes(text)
	for _, w := range wordings() {
		groups := w.expression.FindStringSubmatch(text)
		if groups == nil {
			continue
		}
		if w.code != "" && m.Code == "" {
			m.Code = w.code
		}
		if m.Browser == "" {
			m.Browser = w.browser
		}
		for i, name := range w.expression.SubexpNames() {
			m.set(name, strings.TrimRight(groups[i], ".,;"))
		}
	}
	m.Credentials = strings.Contains(text, "credentials mode is 'include'") ||
		m.Code == browsermodel.CodeAllowOriginWildcard || m.Code == browsermodel.CodeAllowCredentials
	m.Preflight = strings.Contains(strings.ToLower(text), "preflight") || slices.Contains([]browsermodel.Code{
		codePreflightRedirect, browsermodel.CodeHeaderNotAllowed, browsermodel.CodeMethodNotAllowed,
		browsermodel.CodeAuthorizationListed, browsermodel.CodeAllowHeadersSyntax, browsermodel.CodeAllowMethodsSyntax,
	}, m.Code)
	if m.Method == "OPTIONS" && m.Preflight {
		m.Method = "" // the method of the preflight, not of the request
	}
	return m, m.Code != "" || m.URL != "" && m.Browser != ""
}

// set stores the value of a named group, unless an earlier wording has set it.
func (m *message) set(name, value string) {
	field := map[string]*string{
		"url": &m.URL, "redirected": &m.Redirected, "origin": &m.Origin, "method": &m.Method, "header": &m.Header,
	}[name]
	if field != nil && *field == "" {
		*field = value
	}
	if status, err := strconv.Atoi(value); name == "status" && err == nil && m.Status == 0 {
		m.Status = status
	}
}

// browserNames are the names that users know.
var browserNames = map[string]string{"chromium": "Chromium", "firefox": "Firefox", "webkit": "Safari", "": "the browser"}

// String says what was read.
func (m message) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+safe(value))
		}
	}
	add("origin", m.Origin)
	add("URL", m.URL)
	add("redirected from", m.Redirected)
	add("method", m.Method)
	add("header", m.Header)
	if m.Status != 0 {
		add("status", strconv.Itoa(m.Status))
	}
	if m.Credentials {
		parts = append(parts, "with credentials")
	}
	if m.Preflight {
		parts = append(parts, "at the preflight")
	}
	return "read from the message of " + browserNames[m.Browser] + ": " + strings.Join(parts, ", ")
}

// maxMessage is the largest text that is read from standard input, in bytes.
const maxMessage = 1 << 20

// cutMessage returns the arguments that are not a browser's message, and the
// message. The argument "-" stands for standard input. The message is nil if there
// is none.
func cutMessage(cmd *cobra.Command, args []string) (rest []string, m *message, err error) {
	for _, arg := range args {
		text := arg
		if arg == "-" {
			if text, err = readMessage(cmd); err != nil {
				return nil, nil, err
			}
		}
		got, ok := parseMessage(text)
		switch {
		case ok && m != nil:
			return nil, nil, usagef("got two messages: paste one")
		case ok:
			m = &got
		case arg == "-" || saysTooLittle(text) || isProse(arg):
			return nil, nil, usagef("%s", noMessage)
		default:
			rest = append(rest, arg)
		}
	}
	return rest, m, nil
}

const noMessage = "found no CORS message of Chromium, Firefox or Safari: paste the whole line from the console, " +
	`such as "Access to fetch at '...' from origin '...' has been blocked by CORS policy: ..."`

// saysTooLittle reports whether the text is the error that a script gets, which is
// the same for every cause, or a part of a message that names neither URL nor reason.
func saysTooLittle(text string) bool {
	return slices.ContainsFunc([]string{
		"Failed to fetch", "NetworkError when attempting", "Load failed", "blocked by CORS", "Cross-Origin Request Blocked",
	}, func(s string) bool { return strings.Contains(text, s) })
}

// isProse reports whether an argument can be neither a file nor a URL.
func isProse(arg string) bool {
	return strings.ContainsAny(arg, " \t\r\n") && !isFile(arg)
}

// isFile reports whether an argument names a file, or looks as if it should.
func isFile(arg string) bool {
	_, err := os.Stat(arg)
	return err == nil || slices.Contains([]string{".yaml", ".yml", ".json", ".toml"}, filepath.Ext(arg))
}

func readMessage(cmd *cobra.Command) (string, error) {
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok && isTerminal(f) {
		fmt.Fprintln(cmd.ErrOrStderr(), "paste the browser's message, then press Ctrl-D:")
	}
	b, err := io.ReadAll(io.LimitReader(in, maxMessage))
	if err != nil {
		return "", fmt.Errorf("standard input cannot be read: %w", err)
	}
	return string(b), nil
}

// use sets the fields of s from the message, except those that a flag sets. It returns notes
// about what the message does not say. methods returns what is known about the method that the
// message does not name.
func (s *script) use(cmd *cobra.Command, m message, methods func() string) (notes []string, err error) {
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	if !given("origin") {
		s.origin = m.Origin
	}
	if !given("method") && m.Method != "" {
		s.method = m.Method
	}
	noMethod := m.Code == browsermodel.CodeMethodNotAllowed && m.Method == "" && !given("method")
	switch name := browserNames[m.Browser]; {
	case noMethod && s.origin == "":
		return nil, usagef("the message of %s names neither the page's origin nor the method: add --origin and --method (%s)",
			name, methods())
	case noMethod:
		return nil, usagef("the message of %s does not name the method: add --method (%s)", name, methods())
	case s.origin == "":
		return nil, usagef("the message of %s does not name the page's origin: add --origin", name)
	}
	if m.Header != "" && !slices.ContainsFunc(s.headers, func(h string) bool {
		name, _, _ := strings.Cut(h, ":")
		return strings.EqualFold(strings.TrimSpace(name), m.Header)
	}) {
		s.headers = append(s.headers, m.Header)
	}
	s.credentials = s.credentials || m.Credentials && !given("credentials")
	if !given("browser") && m.Browser != "" && m.Code != browsermodel.CodeAuthorizationListed { // a warning of what will come
		s.browser = m.Browser
	}
	if m.Preflight {
		s.preflight = true
		if assumed := m.Method == "" && !given("method"); assumed && len(s.headers) > 0 {
			notes = append(notes, "the message names no method: assumed "+safe(s.method)+"; if the script uses another, add --method")
		} else if assumed {
			notes = append(notes, "the message does not say why there is a preflight: name the method with --method, "+
				"and headers of the script with --header")
		}
	}
	return notes, nil
}

// outcomes say what causes a message if the policy or the server at hand does not.
var outcomes = map[browsermodel.Code]string{
	browsermodel.CodeAllowOriginMultiple: "a handler or a proxy sets the header too: let only one of them set it",
	browsermodel.CodePreflightStatus: "a router or an authentication answers the preflight, not the CORS middleware: " +
		"put the middleware in front of it",
	codePreflightRedirect: "something in front of the CORS middleware redirects, to add a slash, to https:// or to a login: " +
		"fetch the URL that the redirect leads to",
	browsermodel.CodeNetwork: "there was no response at all: the port is wrong, the certificate is not valid, the server is down, " +
		"or a handler panicked",
	codePrivateNetwork: "the browser protects a private network or this machine, which is not CORS: serve the page over https://, " +
		"and grant the permission that the browser asks for",
	codeNotHTTP: "only http:// and https:// URLs can be fetched: serve the page from a web server instead of file://, " +
		"and write the whole URL, with its scheme",
}

// beyondCORS reports whether the browser refused the request for a reason that no
// CORS header changes.
func (m *message) beyondCORS() bool {
	return m != nil && (m.Code == codeNotHTTP || m.Code == codePrivateNetwork)
}

// meaning says what causes the message if the answer at hand does not.
func (m message) meaning() string {
	if text := outcomes[m.Code]; text != "" {
		return text
	}
	if m.Status >= 400 {
		return "the response with status " + strconv.Itoa(m.Status) + " comes from outside the CORS middleware: " +
			"a router, an authentication or a proxy in front of it"
	}
	return "the response comes from a server with another policy, or from something in front of the CORS middleware"
}
