package conformance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
)

// answered is a request that the suite sent, and its outcome.
type answered struct {
	exchange browsermodel.Exchange
	sent     browsermodel.Request // with the token in its URL, as sent
	runs     int                  // -1 if a cache answered, or if there is no token
	probe    *Probe
	token    string
}

func headBytes(r browsermodel.Response) int {
	n := 0
	for _, line := range r.Header {
		n += len(line.Name) + len(": ") + len(line.Value) + len("\r\n")
	}
	return n
}

// corsFields returns the response's Access-Control-* lines, with lower-case names.
func corsFields(r browsermodel.Response) browsermodel.Fields {
	var fields browsermodel.Fields
	for _, line := range r.Header {
		if name := text.Lower(line.Name); strings.HasPrefix(name, "access-control-") {
			fields = append(fields, browsermodel.Field{Name: name, Value: line.Value})
		}
	}
	return fields
}

// members returns the members of a header that holds a comma-separated list,
// in lower case.
func members(r browsermodel.Response, name string) []string { return lowered(exactMembers(r, name)) }

// judge returns what is wrong with an answer. honestHead is the size of the
// header section of the case's first answer.
func (want *Answer) judge(got answered, honestHead int) []string {
	if want == nil {
		return nil
	}
	r := got.exchange.Response
	if want.MayDrop && (got.exchange.Err != "" || slices.Contains([]int{400, 413, 431}, r.Status)) && got.runs == 0 {
		if len(corsFields(r)) > 0 {
			return []string{"the server refused the request, but the response has Access-Control-* headers"}
		}
		return nil
	}
	if got.exchange.Err != "" {
		return []string{"there is no answer: " + text.Clip(got.exchange.Err)}
	}
	wrong := slices.Concat(
		want.judgeHandling(got), want.judgeBody(got), want.judgeLines(r), want.judgeVary(r), want.judgeValues(r),
		want.judgeLists(got.exchange), want.judgeCaching(r),
	)
	if size := headBytes(r); want.MaxGrowth > 0 && size > honestHead+want.MaxGrowth {
		wrong = append(wrong, fmt.Sprintf("the header section has %d bytes, the first step's has %d: want at most %d more",
			size, honestHead, want.MaxGrowth))
	}
	return wrong
}

// judgeHandling judges the status and how often the handler ran.
func (want *Answer) judgeHandling(got answered) (wrong faults) {
	if status := got.exchange.Response.Status; len(want.Status) > 0 && !statusIn(status, want.Status) {
		wrong.addf("the status is %d, want one of %v (a single digit means its hundred)", status, want.Status)
	}
	switch {
	case want.Runs == RunsOnce && got.runs != 1:
		wrong.addf("the handler ran %d times, want once", got.runs)
	case want.Runs == RunsNever && got.runs != 0:
		wrong.addf("the handler ran %d times, want never", got.runs)
	}
	return wrong
}

func (want *Answer) judgeBody(got answered) (wrong faults) {
	body := got.exchange.Response.Body
	if want.Empty && body != "" {
		wrong.addf("the body has %d bytes, want none", len(body))
	}
	if want.Body != "" && body != want.Body {
		wrong.addf("the body is %s, want %s", text.Clip(body), text.Clip(want.Body))
	}
	if want.Echoed {
		wrong = append(wrong, judgeEcho(got.sent, body)...)
	}
	return wrong
}

// judgeLines judges which header lines are present.
func (want *Answer) judgeLines(r browsermodel.Response) (wrong faults) {
	if cors := corsFields(r); want.NoCORS && len(cors) > 0 {
		wrong.addf("the response has %s: %s, want no Access-Control-* header at all", text.Clip(cors[0].Name), text.Clip(cors[0].Value))
	}
	for _, line := range want.Exact {
		if values := r.Header.Values(line.Name); len(values) != 1 || values[0] != line.Value {
			wrong.addf("%s is %s, want exactly one line with %s", line.Name, quoteAll(values), text.Quote(line.Value))
		}
	}
	for _, name := range want.Absent {
		if values := r.Header.Values(name); len(values) > 0 {
			wrong.addf("%s is %s, want it absent", name, quoteAll(values))
		}
	}
	return wrong
}

