package main

import (
	"fmt"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// words returns what the console of Chromium says if the browser refuses an answer, or the text
// of the finding if it has no message for that. parseMessage can read the result.
func words(f browsermodel.Fetch, finding browsermodel.Finding, preflight bool) string {
	if finding.OK {
		return ""
	}
	reason, known := chromiumReasons[finding.Code]
	if !known {
		return finding.Text
	}
	if strings.Contains(reason, "{header}") || strings.Contains(reason, "{method}") {
		name := ""
		if len(f.Header) > 0 {
			name = f.Header[0].Name
		}
		reason = strings.NewReplacer("{header}", safe(name), "{method}", safe(f.Method)).Replace(reason)
	} else if preflight {
		reason = "Response to preflight request doesn't pass access control check: " + reason
	}
	return fmt.Sprintf("Access to fetch at '%s' from origin '%s' has been blocked by CORS policy: %s", safe(f.URL), safe(f.Origin), reason)
}

// chromiumReasons are the ends of messages, as in [reasons].
var chromiumReasons = map[browsermodel.Code]string{
	browsermodel.CodeAllowOriginMissing: "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
	browsermodel.CodeAllowOriginMultiple: "The 'Access-Control-Allow-Origin' header contains multiple values '...', but only one " +
		"is allowed.",
	browsermodel.CodeAllowOriginMismatch: "The 'Access-Control-Allow-Origin' header has a value '...' that is not equal to the " +
		"supplied origin.",
	browsermodel.CodeAllowOriginWildcard: "The value of the 'Access-Control-Allow-Origin' header in the response must not be the " +
		"wildcard '*' when the request's credentials mode is 'include'.",
	browsermodel.CodeAllowCredentials: "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be " +
		"'true' when the request's credentials mode is 'include'.",
	browsermodel.CodePreflightStatus:  "It does not have HTTP ok status.",
	browsermodel.CodeMethodNotAllowed: "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.",
	browsermodel.CodeHeaderNotAllowed: "Request header field {header} is not allowed by Access-Control-Allow-Headers in " +
		"preflight response.",
}

// shown are the headers that the curl command repeats. A browser sends the others unchanged
// with every request.
var shown = []string{
	"Host", "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Access-Control-Request-Private-Network",
}

// curl returns a command that sends the request and prints the status and headers of the
// answer.
func curl(r browsermodel.Request, also ...string) string {
	b := []string{"curl", "-i"}
	switch r.Method {
	case "GET":
		b = []string{"curl", "-sS", "-o", "/dev/null", "-D", "-"}
	case "HEAD":
		b = []string{"curl", "-I"}
	default:
		b = append(b, "-X", quoted(r.Method))
	}
	for _, name := range append(shown, also...) {
		for _, value := range r.Header.Values(name) {
			b = append(b, "-H", quoted(name+": "+value))
		}
	}
	return strings.Join(append(b, quoted(r.URL)), " ")
}

// quoted quotes a word for a shell, if it needs quotes.
func quoted(word string) string {
	plain := strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:") == ""
	if plain && word != "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
