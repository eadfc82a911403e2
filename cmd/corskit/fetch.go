package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// script holds the flags that describe a script's fetch. explain and probe share
// them.
type script struct {
	origin      string
	method      string
	headers     []string
	credentials bool
	browser     string

	preflight bool   // whether the browser has sent a preflight, although the message does not say why
	guess     string // describes the assumed fetch, if a message names neither method nor headers
}

func (s *script) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.origin, "origin", "o", "", "the origin of the page, e.g. https://app.example.com (required, unless a message names it)")
	f.StringVarP(&s.method, "method", "X", "GET", "the method that the script uses")
	f.StringArrayVarP(&s.headers, "header", "H", nil, `a header that the script sets, "Name: value" or "Name"; may be repeated`)
	f.BoolVar(&s.credentials, "credentials", false, "send cookies: fetch(url, {credentials: \"include\"})")
	f.StringVar(&s.browser, "browser", "spec", "the rules to follow: spec (the Fetch standard), chromium, firefox or webkit")
	complete(cmd, "browser", "spec", "chromium", "firefox", "webkit")
	complete(cmd, "method", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}

var profiles = map[string]browsermodel.Profile{
	"spec": browsermodel.Spec(), "chromium": browsermodel.Chromium(), "firefox": browsermodel.Firefox(), "webkit": browsermodel.WebKit(),
}

// fetch returns the script's fetch of url, and notes on how a browser changes it.
func (s *script) fetch(url string) (f browsermodel.Fetch, notes []string, err error) {
	if err := oneOf("browser", s.browser, "spec", "chromium", "firefox", "webkit"); err != nil {
		return f, nil, err
	}
	if s.origin == "" {
		return f, nil, usagef("--origin is required: the origin of the page, e.g. https://app.example.com")
	}
	if strings.ContainsAny(s.origin, "\x00\r\n") {
		return f, nil, usagef("--origin %s has a character that is not allowed in a header", safe(s.origin))
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
	f.UploadListeners = s.preflight && !f.NeedsPreflight() // upload listeners force a preflight
	return f, append(notes, s.notes()...), nil
}

// notes says how browsers treat the method and the origin.
func (s *script) notes() (notes []string) {
	if normal := browsermodel.NormalizeMethod(s.method); normal != s.method {
		notes = append(notes, "browsers send the method "+safe(s.method)+" as "+normal)
	} else if upper := strings.ToUpper(s.method); upper != s.method {
		notes = append(notes, "methods are case-sensitive, and browsers do not change "+safe(s.method)+"; did you mean "+safe(upper)+"?")
	}
	if fault := originFault(s.origin); fault != "" {
		if meant := spelling(s.origin); meant != "" {
			fault += "; did you mean " + safe(meant) + "?"
		}
		notes = append(notes, fault)
	}
	return notes
}

// originFault says why no page has an origin. It returns "" if a page may have it.
func originFault(origin string) string {
	switch {
	case origin == "null":
		return ""
	case strings.Contains(origin, "*"):
		return safe(origin) + " is a pattern, not the origin of a page: name an origin that it matches"
	case webURL(origin) != "":
		return "no page has the scheme of " + safe(origin)
	case browsermodel.OriginOf(origin) != origin:
		return "browsers never send the origin " + safe(origin)
	}
	return ""
}

// exampleValue returns a value for a header that is given without one. For Content-Type it
// returns the type of JSON: people usually mean that, and unlike the types of forms it needs a
// preflight.
func exampleValue(name string) string {
	if strings.EqualFold(name, "content-type") {
		return "application/json"
	}
	return "x"
}

// likeHTTP matches the beginning of a URL whose scheme consists of the letters of https.
var likeHTTP = regexp.MustCompile(`^[htps]{3,7}:/*`)

// webURL returns the URL that is meant if the scheme of s is a misspelled http or https, or
// "".
func webURL(s string) string {
	begin := likeHTTP.FindString(s)
	switch name, _, _ := strings.Cut(begin, ":"); {
	case name == "http" || name == "https" || !strings.HasPrefix(name, "ht") && !strings.Contains(name, "tp"):
		return ""
	case strings.Contains(name, "s"):
		return "https://" + s[len(begin):]
	}
	return "http://" + s[len(begin):]
}

// spelling guesses which origin s means, or returns "".
func spelling(s string) string {
	if strings.Contains(s, "*") {
		return ""
	}
	s = strings.TrimSpace(s)
	switch scheme, _, ok := strings.Cut(strings.ToLower(s), ":"); {
	case scheme == "null", ok && slices.Contains([]string{"file", "data", "about"}, scheme):
		return "null" // pages at such URLs have an opaque origin
	}
	if meant := webURL(strings.ToLower(s)); meant != "" {
		return spelling(meant)
	}
	urls := []string{s}
	if !strings.Contains(s, "://") {
		scheme := "https://"
		if host, _, _ := strings.Cut(s, ":"); isLoopback(host) {
			scheme = "http://"
		}
		urls = append(urls, scheme+strings.TrimPrefix(s, "//"))
	}
	for _, url := range urls {
		if o := browsermodel.OriginOf(url); o != "null" {
			return o
		}
	}
	return ""
}

// exchange is a request and its answer in the JSON output.
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

// verdict is a browser's verdict in the JSON output.
type verdict struct {
	Allowed     bool                `json:"allowed"`
	Code        string              `json:"code"`
	Text        string              `json:"text"`
	AtPreflight bool                `json:"atPreflight,omitempty"`
	Readable    browsermodel.Fields `json:"readable,omitempty"`

	guess string // that of the script
}

func verdictOf(v browsermodel.Verdict) verdict {
	return verdict{
		Allowed: v.Allowed, Code: string(v.Code), Text: v.Text, AtPreflight: v.AtPreflight, Readable: v.Header,
	}
}

func (e exchange) title() string {
	if e.Preflight {
		return "the preflight: the browser asks for permission"
	}
	return "the request"
}

// printExchange prints a request, the reasons for its answer, and the answer.
func printExchange(t terminal, number int, e exchange) {
	t.printf("%s\n", t.style(bold, strconv.Itoa(number)+". "+e.title()))
	t.printf("  %s %s %s\n", t.style(dim, ">"), safe(e.Request.Method), safe(e.Request.URL))
	printFields(t, ">", e.Request.Header)
	for _, s := range e.Steps {
		t.printf("    %s %s\n", t.style(cyan, t.code(s.Code))+padded("", 24-len(s.Code)), s.Text)
	}
	if e.Error != "" {
		t.printf("  %s no answer: %s\n\n", t.style(dim, "<"), safe(e.Error))
		return
	}
	t.printf("  %s %d\n", t.style(dim, "<"), e.Response.Status)
	printFields(t, "<", e.Response.Header)
	t.printf("\n")
}

// padded adds spaces to s up to width.
func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len(s)))
}

