package migrate

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

var update = flag.Bool("update", false, "write the tables of the guides")

// library is a library that a guide migrates from, and everything that the guide
// says about it.
type library struct {
	guide, module string
	adapter       string // the package that replaces it; empty for corshttp
	ours          func(*testing.T, *core.Engine) *server
	base          core.Policy // the policy that every row starts from
	bare          mount       // the old library with one origin and no other option
	rows          []row
	extra         []probe // in addition to the basket, for every row
	// everywhere lists differences that may occur in every row.
	everywhere []difference
	refusals   []refusal
}

// row is one line of a guide's table of options.
type row struct {
	option  string // as in the old program
	about   string // fields to show although they equal the base
	instead string // what replaces the option, if not a field
	omits   string // fields for lists that allow something when the old program leaves them out
	whole   bool   // show the whole policy, not the changes
	refused bool   // the old library refuses the option, so there is nothing to compare
	note    string
	old     mount
	policy  core.Policy
	extra   []probe // in addition to the basket
	differ  []difference
	wire    bool                                   // show the headers on the wire
	ours    func(*testing.T, *core.Engine) *server // if corskit needs more than the policy
}

type mount func(*testing.T) *server

// difference is a probe with a different outcome for each library, and the reason.
type difference struct{ probe, old, ours, why string }

// alike returns differences with the same outcomes and the same reason.
func alike(old, ours, why string, probes ...string) []difference {
	list := make([]difference, len(probes))
	for i, p := range probes {
		list[i] = difference{p, old, ours, why}
	}
	return list
}

// Reasons that apply to several libraries.
const (
	methodNamed = "For a request with credentials, a literal `*` is the name of a method. " +
		"If credentials are allowed, corskit answers with the requested method."
	headerNamed = "For a request with credentials, a literal `*` is the name of a header. " +
		"If credentials are allowed, corskit echoes the requested names."
	defaultPort = "Any port includes the default port, which browsers omit. " +
		"The old library compares the text, including the colon."
	simpleMethods = "Browsers send GET, HEAD and POST without asking for permission. " +
		"The old library omits the CORS headers, so the browser hides the answer after the handler has run. " +
		"To forbid a method, answer it with 405 in the router."
	nullOrigin = "corskit never calls the function for `null`, because any site can send it from a sandboxed frame. " +
		"`DangerouslyAllowNullOrigin` permits it, without credentials."
	crossesDots = "An asterisk does not match a dot. " +
		"Otherwise, anyone who can name a subdomain could choose one that matches."
	handlerPassed = "Preflights do not reach the handler."
	noRoute       = "The router has no OPTIONS for the path, so its 405 makes the preflight fail. " +
		"Now the middleware answers it."
	unsettable = "Scripts cannot set Origin and Content-Length. They may stay in the list: a warning names them, and responses omit them."
	ownOptions = "This is the script's own OPTIONS, not its preflight, so it reaches the handler."
	onePolicy  = "The policy is the same for every path. " +
		"The preflight succeeds, and the script can read the router's 405."
)

// refusal is a configuration that core.New refuses.
type refusal struct {
	setting string
	old     mount
	probe   probe
	does    string // what the old library does with the probe, or refusesToo
	policy  core.Policy
	reason  reason.Reason
}

func libraries() []library {
	return []library{rsCORS(), jub0bs(), ginContrib(), echoV4(), echoV5(), fiberV2(), fiberV3(), goChi(), gorilla()}
}

func netHTTP(t *testing.T, engine *core.Engine) *server {
	s := &site{}
	return serve(t, s, corshttp.Middleware(engine)(s.mux()))
}

func TestLibraries(t *testing.T) {
	for _, lib := range libraries() {
		t.Run(lib.module, func(t *testing.T) {
			t.Parallel()
			lib.compare(t)
		})
	}
}

