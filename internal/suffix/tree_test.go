package suffix_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/corskit/corskit/internal/suffix"
)

var update = flag.Bool("update", false, "write tree.txt")

// TestTree compares tree.txt with the rules of the version of golang.org/x/net that
// go.mod requires, and with shared.txt.
func TestTree(t *testing.T) {
	want := renderTree(listRules(t), sharedHosts(t))
	if *update {
		if err := os.WriteFile("tree.txt", want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("tree.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("tree.txt is not up to date; run: go test ./internal/suffix -run TestTree -update")
	}
}

// rule is a rule of the public suffix list.
type rule struct {
	text  string // such as "co.uk", "*.ck" or "!www.ck"
	icann bool
}

// listRules reads the rules that golang.org/x/net/publicsuffix was generated from.
// They are in a test of that package.
func listRules(t *testing.T) []rule {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		t.Fatalf("go list -m golang.org/x/net: %v", err)
	}
	name := filepath.Join(strings.TrimSpace(string(dir)), "publicsuffix", "table_test.go")
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	icann := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		switch value := spec.Values[0].(type) {
		case *ast.BasicLit:
			if spec.Names[0].Name == "numICANNRules" {
				icann, _ = strconv.Atoi(value.Value)
			}
		case *ast.CompositeLit:
			if spec.Names[0].Name != "rules" {
				break
			}
			for _, e := range value.Elts {
				text, _ := strconv.Unquote(e.(*ast.BasicLit).Value)
				rules = append(rules, rule{text, len(rules) < icann})
			}
		}
		return false
	})
	if icann == 0 || len(rules) <= icann {
		t.Fatalf("%s has %d rules, %d of them in the ICANN section", name, len(rules), icann)
	}
	return rules
}

// branch is a node of the tree to be written.
type branch struct {
	mark string
	kids map[string]*branch
}

func (b *branch) add(domain, mark string) {
	labels := strings.Split(domain, ".")
	for _, label := range slices.Backward(labels) {
		kid := b.kids[label]
		if kid == nil {
			kid = &branch{"-", make(map[string]*branch)}
			b.kids[label] = kid
		}
		b = kid
	}
	b.mark = mark
}

func (b *branch) write(w *bytes.Buffer, depth int) {
	for _, label := range slices.Sorted(maps.Keys(b.kids)) {
		kid := b.kids[label]
		fmt.Fprintf(w, "%*s%s%s\n", depth, "", kid.mark, label)
		kid.write(w, depth+1)
	}
}

// renderTree returns the contents of tree.txt.
func renderTree(rules []rule, shared []sharedHost) []byte {
	root := &branch{kids: make(map[string]*branch)}
	for _, s := range shared {
		if s.address {
			root.add(s.rule, "@")
		} else {
			root.add(s.rule, "=")
		}
	}
	for _, r := range rules {
		domain, exception := strings.CutPrefix(r.text, "!")
		switch {
		case exception:
			root.add(domain, "!")
		case r.icann:
			root.add(domain, "")
		default:
			root.add(domain, "+")
		}
	}
	w := new(bytes.Buffer)
	fmt.Fprintf(w, "# %s\n# Written by go test ./internal/suffix -update. Do not edit.\n", publicsuffix.List)
	root.write(w, 0)
	return w.Bytes()
}

// TestPublicSuffix compares the tree with golang.org/x/net/publicsuffix, for every
// rule of the list and for domains around it.
func TestPublicSuffix(t *testing.T) {
	rules := listRules(t)
	known := make(map[string]bool)
	for _, r := range rules {
		known[strings.TrimPrefix(r.text, "*.")] = true
	}
	for _, r := range rules {
		domain := strings.NewReplacer("*", "wild", "!", "").Replace(r.text)
		_, parent, _ := strings.Cut(domain, ".")
		for _, host := range []string{domain, "a." + domain, "b.a." + domain, "sibling." + parent, "x" + domain} {
			got, kind := suffix.PublicSuffix(host)
			if kind == suffix.Listed || kind == suffix.Address || host == "sibling." {
				continue // the list does not have it
			}
			want, _ := publicsuffix.PublicSuffix(host)
			if !strings.Contains(want, ".") && !known[want] {
				want = "" // the rule for top-level domains that the list does not know
			}
			if got != want || kind.IsSuffix() != (want != "") {
				t.Errorf("PublicSuffix(%q) = %q, %v; want %q", host, got, kind, want)
			}
			if host == domain && got == domain && (kind == suffix.ICANN) != r.icann {
				t.Errorf("PublicSuffix(%q) = %q, %v; ICANN %t", host, got, kind, r.icann)
			}
			registered, ok := suffix.Registered(host)
			if d, err := publicsuffix.EffectiveTLDPlusOne(host); want != "" && (ok != (err == nil) || registered != d) {
				t.Errorf("Registered(%q) = %q, %t; want %q, %v", host, registered, ok, d, err)
			}
		}
	}
}

