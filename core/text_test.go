package core_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// inYAML spells a field as a configuration file does.
func inYAML(name string) string {
	switch name {
	case "AllowOrigins":
		return "allow_origins"
	case "AllowCredentials":
		return "allow_credentials"
	case "AllowMethods":
		return "allow_methods"
	case "AllowHeaders":
		return "allow_headers"
	case "core.NoPreflightCache":
		return "disabled"
	case "Host", "Path", "Routes":
		return strings.ToLower(name)
	default:
		return "<" + name + ">"
	}
}

// TestSpell checks that errors use the Go names of fields, and that Spell replaces
// those names.
func TestSpell(t *testing.T) {
	_, err := core.New(core.Policy{
		Name: "AllowHeaders", AllowOrigins: []string{"*", "AllowOrigins"}, AllowCredentials: true,
		AllowMethods: []string{"AllowMethods,Host"}, MaxAge: -5,
	})
	for e, want := range map[*core.PolicyError][4]string{
		find(err, reason.AnyCredentials): {"AllowCredentials", "allow_credentials", "AllowOrigins", "allow_origins"},
		find(err, reason.MaxAge):         {"core.NoPreflightCache", "use disabled to", "MaxAge", "<MaxAge>"},
	} {
		spelled := e.Spell(inYAML)
		if !strings.Contains(e.Suggestion, want[0]) || !strings.Contains(spelled.Suggestion, want[1]) ||
			strings.Contains(spelled.Suggestion, want[0]) ||
			e.Field != want[2] || spelled.Field != want[3] || spelled.Reason != e.Reason || spelled.Detail != e.Detail {
			t.Errorf("%+v\nis spelled %+v", e, spelled)
		}
	}
	if e := find(err, reason.List).Spell(inYAML); e.Value != "AllowMethods,Host" || e.Policy != "AllowHeaders" {
		t.Errorf("Spell changes what the user wrote: %v", &e)
	}
	if text := err.Error(); strings.Contains(text, "\x00") {
		t.Errorf("a mark is printed: %q", text)
	}
	if e := (core.PolicyError{Field: "AllowMethods", Detail: "d", Suggestion: "s"}).Spell(inYAML); e.Field != "allow_methods" ||
		e.Detail != "d" || e.Suggestion != "s" {
		t.Errorf("an error from elsewhere becomes %+v", e)
	}
}

// TestTextIsOneLine checks that an error stays one line, and that Spell replaces only
// names of fields, whatever an expression contains.
func TestTextIsOneLine(t *testing.T) {
	_, err := core.New(core.Policy{AllowOrigins: []string{"regexp:(\x00AllowHeaders\x00\x1b"}})
	e := find(err, reason.Regexp)
	spelled := e.Spell(inYAML)
	if strings.ContainsFunc(e.Error()+spelled.Error(), unicode.IsControl) || !strings.Contains(spelled.Detail, "AllowHeaders") {
		t.Errorf("%q\nis spelled %q", e.Error(), spelled.Error())
	}
}

func find(err error, reason reason.Reason) *core.PolicyError {
	for e := range core.PolicyErrors(err) {
		if e.Reason == reason {
			return e
		}
	}
	return &core.PolicyError{Detail: "no fault with the reason " + string(reason)}
}

func TestSpellWarning(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: slices.Repeat([]string{"https://a.example"}, 200)})
	ws := e.Warnings()
	last := core.PolicyError(ws[len(ws)-1]).Spell(inYAML)
	if last.Field != "allow_origins" || !strings.Contains(last.Detail, "more of these") {
		t.Errorf("%+v", last)
	}
}

func TestSpellExplanation(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}})
	x := e.Explain(ctx, preflight("https://a.example", "AllowMethods"))
	y := x.Spell(inYAML)
	if !strings.Contains(x.String(), `"AllowMethods" is not in AllowMethods`) ||
		!strings.Contains(y.String(), `"AllowMethods" is not in allow_methods`) {
		t.Errorf("%v\nis spelled\n%v", x, y)
	}
	if x.Hint != `add "AllowMethods" to AllowMethods of policy "default"` ||
		y.Hint != `add "AllowMethods" to allow_methods of policy "default"` {
		t.Errorf("the hint %q is spelled %q", x.Hint, y.Hint)
	}
	if x.Decision != y.Decision || x.Browser != y.Browser {
		t.Error("Spell changes more than texts")
	}
}
