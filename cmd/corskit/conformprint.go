package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// print prints the result, and returns the error for its exit status.
func (c *conform) print(cmd *cobra.Command, r *conformed) error {
	var err error
	switch c.format {
	case "json":
		err = printJSON(cmd.OutOrStdout(), r)
	case "junit":
		err = r.junit(cmd.OutOrStdout())
	case "github":
		r.annotate(cmd.OutOrStdout())
	default:
		r.print(out(cmd))
	}
	switch {
	case err != nil:
		return err
	case r.serious():
		return errNo
	case r.Unjudged != "" || r.Requests == 0:
		return errNoAnswer
	}
	return nil
}

// headings are the titles of the sections.
var headings = map[string]string{
	sectionBeyond:  "the server allows what the file does not",
	sectionRefused: "the server refuses what the file allows",
	sectionCaching: "caches",
}

func (r *conformed) print(t terminal) {
	section := ""
	for _, d := range r.Differences {
		if d.Section != section {
			if section != "" {
				t.printf("\n")
			}
			section = d.Section
			t.printf("%s\n", t.style(bold, headings[section]))
		}
		d.print(t)
	}
	if len(r.Differences) > 0 {
		t.printf("\n")
	}
	for _, n := range r.Notes {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
	switch {
	case r.Unjudged != "":
		t.printf("%s %s\n", t.style(yellow, "incomplete:"), r.Unjudged)
	case r.Requests == 0:
		t.printf("%s no request was sent\n", t.style(yellow, "incomplete:"))
	}
	errors := 0
	for _, d := range r.Differences {
		if d.Severity == "error" {
			errors++
		}
	}
	warnings := plural(len(r.Differences)-errors, "warning")
	switch {
	case errors > 0:
		t.printf("%s %s does not do what %s says (%s, %s; %s)\n", t.style(red, "different:"), safe(r.URL), safe(r.File),
			plural(errors, "difference"), warnings, plural(r.Requests, "request"))
	case r.Conforms && r.Requests > 0:
		t.printf("%s %s does what %s says (%s; %s)\n", t.style(green, "conforms:"), safe(r.URL), safe(r.File), warnings,
			plural(r.Requests, "request"))
	}
}

// maxPrinted is the number of examples that are printed for a difference. JSON has up to
// maxExamples.
const maxPrinted = 1

func (d *deviation) print(t terminal) {
	how := red
	if d.Severity != "error" {
		how = yellow
	}
	t.printf("%s %s\n", t.style(how, d.Severity+": "+d.Code+":"), d.Text)
	if n := len(d.all); n > 0 {
		origins := make([]string, len(d.Origins))
		for i, o := range d.Origins {
			origins[i] = safe(o)
		}
		more := ""
		if n > len(origins) {
			more = fmt.Sprintf(" and %d more", n-len(origins))
		}
		t.printf("  %s %s%s\n", t.style(dim, "from"), strings.Join(origins, ", "), more)
	}
	t.printf("  %s %s (%s)\n", t.style(dim, "at"), strings.Join(shownPlaces(d.Places), ", "), plural(d.Requests, "request"))
	for _, x := range d.Examples[:min(len(d.Examples), maxPrinted)] {
		x.print(t)
	}
	t.printf("  %s %s\n", t.style(bold, "fix:"), d.Fix)
}

func shownPlaces(places []string) []string {
	const most = 4
	list := make([]string, 0, most+1)
	for i, p := range places {
		if i == most {
			return append(list, fmt.Sprintf("%d more", len(places)-most))
		}
		list = append(list, safe(p))
	}
	return list
}

func (x witness) print(t terminal) {
	t.printf("  %s %s\n", t.style(cyan, "$"), x.Curl)
	t.printf("    %s %d\n", t.style(dim, "<"), x.Status)
	for i, f := range x.Header.Without("Content-Type") {
		if i == 8 {
			t.printf("    %s ... and more lines\n", t.style(dim, "<"))
			break
		}
		t.printf("    %s %s: %s\n", t.style(dim, "<"), safe(f.Name), safe(f.Value))
	}
	mode := ""
	if x.Credentials {
		mode = ", with credentials"
	}
	t.printf("    %s %s\n", t.style(dim, "the browser"+mode+":"), x.Says)
	if x.Wanted != "" {
		t.printf("    %s %s\n", t.style(dim, "expected:"), x.Wanted)
	}
}

func (r *conformed) annotate(w io.Writer) {
	for _, d := range r.Differences {
		message := d.Text + "; " + d.Fix
		for _, x := range d.Examples[:1] {
			message += "\n" + x.Curl
		}
		annotation(w, d.Severity, "", 0, 0, "CORS: "+d.Code, headings[d.Section]+": "+message)
	}
	if r.Unjudged != "" {
		annotation(w, "warning", "", 0, 0, "CORS: incomplete", r.Unjudged)
	}
}

// The elements of JUnit's reports that test runners read.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
		Out      string      `xml:"system-out,omitempty"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Failure *junitReason `xml:"failure,omitempty"`
		Error   *junitReason `xml:"error,omitempty"`
		Skipped *junitReason `xml:"skipped,omitempty"`
	}
	junitReason struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit prints a report with two suites: one for the requests, and one for what only all
// answers together show, such as a missing Vary.
func (r *conformed) junit(w io.Writer) error {
	requests := junitSuite{Name: "corskit conform " + safe(r.URL) + " " + safe(r.File), Time: fmt.Sprintf("%.3f", r.took.Seconds())}
	reported := make(map[string]bool)
	for _, o := range r.outcomes {
		c := junitCase{Class: safe(o.place.name), Name: safe(o.String())}
		switch {
		case o.failure != "":
			c.Error = &junitReason{Message: o.failure}
			requests.Errors++
		case o.skipped:
			c.Skipped = &junitReason{Message: "not sent: earlier answers imply this one"}
			requests.Skipped++
		case len(o.errors) > 0:
			c.Failure = r.junitFailure(o.errors[0])
			requests.Failures++
			for _, code := range o.errors {
				reported[code] = true
			}
		}
		requests.Cases = append(requests.Cases, c)
	}
	requests.Tests = len(requests.Cases)
	whole := junitSuite{Name: "all answers", Time: "0"}
	var warnings []string
	for _, d := range r.Differences {
		switch {
		case d.Severity != "error":
			warnings = append(warnings, "warning: "+d.Code+": "+d.Text+"\n  fix: "+d.Fix)
		case !reported[d.Code]:
			whole.Cases = append(whole.Cases, junitCase{Class: d.Section, Name: d.Code, Failure: r.junitFailure(d.Code)})
			whole.Failures++
		}
	}
	if len(whole.Cases) == 0 {
		whole.Cases = []junitCase{{Class: sectionCaching, Name: "the answers agree with one another"}}
	}
	whole.Tests, whole.Out = len(whole.Cases), strings.Join(append(warnings, r.Notes...), "\n")
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{requests, whole}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *conformed) junitFailure(code string) *junitReason {
	for _, d := range r.Differences {
		if d.Code != code || d.Severity != "error" {
			continue
		}
		var b strings.Builder
		d.print(terminal{Writer: &b})
		return &junitReason{Type: code, Message: headings[d.Section] + ": " + d.Text, Text: b.String()}
	}
	return &junitReason{Type: code, Message: code}
}
