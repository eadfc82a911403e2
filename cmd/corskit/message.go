package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/browsermodel/console"
)

// message is what was read from a browser's message about a request that it refused.
type message console.Reading

// parseMessage reads a browser's message, which may have other text around it. ok is false
// if there is no message.
func parseMessage(text string) (m message, ok bool) {
	r, ok := console.Read(text)
	return message(r), ok
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

// errorsURL is where each message is explained, below the code of its cause.
const errorsURL = "https://github.com/corskit/corskit/blob/main/docs/errors.md"

// see says where the message is explained.
func (m message) see(t terminal) string {
	url := errorsURL
	if m.Code != "" {
		url += "#" + string(m.Code)
	}
	return t.style(dim, "see:") + " " + url
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

// saysTooLittle reports whether the text is the error of a script, which is the same for every
// cause, or only a part of a message.
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
// about what the message does not say. methods returns a hint at the method, for a message that
// does not name it.
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
	// Firefox still allows what it warns of with this code.
	if !given("browser") && m.Browser != "" && m.Code != browsermodel.CodeAuthorizationListed {
		s.browser = m.Browser
	}
	if m.Preflight {
		s.preflight = true
		if assumed := m.Method == "" && !given("method"); assumed && len(s.headers) > 0 {
			notes = append(notes, "the message names no method: assumed "+safe(s.method)+"; if the script uses another, add --method")
		} else if assumed {
			s.guess = "as " + s.method + " without headers"
			notes = append(notes, "the message does not say why there is a preflight: add the method and headers of the script, "+
				"such as -X POST -H 'Content-Type: application/json'")
		}
	}
	return notes, nil
}

// outcomes are causes of a message that neither the policy nor the server's answer explains.
var outcomes = map[browsermodel.Code]string{
	browsermodel.CodeAllowOriginMultiple: "a handler or a proxy sets the header too: let only one of them set it",
	browsermodel.CodePreflightStatus: "a router or authentication answers the preflight, not the CORS middleware: " +
		"put the middleware in front of it",
	console.CodePreflightRedirect: "something in front of the CORS middleware redirects, to add a slash, to https:// or to a login: " +
		"fetch the URL that the redirect leads to",
	browsermodel.CodeNetwork: "there was no response at all: the port is wrong, the certificate is not valid, the server is down, " +
		"or a handler panicked",
	console.CodePrivateNetwork: "the browser protects a private network or this machine, which is not CORS: serve the page over " +
		"https://, and grant the permission that the browser asks for",
	console.CodeNotHTTP: "only http:// and https:// URLs can be fetched: serve the page from a web server instead of file://, " +
		"and write the whole URL, with its scheme",
	console.CodeMixedContent: "a page with https:// may not fetch from http://: " +
		"give the server a certificate, or a proxy in front that has one",
}

// beyondCORS reports whether the browser refused the request for a reason that no
// CORS header changes.
func (m *message) beyondCORS() bool {
	return m != nil && slices.Contains([]browsermodel.Code{console.CodeNotHTTP, console.CodePrivateNetwork,
		console.CodeMixedContent}, m.Code)
}

// meaning returns another cause of the message, for a policy or an answer that allows the
// request.
func (m message) meaning() string {
	if text := outcomes[m.Code]; text != "" {
		return text
	}
	if m.Status >= 400 {
		return "the response with status " + strconv.Itoa(m.Status) + " comes from outside the CORS middleware: " +
			"a router, authentication or a proxy in front of it"
	}
	return "the response comes from a server with another policy, or from something in front of the CORS middleware"
}
