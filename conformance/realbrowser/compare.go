package realbrowser

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// inModel runs jobs in the model of a browser. It returns the verdicts and all requests
// that the model sent.
func inModel(
	ctx context.Context, profile browsermodel.Profile, transport browsermodel.Transport, jobs []Job,
) (verdicts []browsermodel.Verdict, sent []browsermodel.Request) {
	now := time.Now()
	model := &browsermodel.Browser{Transport: transport, Profile: profile, Now: func() time.Time { return now }}
	for _, job := range jobs {
		now = now.Add(job.Wait)
		f := job.Fetch
		if job.XHR {
			f.Header = combined(f.Header)
		}
		verdict := model.Fetch(ctx, f)
		verdicts = append(verdicts, verdict)
		for _, e := range verdict.Exchanges {
			sent = append(sent, e.Request)
		}
	}
	return verdicts, sent
}

// combined joins the lines with the same name, as setRequestHeader of XMLHttpRequest
// does and fetch() does not.
func combined(header browsermodel.Fields) browsermodel.Fields {
	var c browsermodel.Fields
	for _, line := range header {
		if !c.Has(line.Name) {
			value, _ := header.Get(line.Name)
			c = append(c, browsermodel.Field{Name: line.Name, Value: value})
		}
	}
	return c
}

// differ returns how what a script saw differs from what it sees in the model, or "".
func differ(job Job, got Outcome, v browsermodel.Verdict) string {
	// Browser and model send their requests at different times.
	got.Header = got.Header.Without("Date")
	want := Outcome{Type: v.Type, Status: v.Status, Header: Seen(v.Header.Without("Date")), Body: v.Body}
	if !want.Allowed() {
		want = Outcome{Type: v.Type}
	} else if job.XHR {
		want.Type = TypeXHR
	}
	if got.Type == want.Type && got.Status == want.Status && got.Body == want.Body && slices.Equal(got.Header, want.Header) {
		return ""
	}
	return fmt.Sprintf("the browser says %v\nthe model says %v (%s: %s)", got, want, v.Code, v.Text)
}

// onWire describes requests by what scripts and the Fetch standard determine: method,
// URL, Origin, what the preflight asks for, the headers that the script set, and the
// body.
func onWire(jobs []Job, requests []browsermodel.Request) []string {
	asking := []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}
	names := append(asking, "Content-Type")
	for _, j := range jobs {
		for _, line := range j.Header {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, line.Name) }) &&
				!browsermodel.IsForbiddenRequestHeader(line.Name, line.Value) {
				names = append(names, line.Name)
			}
		}
	}
	var all []string
	for _, r := range requests {
		var b strings.Builder
		u, err := url.Parse(r.URL)
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "%s %s%s", r.Method, browsermodel.OriginOf(r.URL), u.RequestURI())
		described := names
		if r.Method == "OPTIONS" && r.Header.Has("Access-Control-Request-Method") {
			described = asking // browsers differ in the rest of a preflight
		}
		for _, name := range described {
			if value, ok := r.Header.Get(name); ok {
				fmt.Fprintf(&b, " %s=%.300q", strings.ToLower(name), value)
			}
		}
		if r.Body != "" {
			fmt.Fprintf(&b, " body=%.100q", r.Body)
		}
		all = append(all, b.String())
	}
	return all
}

// differOnWire returns how the requests that a browser sent for jobs differ from those
// that the model sent, or "".
func differOnWire(jobs []Job, browser, model []browsermodel.Request) string {
	a, b := onWire(jobs, browser), onWire(jobs, model)
	if slices.Equal(a, b) {
		return ""
	}
	return "the browser sent\n\t" + strings.Join(a, "\n\t") + "\nthe model sent\n\t" + strings.Join(b, "\n\t")
}