func (want *Answer) judgeVary(r browsermodel.Response) (wrong faults) {
	vary := members(r, "Vary")
	for _, name := range want.Vary {
		if !slices.Contains(vary, text.Lower(name)) {
			wrong.addf("Vary is %s, want it to name %s", quoteAll(r.Header.Values("Vary")), name)
		}
	}
	for _, name := range want.NotVary {
		if slices.Contains(vary, text.Lower(name)) {
			wrong.addf("Vary is %s, want it not to name %s", quoteAll(r.Header.Values("Vary")), name)
		}
	}
	return wrong
}

// judgeValues judges the form of header values.
func (want *Answer) judgeValues(r browsermodel.Response) (wrong faults) {
	for _, name := range want.Digits {
		if values := r.Header.Values(name); len(values) > 1 || len(values) == 1 && !text.IsDigits(values[0]) {
			wrong.addf("%s is %s, want digits on one line", name, quoteAll(values))
		}
	}
	for _, line := range corsFields(r) {
		if want.NoWildcard && strings.Contains(line.Value, "*") {
			wrong.addf("%s is %s, want no * in any Access-Control-* header", line.Name, text.Quote(line.Value))
		}
	}
	if values := r.Header.Values("Access-Control-Allow-Origin"); want.OriginForm && len(values) > 0 {
		if len(values) > 1 || !isOriginForm(values[0]) {
			wrong.addf("Access-Control-Allow-Origin is %s, want one serialized origin, * or null", quoteAll(values))
		}
	}
	for _, s := range want.Unreflected {
		for _, line := range r.Header {
			if strings.Contains(text.Lower(line.Name+": "+line.Value), text.Lower(s)) {
				wrong.addf("%s echoes %s from the request", text.Clip(line.Name), text.Quote(s))
			}
		}
	}
	return wrong
}

// faults collects what is wrong.
type faults []string

func (f *faults) addf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func statusIn(status int, list []int) bool {
	return slices.Contains(list, status) || slices.Contains(list, status/100)
}

func quoteAll(values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	var quoted []string
	for i, value := range values {
		if i == 4 {
			quoted = append(quoted, fmt.Sprintf("and %d more lines", len(values)-i))
			break
		}
		quoted = append(quoted, text.Quote(value))
	}
	return strings.Join(quoted, " and ")
}