// maxFields is the largest number of header lines to print.
const maxFields = 40

func printFields(t terminal, mark string, fields browsermodel.Fields) {
	shown := 0
	for _, f := range fields {
		if mark == "<" && !relevant(f.Name) || strings.EqualFold(f.Name, "Accept") {
			continue // every browser sends Accept, and it never matters
		}
		if shown == maxFields {
			t.printf("  %s ... and more lines\n", t.style(dim, mark))
			return
		}
		shown++
		t.printf("  %s %s: %s\n", t.style(dim, mark), safe(f.Name), safe(f.Value))
	}
}

// relevant reports whether a response header matters to CORS.
func relevant(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "vary", "location", "allow", "www-authenticate", "content-type":
		return true
	}
	for sent := range core.ResponseHeaders() {
		if strings.EqualFold(name, sent) {
			return true
		}
	}
	return strings.HasPrefix(name, "access-control-")
}

// printVerdict prints the result of the fetch and, after label, its fix. It omits the link to
// the explanation of the code if m, which may be nil, has printed one.
func printVerdict(t terminal, v verdict, label, fix string, m *message) {
	word, how := "refused", red
	if v.Allowed {
		word, how = "allowed", green
		if v.guess != "" {
			word += ", " + v.guess
		}
	}
	if v.Code == codeBusy {
		word, how = "not judged", yellow
	}
	where := ""
	if v.AtPreflight {
		where = ": the request is never sent"
	}
	t.printf("%s %s (%s)%s\n", t.style(how, word+":"), v.Text, t.code(v.Code), where)
	if fix != "" {
		t.printf("%s %s\n", t.style(bold, label+":"), fix)
	}
	if told := m != nil && string(m.Code) == v.Code; !v.Allowed && v.Code != "" && !told {
		t.printf("%s %s\n", t.style(dim, "see:"), codesURL+v.Code)
	}
}
