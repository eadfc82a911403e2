package realbrowser

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

// The tables about browsers in docs/proof.md come from the tables here, which other
// tests compare with the browsers.

var update = flag.Bool("update", false, "write the tables in docs/proof.md")

const proofPage = "../../docs/proof.md"

// TestProof compares the tables of the page with those here. With -update it writes them.
func TestProof(t *testing.T) {
	b, err := os.ReadFile(proofPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for name, table := range map[string]string{
		"calibration":   calibrationTable(),
		"disagreements": disagreementTable(),
		"cases":         casesTable(),
		"preflights":    preflightTable(),
	} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
		i, j := strings.Index(page, begin), strings.Index(page, end)
		if i < 0 || j < i {
			t.Fatalf("%s has no place for the table %q: want lines %q and %q", proofPage, name, begin, end)
		}
		i += len(begin)
		if is := strings.Trim(page[i:j], "\n"); is == strings.Trim(table, "\n") {
			continue
		} else if !*update {
			t.Errorf("%s: the table %q is out of date: run \"go test ./conformance/realbrowser -run TestProof "+
				"-update\"\ngot:\n%s\nwant:\n%s",
				proofPage, name, is, table)
			continue
		}
		page = page[:i] + "\n" + strings.Trim(table, "\n") + "\n\n" + page[j:]
	}
	if *update && page != string(b) {
		if err := os.WriteFile(proofPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// versions are the versions that the tables were made with, by engine.
var versions = map[string]string{"chromium": seenChromium, "firefox": seenFirefox, "webkit": seenWebKit}

// short returns a version without the system that it was built on.
func short(version string) string {
	version, _, _ = strings.Cut(version, " built on ")
	return version
}

// asked returns the groups of the probes, how many probes each group has, and the IDs of
// all judgments by group.
func asked() (groups []string, answers map[string]int, ids map[string][]string) {
	answers, ids = make(map[string]int), make(map[string][]string)
	for _, p := range probes() {
		group, _, _ := strings.Cut(p.id, "/")
		if answers[group] == 0 {
			groups = append(groups, group)
		}
		answers[group]++
		ids[group] = append(ids[group], p.id)
		if p.expand(0, pageA, []string{"https://0", "https://1"}).askedTwice() {
			ids[group] = append(ids[group], p.id+bySuffix)
		}
	}
	return groups, answers, ids
}

// calibrationTable says how many answers are judged, and in how many judgments each
// engine disagrees with its model.
func calibrationTable() string {
	groups, answers, ids := asked()
	var b strings.Builder
	fmt.Fprintf(&b, "| answers about | answers | judged | %s |\n|---|---|---|---|---|---|\n",
		strings.Join([]string{short(seenChromium), short(seenFirefox), short(seenWebKit)}, " | "))
	row := func(name string, n ...int) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, n := range n {
			fmt.Fprintf(&b, " %d |", n)
		}
		b.WriteString("\n")
	}
	sum := make([]int, 2+len(Engines()))
	for _, group := range groups {
		numbers := []int{answers[group], len(ids[group])}
		for _, e := range Engines() {
			known, n := deviationsOf(&Session{Engine: e}), 0
			for _, id := range ids[group] {
				if known.find(id) != nil {
					n++
				}
			}
			numbers = append(numbers, n)
		}
		row(group, numbers...)
		for i := range sum {
			sum[i] += numbers[i]
		}
	}
	row("all", sum...)
	return b.String()
}

// disagreementTable is the list of deviations.
func disagreementTable() string {
	var b strings.Builder
	b.WriteString("| engine, version | judgments | where | why |\n|---|---|---|---|\n")
	_, _, ids := asked()
	for _, d := range deviations {
		known := &knownDeviations{list: deviationsBy(d.engine), found: make(map[string]bool)}
		n := 0
		for _, group := range ids {
			for _, id := range group {
				if found := known.find(id); found != nil && slices.Equal(found.probes, d.probes) && found.reason == d.reason {
					n++
				}
			}
		}
		var where []string
		for _, probes := range d.probes {
			if prefix, ok := strings.CutSuffix(probes, " *"); ok {
				probes = prefix + " …"
			}
			where = append(where, code(strings.TrimSuffix(probes, "*")))
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", short(d.version), n, strings.Join(where, ", "), cell(d.reason))
	}
	return b.String()
}

func deviationsBy(engine string) []deviation {
	return slices.DeleteFunc(slices.Clone(deviations), func(d deviation) bool { return d.engine != engine })
}

// code and cell escape text for a table.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", `\|`).Replace(s) + "`"
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "*", `\*`).Replace(s) }

// pageCases has the number of cases that run in pages of an engine, and the number that
// are left out, by reason.
type pageCases struct {
	run  int
	left map[string]int
}

var casesInPages = func() map[string]pageCases {
	all := func(run, noDocument int) pageCases {
		return pageCases{run, map[string]int{
			"no document has the origin": noDocument,
			"it sends only bytes":        109, "it repeats requests of other cases": 81,
			"no browser sends the request": 43, "its policies must be refused": 20,
			"browsers are tested with HTTP/1.1": 8, "it needs a shared cache between browser and server": 7,
			"the client must act while it reads": 2, "it takes too long in real time": 1, "no other case may run at the same time": 1,
		}}
	}
	return map[string]pageCases{"chromium": all(181, 75), "firefox": all(171, 85), "webkit": all(186, 70)}
}()

// TestConformance runs the suite, and counts the cases that pages can run.
func TestConformance(t *testing.T) {
	steps := maxSteps(t)
	cases := thinned(conformance.Cases(), steps)
	origins := originsOf(cases)
	Each(t, func(t *testing.T, s *Session) {
		inPage, left := s.inPages(t, cases, origins)
		if steps == wholeSteps {
			s.checkCounts(t, len(inPage), left)
		}
		s.runCases(t, []Subject{{Name: "corshttp", Mount: mountCorshttp, XHR: true}}, inPage)
	}, origins...)
}

// checkCounts compares how many cases run in pages, and how many are left out, with the table.
func (s *Session) checkCounts(t *testing.T, run int, left map[string]int) {
	t.Helper()
	report := t.Logf // other versions may support other origins
	if s.Version == versions[s.Engine.Name] {
		report = t.Errorf
	}
	want := casesInPages[s.Engine.Name]
	if run != want.run || !maps.Equal(left, want.left) {
		report("%d cases run in a page, left out are %s; the table has %d and %s", run, counts(left), want.run, counts(want.left))
	}
}

func mountCorshttp(s conformance.Setup) (*conformance.Server, error) {
	s.App.ModifyResponse = corshttp.StripUpstream
	return conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		engine, err := s.Engine()
		if err != nil {
			return nil, err
		}
		return corshttp.Middleware(engine, corshttp.Options{KeepVary: s.KeepVary}), nil
	})(s)
}

// casesTable says how many cases run in pages of each engine.
func casesTable() string {
	var b strings.Builder
	b.WriteString("| cases of the suite |")
	reasons := make(map[string]bool)
	for _, e := range Engines() {
		fmt.Fprintf(&b, " %s |", short(versions[e.Name]))
		for why := range casesInPages[e.Name].left {
			reasons[why] = true
		}
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Engines())) + "\n")
	row := func(name string, count func(pageCases) int) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, e := range Engines() {
			fmt.Fprintf(&b, " %d |", count(casesInPages[e.Name]))
		}
		b.WriteString("\n")
	}
	row("run in a page", func(c pageCases) int { return c.run })
	for _, why := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		if d := casesInPages[Chromium().Name].left[b] - casesInPages[Chromium().Name].left[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	}) {
		row("left out: "+why, func(c pageCases) int { return c.left[why] })
	}
	row("all", func(c pageCases) int {
		n := c.run
		for _, left := range c.left {
			n += left
		}
		return n
	})
	return b.String()
}