// isOriginForm reports whether value is valid in Access-Control-Allow-Origin.
func isOriginForm(value string) bool {
	if value == "*" || value == "null" {
		return true
	}
	scheme, rest, ok := strings.Cut(value, "://")
	web := scheme == "http" || scheme == "https" // other schemes need no host, as in file://
	if !ok || scheme == "" || web && rest == "" || strings.ContainsAny(value, " ,\t") || strings.ContainsAny(rest, `/?#@\`) {
		return false
	}
	return !(scheme == "http" && strings.HasSuffix(rest, ":80") || scheme == "https" && strings.HasSuffix(rest, ":443"))
}

// judgeEcho compares the request that a handler saw with the one that was sent.
func judgeEcho(sent browsermodel.Request, body string) (wrong faults) {
	var echoed Echoed
	if err := json.Unmarshal([]byte(body), &echoed); err != nil {
		wrong.addf("the body %s is not an Echoed as JSON: %v", text.Clip(body), err)
		return wrong
	}
	if echoed.Method != sent.Method {
		wrong.addf("the handler saw the method %s, want %s as sent", text.Quote(echoed.Method), text.Quote(sent.Method))
	}
	if target := targetOf(sent.URL); echoed.Target != target {
		wrong.addf("the handler saw the target %s, want %s as sent", text.Quote(echoed.Target), text.Quote(target))
	}
	if echoed.Body != sent.Body {
		wrong.addf("the handler saw the body %s, want %s as sent", text.Quote(echoed.Body), text.Quote(sent.Body))
	}
	names := map[string]bool{"origin": true}
	for _, line := range sent.Header {
		if !text.EqualFold(line.Name, "host") && !text.EqualFold(line.Name, "connection") {
			names[text.Lower(line.Name)] = true
		}
	}
	for _, line := range echoed.Header {
		if name := text.Lower(line.Name); strings.HasPrefix(name, "access-control-") {
			names[name] = true
		}
	}
	for name := range names {
		was, saw := trimAll(sent.Header.Values(name)), trimAll(echoed.Header.Values(name))
		if !slices.Equal(was, saw) {
			wrong.addf("the handler saw %s as %s, want %s as sent", name, quoteAll(saw), quoteAll(was))
		}
	}
	slices.Sort(wrong)
	return wrong
}

func targetOf(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Host != "" {
		return u.RequestURI()
	}
	return rawURL
}

func trimAll(values []string) []string {
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Trim(v, " \t")
	}
	return trimmed
}

// Judge returns what is wrong with a browser's verdict on the step's fetch. It
// checks what the step expects of the browser, not what it expects of the
// answers. If the verdict has no Code, as in real browsers, the step's Code is
// not checked.
func (s Step) Judge(v browsermodel.Verdict) []string {
	var wrong faults
	at := ""
	if v.AtPreflight {
		at = ", at the preflight"
	}
	if got := verdictOf(v); s.Verdict != "" && got != s.Verdict {
		wrong.addf("the browser says %s (%s%s: %s), want %s", got, v.Code, at, v.Text, s.Verdict)
	}
	if s.Code != "" && v.Code != "" && v.Code != s.Code {
		wrong.addf("the browser's reason is %s%s (%s), want %s", v.Code, at, v.Text, s.Code)
	}
	if s.Preflights != nil && v.Preflights() != *s.Preflights {
		wrong.addf("the browser sent %d preflights, want %d", v.Preflights(), *s.Preflights)
	}
	for _, name := range s.Readable {
		if !v.Header.Has(name) {
			wrong.addf("the script cannot read %s, but should", name)
		}
	}
	for _, name := range s.Hidden {
		if v.Header.Has(name) {
			wrong.addf("the script can read %s, but should not", name)
		}
	}
	return wrong
}

func verdictOf(v browsermodel.Verdict) Expected {
	switch v.Type {
	case browsermodel.TypeBasic, browsermodel.TypeCORS:
		return Allowed
	case browsermodel.TypeOpaque, browsermodel.TypeOpaqueRedirect:
		return Opaque
	}
	return Refused
}

// judgeVary compares the answers to different requests: if they differ, caches
// must be told which request header makes the difference (RFC 9111, section 4.1).
func judgeVary(answers []answered) []string {
	var wrong faults
	for i, a := range answers {
		for _, b := range answers[:i] {
			if a.exchange.Response.Status == b.exchange.Response.Status &&
				slices.Equal(corsFields(a.exchange.Response), corsFields(b.exchange.Response)) {
				continue
			}
			names := differing(a.exchange.Request.Header, b.exchange.Request.Header)
			for _, answer := range []answered{a, b} {
				vary := members(answer.exchange.Response, "Vary")
				if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(vary, name) }) {
					wrong.addf("two requests that differ in %s have different answers, but the Vary of one is %s\n%s%s",
						strings.Join(names, ", "), quoteAll(answer.exchange.Response.Header.Values("Vary")), a.exchange, b.exchange)
				}
			}
		}
	}
	return wrong
}

// differing returns the lower-case names of the headers in which two requests differ.
func differing(a, b browsermodel.Fields) []string {
	var names []string
	for _, line := range append(a[:len(a):len(a)], b...) {
		name := text.Lower(line.Name)
		if !slices.Contains(names, name) && !slices.Equal(a.Values(name), b.Values(name)) {
			names = append(names, name)
		}
	}
	return names
}
