package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// codesPage explains every code that the command and the packages print.
const codesPage = "../../docs/codes.md"

// codeGroup is a table of the page.
type codeGroup struct {
	title, intro string
	files        []string          // whose constants have the codes, each with its meaning as a comment
	types        string            // of the constants
	named        string            // a prefix of the names of the constants; may be empty
	codes        [][2]string       // further codes with their meanings
	fixes        map[string]string // what to do, or nil if the codes need nothing
}

// TestCodesPage checks that docs/codes.md has every code, with its meaning in the source.
func TestCodesPage(t *testing.T) {
	if _, outside := os.Stat("../../go.work"); outside != nil {
		t.Skip("docs/codes.md is outside the module, and .ci/run also tests a copy of the module alone")
	}
	want := codesMarkdown(t)
	if *update {
		if err := os.WriteFile(codesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(codesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run \"go test ./cmd/corskit -run TestCodesPage -update\"", codesPage)
	}
}

func codesMarkdown(t *testing.T) string {
	var b strings.Builder
	b.WriteString(codesIntro)
	seen := make(map[string]bool)
	for _, g := range codeGroups() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", g.title, g.intro)
		if g.fixes == nil {
			b.WriteString("| code | what it means |\n|---|---|\n")
		} else {
			b.WriteString("| code | what it means | what to do |\n|---|---|---|\n")
		}
		used := 0
		for _, c := range append(constants(t, g), g.codes...) {
			anchor := ""
			if !seen[c[0]] {
				anchor = `<a id="` + c[0] + `"></a>`
			}
			seen[c[0]] = true
			fmt.Fprintf(&b, "| %s`%s` | %s |", anchor, c[0], strings.ReplaceAll(c[1], "|", `\|`))
			if g.fixes != nil {
				fix, ok := g.fixes[c[0]]
				if !ok || c[1] == "" {
					t.Errorf("no meaning or fix of %s", c[0])
				}
				used++
				fmt.Fprintf(&b, " %s |", fix)
			} else if c[1] == "" {
				t.Errorf("no meaning of %s", c[0])
			}
			b.WriteString("\n")
		}
		if used != len(g.fixes) {
			t.Errorf("%s: %d fixes for %d codes", g.title, len(g.fixes), used)
		}
	}
	return b.String()
}

// constants returns the codes of constants, with what the comments next to them say.
func constants(t *testing.T, g codeGroup) (codes [][2]string) {
	for _, name := range g.files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || spec.Type == nil || !strings.HasSuffix(typeName(spec.Type), g.types) {
				return true
			}
			value, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, g.named) || has(g.codes, value.Value) {
				return true
			}
			code, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, [2]string{code, strings.TrimSpace(spec.Comment.Text())})
			return true
		})
	}
	if len(g.files) > 0 && len(codes) == 0 {
		t.Errorf("%s: no codes in %v", g.title, g.files)
	}
	return codes
}

