package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// script is what a page's script asks of its browser, as flags say it: what
// explain and probe have in common.
type script struct {
	origin      string
	method      string
	headers     []string
	credentials bool
	browser     string
}

func (s *script) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.origin, "origin", "o", "", "the origin of the page, e.g. https://app.example.com (required)")
	f.StringVarP(&s.method, "method", "X", "GET", "the method that the script uses")
	f.StringArrayVarP(&s.headers, "header", "H", nil, `a header that the script sets, "Name: value" or just "Name"; may be repeated`)
	f.BoolVar(&s.credentials, "credentials", false, "send cookies: fetch(url, {credentials: \"include\"})")
	f.StringVar(&s.browser, "browser", "spec", "whose rules: spec (the Fetch standard), chromium, firefox or webkit")
	complete(cmd, "browser", "spec", "chromium", "firefox", "webkit")
	complete(cmd, "method", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}

var profiles = map[string]browsermodel.Profile{
	"spec": browsermodel.Spec(), "chromium": browsermodel.Chromium(), "firefox": browsermodel.Firefox(), "webkit": browsermodel.WebKit(),
}

// fetch returns what the script asks for, of a URL, and notes on what the
// browser makes of it.
func (s *script) fetch(url string) (f browsermodel.Fetch, notes []string, err error) {
	if err := oneOf("browser", s.browser, "spec", "chromium", "firefox", "webkit"); err != nil {
		return f, nil, err
	}
	if s.origin == "" {
		return f, nil, usagef("--origin is missing: the origin of the page, e.g. https://app.example.com")
	}
	if strings.ContainsAny(s.origin, "\x00\r\n") {
		return f, nil, usagef("--origin %s cannot stand in a header", safe(s.origin))
	}
	f = browsermodel.Fetch{Origin: s.origin, Method: s.method, Credentials: s.credentials}
	var finding browsermodel.Finding
	if f.URL, finding = browsermodel.NormalizeURL(url); !finding.OK {
		return f, nil, usagef("%s", finding.Text)
	}
	if f.URL != url && f.URL != url+"/" {
		notes = append(notes, "browsers send the URL "+safe(url)+" as "+safe(f.URL))
	}
	for _, h := range s.headers {
		name, value, given := strings.Cut(h, ":")
		if name, value = strings.TrimSpace(name), strings.TrimSpace(value); name == "" {
			return f, nil, usagef("--header %s has no name", safe(h))
		}
		if !given {
			value = exampleValue(name)
		}
		if browsermodel.IsForbiddenRequestHeader(name, value) {
			notes = append(notes, "browsers do not let scripts set the header "+safe(name)+": it is dropped")
		}
		f.Header = append(f.Header, browsermodel.Field{Name: name, Value: value})
	}
	if normal := browsermodel.NormalizeMethod(s.method); normal != s.method {
		notes = append(notes, "browsers send the method "+safe(s.method)+" as "+normal)
	} else if upper := strings.ToUpper(s.method); upper != s.method {
		notes = append(notes, "methods are case-sensitive, and browsers leave "+safe(s.method)+" as it is; is "+safe(upper)+" meant?")
	}
	if s.origin != "null" && browsermodel.OriginOf(s.origin) != s.origin && !strings.Contains(s.origin, "*") {
		note := "no browser spells an origin " + safe(s.origin)
		if meant := spelling(s.origin); meant != "" {
			note += "; is " + safe(meant) + " meant?"
		}
		notes = append(notes, note)
	}
	return f, notes, nil
}

// exampleValue is a value for a header that is named without one. A browser
// asks about Content-Type for values such as JSON's only, and JSON is what
// people mean.
func exampleValue(name string) string {
	if strings.EqualFold(name, "content-type") {
		return "application/json"
	}
	return "x"
}

// spelling guesses which origin is meant by something else, or returns "".
func spelling(s string) string {
	s = strings.TrimSpace(s)
	switch scheme, _, ok := strings.Cut(strings.ToLower(s), ":"); {
	case scheme == "null", ok && slices.Contains([]string{"file", "data", "about"}, scheme):
		return "null" // pages of such URLs have no origin of their own
	}
	urls := []string{s}
	if !strings.Contains(s, "://") {
		urls = append(urls, "https://"+strings.TrimPrefix(s, "//"))
	}
	for _, url := range urls {
		if o := browsermodel.OriginOf(url); o != "null" {
			return o
		}
	}
	return ""
}

// exchange is a request and its answer, for programs.
type exchange struct {
	Preflight bool                  `json:"preflight"`
	Request   browsermodel.Request  `json:"request"`
	Response  browsermodel.Response `json:"response"`
	Error     string                `json:"error,omitempty"`
	Policy    string                `json:"policy,omitempty"`
	Pattern   string                `json:"pattern,omitempty"`
	Steps     []step                `json:"steps,omitempty"`
}

type step struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// verdict is a browser's, for programs.
type verdict struct {
	Allowed     bool                `json:"allowed"`
	Code        string              `json:"code"`
	Text        string              `json:"text"`
	AtPreflight bool                `json:"atPreflight,omitempty"`
	Readable    browsermodel.Fields `json:"readable,omitempty"`
}

func verdictOf(v browsermodel.Verdict) verdict {
	return verdict{v.Allowed, string(v.Code), v.Text, v.AtPreflight, v.Header}
}

func (e exchange) title() string {
	if e.Preflight {
		return "the preflight, by which the browser asks"
	}
	return "the request"
}

// printExchange prints what goes over the wire, and why.
func printExchange(t terminal, number int, e exchange) {
	t.printf("%s\n", t.style(bold, plainNumber(number)+" "+e.title()))
	t.printf("  %s %s %s\n", t.style(dim, ">"), safe(e.Request.Method), safe(e.Request.URL))
	printFields(t, ">", e.Request.Header)
	for _, s := range e.Steps {
		t.printf("    %s %s\n", t.style(cyan, padded(s.Code, 24)), s.Text)
	}
	if e.Error != "" {
		t.printf("  %s no answer: %s\n\n", t.style(dim, "<"), safe(e.Error))
		return
	}
	t.printf("  %s %d\n", t.style(dim, "<"), e.Response.Status)
	printFields(t, "<", e.Response.Header)
	t.printf("\n")
}

func plainNumber(n int) string { return string(rune('0'+n%10)) + "." }

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len(s)))
}

// maxFields bounds how many header lines are printed.
const maxFields = 40

func printFields(t terminal, mark string, fields browsermodel.Fields) {
	shown := 0
	for _, f := range fields {
		if mark == "<" && !relevant(f.Name) || strings.EqualFold(f.Name, "Accept") {
			continue // every browser sends Accept
		}
		if shown == maxFields {
			t.printf("  %s ... and more lines\n", t.style(dim, mark))
			return
		}
		shown++
		t.printf("  %s %s: %s\n", t.style(dim, mark), safe(f.Name), safe(f.Value))
	}
}

// relevant reports whether a header of an answer has to do with CORS.
func relevant(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "vary", "location", "allow", "www-authenticate", "content-type":
		return true
	}
	return strings.HasPrefix(name, "access-control-")
}

// printVerdict prints what comes of the fetch.
func printVerdict(t terminal, v verdict, fix string) {
	word, how := "refused", red
	if v.Allowed {
		word, how = "allowed", green
	}
	where := ""
	if v.AtPreflight {
		where = ": the request is never sent"
	}
	t.printf("%s %s (%s)%s\n", t.style(how, word+":"), v.Text, v.Code, where)
	if fix != "" {
		t.printf("%s %s\n", t.style(bold, "fix:"), fix)
	}
}