func (lib library) compare(t *testing.T) {
	shown := map[difference]bool{}
	for _, r := range lib.rows {
		t.Run(r.option, func(t *testing.T) {
			engine, err := core.New(r.policy)
			if err != nil {
				t.Fatalf("core.New refuses the policy of the guide: %v", err)
			}
			if r.refused {
				if did := (refusal{old: r.old, probe: from(app, "GET")}).tryOld(t); did != refusesToo {
					t.Errorf("the old library accepts the option: %s", did)
				}
				reportUnseen(t, r.differ, nil)
				return
			}
			mountOurs := lib.ours
			if r.ours != nil {
				mountOurs = r.ours
			}
			old, ours := r.old(t), mountOurs(t, engine)
			for _, d := range r.differ {
				if d.why == "" {
					t.Errorf("the difference for %q has no reason", d.probe)
				}
			}
			listed := map[difference]bool{}
			for _, p := range slices.Concat(basket(), lib.extra, r.extra) {
				before, after := old.send(t, p), ours.send(t, p)
				if before == after {
					continue
				}
				here := difference{p.name, before, after, ""}
				switch {
				case lists(r.differ, here):
					listed[here] = true
				case lists(lib.everywhere, here.gist()):
					shown[here.gist()] = true
				default:
					t.Errorf("a difference is not listed: {%q, %q, %q, \"\"},", p.name, before, after)
				}
			}
			reportUnseen(t, r.differ, listed)
		})
	}
	reportUnseen(t, lib.everywhere, shown)
	for _, r := range lib.refusals {
		t.Run("refused: "+r.setting, func(t *testing.T) {
			if did := r.tryOld(t); did != r.does {
				t.Errorf("the old library: %q, want %q", did, r.does)
			}
			if e := r.refused(t); e.Reason != r.reason {
				t.Errorf("core.New refuses it for %s, want %s", e.Reason, r.reason)
			}
		})
	}
}

func (d difference) gist() difference {
	return difference{d.probe, gist(d.old), gist(d.ours), ""}
}

func lists(list []difference, d difference) bool {
	return slices.ContainsFunc(list, func(l difference) bool {
		return l.probe == d.probe && l.old == d.old && l.ours == d.ours
	})
}

func reportUnseen(t *testing.T, list []difference, seen map[difference]bool) {
	for _, d := range list {
		d.why = ""
		if !seen[d] {
			t.Errorf("a listed difference no longer occurs: {%q, %q, %q}", d.probe, d.old, d.ours)
		}
	}
}

const refusesToo = "refuses it too"

func (r refusal) tryOld(t *testing.T) (did string) {
	defer func() {
		if recover() != nil {
			did = refusesToo
		}
	}()
	return r.old(t).send(t, r.probe)
}

func (r refusal) refused(t *testing.T) *core.PolicyError {
	_, err := core.New(r.policy)
	for e := range core.PolicyErrors(err) {
		return e
	}
	t.Fatalf("core.New accepts %s: %v", r.setting, err)
	return nil
}