func has(codes [][2]string, literal string) bool {
	for _, c := range codes {
		if strconv.Quote(c[0]) == literal {
			return true
		}
	}
	return false
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

const codesIntro = `# Codes

This page lists every code that ` + "`corskit`" + `, ` + "`engine.Explain`" + `, the log, the metrics and the inspector print,
with its meaning and what to do. The codes are stable. In a terminal, the codes that the command prints
are links to this page. If you have a browser's message, start at
[What browsers say about CORS](errors.md); to mount the middleware, at
[Where to mount the middleware](frameworks.md).

` + "`go test ./cmd/corskit -run TestCodesPage -update`" + ` writes this page from the source.
`

// nothingToDo marks codes that need no fix.
const nothingToDo = "nothing"

func codeGroups() []codeGroup {
	probe := codeGroup{title: "Misconfigurations that probe finds", fixes: map[string]string{},
		intro: "`corskit probe` checks any server, whether or not it uses corskit."}
	addProbe := func(code, text, fix string) {
		probe.codes, probe.fixes[code] = append(probe.codes, [2]string{code, text}), fix
	}
	for _, f := range []flaw{reflectsAny, allowsNull, matchesPrefix, matchesSuffix, unescapedDot, allowsHTTP} {
		addProbe(f.code, f.text, f.fix)
	}
	addProbe(missingVary, "Access-Control-Allow-Origin depends on Origin, but the response has no Vary: Origin",
		"send `Vary: Origin` with every response: see [Caches](caches.md)")
	for _, c := range headerChecks {
		addProbe(c.code, probeTexts[c.code], c.fix)
	}
	return []codeGroup{
		{title: "Decisions", intro: "These are in the log, the metrics and the inspector, and in `explain`.",
			files: []string{"../../core/codes.go"}, types: "Code", named: "Code", fixes: decisionFixes},
		{title: "Steps of an explanation", intro: "What `Explain` checks, in order. These are facts, not faults.",
			files: []string{"../../core/codes.go"}, types: "Code", named: "step"},
		{title: "What the browser does, in Explain", intro: "One of these codes ends an explanation, before the hints.",
			files: []string{"../../core/codes.go"}, types: "Code", named: "browser"},
		{title: "Verdicts of the browser", intro: "`corskit explain`, `corskit probe` and the [test suite](testing.md) print these. " +
			"Linked codes have a section on [the browser's messages](errors.md).",
			files: []string{"../../conformance/browsermodel/check.go", "../../conformance/browsermodel/console/causes.go"}, types: "Code",
			codes: [][2]string{{codeBusy, "the server answered with 429, 503 or a firewall's challenge, which says nothing about CORS"}},
			named: "Code", fixes: verdictFixes},
		probe,
		{title: "Faults and warnings of policies",
			intro: "`core.New`, `corskit check` and `engine.Warnings` report these. The message names " +
				"the entry, the reason and what to write instead; corskit accepts what the message suggests. " +
				"[Origins](origins.md) explains the patterns, [Security](security.md) the dangerous settings.",
			files: []string{"../../reason/policy.go"}, types: "Reason"},
		{title: "Faults and warnings of files and variables", intro: "Package `config` and `corskit check` report these, with file, line " +
			"and column. [Policies in files and variables](config.md) has the schema.",
			files: []string{"../../reason/config.go"}, types: "Reason",
			codes: [][2]string{{"empty", "an empty file, entry or name"}, {"syntax", "not YAML, JSON or TOML"},
				{"duplicate", "set twice in one place"}}},
		{title: "Faults of fleets", intro: "Package `fleet` and `corskit fleet` report these, and so does the status of a replica. " +
			"[Fleet](fleet.md) says what to do.",
			files: []string{"../../reason/fleet.go"}, types: "Reason",
			codes: [][2]string{{"too-large", "more bytes than a head or bundle may have"}}},
		conformGroup(),
	}
}

var probeTexts = map[string]string{
	"doubled-header":            "a header has several values: browsers refuse or ignore it",
	"credentials-with-wildcard": "Access-Control-Allow-Origin is \\*, with credentials allowed: browsers refuse requests with credentials",
	"wildcard-not-special":      "a list contains \\*, which is not a wildcard when credentials are allowed",
	"credentials-value":         "Access-Control-Allow-Credentials is not \"true\", so browsers ignore it",
	"max-age-value":             "Access-Control-Max-Age is not a number of seconds",
	"allow-origin-spelling":     "Access-Control-Allow-Origin is almost the origin: browsers compare byte for byte",
	"allow-origin-pattern":      "Access-Control-Allow-Origin is a pattern, which browsers do not support",
}

var decisionFixes = map[string]string{
	"no-route":           "add a route that covers the host and path; without a final slash, a path covers only itself",
	"path-ambiguous":     "request the path in its clean form, without `//`, dot segments and unnecessary escapes",
	"no-origin":          nothingToDo,
	"any-origin":         nothingToDo,
	"origin-allowed":     nothingToDo,
	"origin-func":        nothingToDo,
	"origin-not-allowed": "if the origin is yours, add it to `AllowOrigins`; `Explain` says why no pattern matches",
	"origin-repeated":    "browsers send one Origin line: look for a proxy that adds another",
	"same-origin":        nothingToDo,
	"method-not-echoed":  "list the methods instead of `*`, or look at what the client sends: browsers ask for one short method",
	"headers-not-echoed": "list the headers instead of `*`: then a request may ask for any number of headers",
	"method-not-allowed": "add the method to `AllowMethods`; write `PATCH` in upper case in the script",
	"header-not-allowed": "add the header to `AllowHeaders`; without credentials, `*` does not cover `authorization`",
}

var verdictFixes = map[string]string{
	"ok": nothingToDo, "opaque": nothingToDo, "opaque-redirect": nothingToDo,
	"network":               "[no response at all](errors.md#network)",
	"url":                   "write a whole `http://` or `https://` URL",
	"method-syntax":         "write a method without spaces in the script",
	"method-forbidden":      "use another method: browsers do not send this one",
	"header-syntax":         "write a valid name and value in the script",
	"body":                  "send the body with POST or PUT",
	"same-origin-mode":      "use mode `cors` in the script",
	"no-cors-method":        "use mode `cors` in the script",
	"allow-origin-missing":  "[no Access-Control-Allow-Origin header](errors.md#allow-origin-missing)",
	"allow-origin-multiple": "[the header occurs twice](errors.md#allow-origin-multiple)",
	"allow-origin-wildcard": "[the wildcard with credentials](errors.md#allow-origin-wildcard)",
	"allow-origin-mismatch": "[the header has another value](errors.md#allow-origin-mismatch)",
	"allow-credentials":     "[credentials are not allowed](errors.md#allow-credentials)",
	"preflight-status":      "[the preflight fails](errors.md#preflight-status)",
	"allow-methods-syntax":  "[the header is malformed](errors.md#allow-methods-syntax)",
	"allow-headers-syntax":  "[the header is malformed](errors.md#allow-headers-syntax)",
	"method-not-allowed":    "[the method is not allowed](errors.md#method-not-allowed)",
	"header-not-allowed":    "[a request header is not allowed](errors.md#header-not-allowed)",
	"authorization-listed":  "[list authorization by name](errors.md#authorization-listed)",
	"redirect-refused":      "in the script, use redirect mode `follow` and mode `cors`, or fetch the URL that the redirect leads to",
	"redirect-limit":        "look for a redirect that leads to itself",
	"redirect-url":          "redirect to a valid `http://` or `https://` URL",
	"redirect-credentials":  "[a redirect with a user name](errors.md#redirect-credentials)",
	"preflight-redirect":    "[the preflight is redirected](errors.md#preflight-redirect)",
	"not-http":              "[the URL is not http](errors.md#not-http)",
	"private-network":       "[private networks and localhost](errors.md#private-network)",
	"mixed-content":         "[an https page fetches from http](errors.md#mixed-content)",
	"busy":                  "wait, or limit the rate with `--rate`",
}