// TestNode walks the tree and finds every node again by its labels.
func TestNode(t *testing.T) {
	nodes, rules := 0, 0
	var walk func(n suffix.Node, domain string) (spans bool)
	walk = func(n suffix.Node, domain string) (spans bool) {
		nodes++
		if n.Kind() != suffix.None {
			rules++
		}
		if found, ok := suffix.Find(domain); domain != "" && (!ok || found != n) {
			t.Errorf("Find(%q) = %v, %t; want %v", domain, found, ok, n)
		}
		last := ""
		for kid := range n.Children() {
			if kid.Label() <= last {
				t.Errorf("the children of %q are not sorted: %q after %q", domain, kid.Label(), last)
			}
			last = kid.Label()
			if last == suffix.Wildcard && (!kid.IsLeaf() || !kid.Kind().IsSuffix()) {
				t.Errorf("the wildcard below %q has children, or is not a suffix", domain)
			}
			below := walk(kid, strings.TrimSuffix(last+"."+domain, "."))
			spans = spans || below || kid.Kind().IsSuffix()
		}
		if n.IsLeaf() != (last == "") || n.SpansSuffixes() != spans {
			t.Errorf("%q: IsLeaf %t, SpansSuffixes %t; want %t, %t", domain, n.IsLeaf(), n.SpansSuffixes(), last == "", spans)
		}
		return spans
	}
	walk(suffix.Node{}, "")
	if min := len(listRules(t)) + len(sharedHosts(t)); rules < min || nodes < rules {
		t.Errorf("%d nodes, %d of them rules; want at least %d rules", nodes, rules, min)
	}
}

func TestKinds(t *testing.T) {
	for domain, want := range map[string]suffix.Kind{
		"com": suffix.ICANN, "co.uk": suffix.ICANN, "ck": suffix.None, "anything.ck": suffix.ICANN, "www.ck": suffix.Exception,
		"kawasaki.jp": suffix.None, "x.kawasaki.jp": suffix.ICANN, "city.kawasaki.jp": suffix.Exception,
		"github.io": suffix.Private, "on.aws": suffix.None, "us-east-1.on.aws": suffix.None,
		"lambda-url.us-east-1.on.aws": suffix.Private,
		// The list has *.cloud.int.apple and *.r.cloud.int.apple.
		"cloud.int.apple": suffix.None, "r.cloud.int.apple": suffix.Private, "x.r.cloud.int.apple": suffix.Private,
	} {
		n, ok := suffix.Find(domain)
		if !ok || n.Kind() != want {
			t.Errorf("Find(%q) = kind %v, %t; want %v", domain, n.Kind(), ok, want)
		}
	}
	for _, domain := range []string{"example.com", "a.www.ck", "a.b.ck", "internal", "localhost", ""} {
		if n, ok := suffix.Find(domain); ok {
			t.Errorf("Find(%q) = %v", domain, n)
		}
	}
}

// TestWalkAllocates checks that finding a node does not allocate.
func TestWalkAllocates(t *testing.T) {
	suffix.Find("com")
	if n := testing.AllocsPerRun(100, func() {
		suffix.PublicSuffix("a.lambda-url.us-east-1.on.aws")
		suffix.Registered("app.example.co.uk")
	}); n != 0 {
		t.Errorf("PublicSuffix and Registered allocate %v times", n)
	}
}
