package migrate

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Form is the form in which a policy is printed.
type Form string

// The forms of a policy.
const (
	YAMLForm Form = "yaml" // a file of package config
	GoForm   Form = "go"   // a core.Policy
)

// Print writes a result as text. style, if not nil, colours a text by its kind: "heading",
// "good", "bad" or "dim".
func (r *Result) Print(w io.Writer, form Form, style func(kind, text string) string) {
	if style == nil {
		style = func(_, text string) string { return text }
	}
	p := page{w, style}
	kind := map[Outcome]string{Translated: "good", Partly: "good"}[r.Outcome]
	if kind == "" {
		kind = "bad"
	}
	in := ""
	if r.Site.Func != "" {
		in = " in " + r.Site.Func
	}
	p.line("%s: %s%s: %s", p.style("heading", r.Site.Pos.String()), r.Site.Library.Name, in, p.style(kind, string(r.Outcome)))
	for _, via := range r.Via {
		p.line("  the options come from %s", via)
	}
	if r.Why != "" {
		p.line("  %s", r.Why)
	}
	if r.Outcome != NoPolicy && r.Outcome != Unread {
		for _, v := range r.Variants {
			p.policy(v, form)
		}
	}
	p.notes(r.Site, r.own())
	if r.Mount != "" && r.Outcome != Unread && r.Outcome != NoPolicy {
		p.heading("mount")
		p.line("    %s", r.Mount)
	}
}

// PrintStanding writes, for each library among the results, the notes that apply to all of its
// configurations.
func PrintStanding(w io.Writer, results []*Result, style func(kind, text string) string) {
	if style == nil {
		style = func(_, text string) string { return text }
	}
	p, seen := page{w, style}, map[*Library]bool{}
	for _, r := range results {
		l := r.Site.Library
		if seen[l] || len(l.Standing) == 0 {
			continue
		}
		seen[l] = true
		p.line("%s", p.style("heading", "every use of "+l.Name))
		p.notes(nil, l.Standing)
		if l.Guide != "" {
			p.line("  more: %s%s", guides, l.Guide)
		}
	}
}

// guides is the URL of the directory of the guides.
const guides = "https://github.com/corskit/corskit/blob/main/docs/migrate/"

type page struct {
	w      io.Writer
	colour func(kind, text string) string
}

// styled is text that may have escape sequences for colours.
type styled string

func (p page) style(kind, text string) styled { return styled(p.colour(kind, printable(text))) }

// line writes a line. It escapes text from the program, which could otherwise control the terminal.
func (p page) line(format string, args ...any) {
	for i, arg := range args {
		if _, ok := arg.(styled); !ok {
			args[i] = printable(fmt.Sprint(arg))
		}
	}
	fmt.Fprintf(p.w, format+"\n", args...)
}

// printable escapes what a terminal could interpret as a command.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' || unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

func (p page) heading(text string) { p.line("  %s", p.style("heading", text)) }

// policy writes a variant.
func (p page) policy(v *Variant, form Form) {
	title := "policy"
	if len(v.When) > 0 {
		title += " if " + strings.Join(v.When, " and ")
		if form == YAMLForm && v.Profile != "" {
			title += ", for cors." + v.Profile + ".yaml with CORS_PROFILE=" + v.Profile
		}
	}
	p.heading(title)
	text := v.YAML()
	if form == GoForm {
		text = v.Go()
	}
	for line := range strings.Lines(text) {
		p.line("    %s", strings.TrimRight(line, "\n"))
	}
	for _, fault := range v.Faults {
		p.line("    %s", p.style("bad", fault))
	}
	for i, k := range v.Kept {
		if len(v.When) > 0 {
			break // the kept parts are as in the first policy
		}
		if i == 0 {
			p.heading("stays code")
		}
		p.line("    %s: %s", k.Field, inText(k.whole()))
		p.line("      %s: %s", k.Pos, k.Why)
		if k.Variable != "" {
			p.line("      in a file, the variable %s can set it", k.Variable)
		}
	}
}

// notes writes the notes in the order of their importance, each once.
func (p page) notes(s *Site, notes []Note) {
	seen := map[string]bool{}
	section := func(title string, has func(Note) bool) {
		first := true
		for _, n := range notes {
			if seen[n.Text] || !has(n) {
				continue
			}
			seen[n.Text] = true
			if first {
				p.heading(title)
				first = false
			}
			p.line("    %s%s", place(s, n), n.Text)
		}
	}
	section("wider for browsers", func(n Note) bool { return n.Change == Wider })
	section("refused now", func(n Note) bool { return n.Change == Narrower })
	section("was wrong before", func(n Note) bool { return n.Wrong })
	section("works now, or is answered by the application", func(n Note) bool { return n.Change == Fixed })
	section("notes", func(Note) bool { return true })
}

// place returns the position of a note, if it is not that of the site.
func place(s *Site, n Note) string {
	if n.Pos.Line == 0 || s == nil || n.Pos == s.Pos {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", n.Pos.Filename, n.Pos.Line)
}