// TestTables checks that the guides show the tables that TestLibraries uses.
func TestTables(t *testing.T) {
	for _, lib := range libraries() {
		for kind, table := range map[string]string{
			"options":     lib.options(t),
			"differences": lib.differences(),
			"refusals":    lib.refused(t),
			"headers":     lib.headers(t),
			"omissions":   lib.narrower(t),
		} {
			begin, end := fmt.Sprintf("<!-- %s of %s -->\n", kind, lib.module), "<!-- end -->"
			text := read(t, lib.guide)
			head, rest, ok := strings.Cut(text, begin)
			shown, tail, closed := strings.Cut(rest, end)
			switch {
			case !ok || !closed:
				t.Errorf("%s has no markers for the %s of %s", lib.guide, kind, lib.module)
			case shown == table:
			case *update:
				if err := os.WriteFile(lib.guide, []byte(head+begin+table+end+tail), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s: the %s of %s are out of date; run go test . -update", lib.guide, kind, lib.module)
			}
		}
	}
}

func (lib library) options(t *testing.T) string {
	b := newTable("Old", "`core.Policy`", "Note")
	for _, r := range lib.rows {
		cell, err := lib.cell(r)
		if err != nil {
			t.Errorf("%s: %s: %v", lib.module, r.option, err)
		}
		b.row(r.option, cell, r.note)
	}
	return "A row shows what it changes in this policy: " + inCode(settings(lib.base, core.Policy{}, nil)) +
		".\nA `core.Policy{...}` in a row is the whole policy.\n\n" + b.String()
}

func (lib library) differences() string {
	b := newTable("Setting", "Request", "Old", "corskit", "Why")
	add := func(setting string, list []difference) {
		for len(list) > 0 {
			first, probes := list[0], ""
			for len(list) > 0 && list[0].old == first.old && list[0].ours == first.ours && list[0].why == first.why {
				probes += "; " + list[0].probe
				list = list[1:]
			}
			b.row(setting, probes[2:], first.old, first.ours, first.why)
		}
	}
	add("any", lib.everywhere)
	for _, r := range lib.rows {
		add(r.option, r.differ)
	}
	if len(lib.everywhere) == 0 && !slices.ContainsFunc(lib.rows, func(r row) bool { return len(r.differ) > 0 }) {
		return "None.\n"
	}
	return b.String()
}

func (lib library) refused(t *testing.T) string {
	b := newTable("Setting", "Old", "`core.New` says")
	for _, r := range lib.refusals {
		did := r.does
		if did != refusesToo {
			did = "accepts it; " + r.probe.name + ": " + did
		}
		b.row(r.setting, did, "`"+strings.ReplaceAll(r.refused(t).Error(), "`", "'")+"`")
	}
	return b.String()
}

// headers shows the answers to a few requests, even where browsers ignore the
// differences.
func (lib library) headers(t *testing.T) string {
	b := newTable("Request", "Old", "corskit")
	for _, r := range lib.rows {
		if !r.wire {
			continue
		}
		engine, err := core.New(r.policy)
		if err != nil {
			t.Fatal(err)
		}
		old, ours := r.old(t), lib.ours(t, engine)
		for _, p := range []probe{
			rawRequest("preflight for PUT from "+app, "Origin", app, "Access-Control-Request-Method", "PUT"),
			rawRequest("preflight for PATCH and X-Other from "+app, "Origin", app,
				"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "x-other"),
			rawRequest("preflight for PUT from "+other, "Origin", other, "Access-Control-Request-Method", "PUT"),
			rawRequest("GET from "+app, "Origin", app).as("GET"),
			rawRequest("GET from "+other, "Origin", other).as("GET"),
			rawRequest("GET without Origin").as("GET"),
		} {
			b.row(p.name, old.answer(t, p.raw), ours.answer(t, p.raw))
		}
		return "With " + r.option + ":\n\n" + b.String()
	}
	t.Fatalf("%s: no row has wire set", lib.module)
	return ""
}

type table struct{ strings.Builder }

func newTable(columns ...string) *table {
	b := &table{}
	b.row(columns...)
	b.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
	return b
}

func (b *table) row(cells ...string) {
	for _, cell := range cells {
		b.WriteString("| " + strings.ReplaceAll(cell, "|", "\\|") + " ")
	}
	b.WriteString("|\n")
}

func read(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var program = regexp.MustCompile("(?ms)^```(go|golang-before)\n(.*?)^```")

// TestPrograms checks that each guide shows whole programs, as many before as
// after, and that all of them compile.
func TestPrograms(t *testing.T) {
	guides, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	index, dir := read(t, "README.md"), t.TempDir()
	// One package of all programs compiles in the time of one program.
	onePackage := strings.NewReplacer("package main\n", "package programs\n", "func main() {", "func _() {")
	args := []string{"vet"}
	for _, guide := range guides {
		if guide == "README.md" {
			continue
		}
		if !strings.Contains(index, "("+guide+")") {
			t.Errorf("README.md does not link to %s", guide)
		}
		count := map[string]int{}
		for i, m := range program.FindAllStringSubmatch(read(t, guide), -1) {
			count[m[1]]++
			if !strings.HasPrefix(m[2], "package main\n") || strings.Count(m[2], "\nfunc ") != 1 {
				t.Errorf("%s: block %d is not a program of one function, main", guide, i+1)
			}
			file := filepath.Join(dir, fmt.Sprintf("%s-%d.go", strings.TrimSuffix(guide, ".md"), i+1))
			if err := os.WriteFile(file, []byte(onePackage.Replace(m[2])), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, file)
		}
		if count["go"] == 0 || count["go"] != count["golang-before"] {
			t.Errorf("%s has %d programs before and %d after", guide, count["golang-before"], count["go"])
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Errorf("the programs do not compile: %v\n%s", err, out)
	}
}

// TestVersions checks that the guides name the versions that the tests use.
func TestVersions(t *testing.T) {
	mod := read(t, "go.mod")
	for _, lib := range libraries() {
		m := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(lib.module) + ` (v\S+)`).FindStringSubmatch(mod)
		if m == nil {
			t.Errorf("go.mod does not require %s", lib.module)
			continue
		}
		if !strings.Contains(read(t, lib.guide), lib.module+" "+m[1]) {
			t.Errorf("%s does not name %s %s", lib.guide, lib.module, m[1])
		}
	}
}
