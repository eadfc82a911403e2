package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write api/")

// TestAPI checks that api/ lists the exported names, so that a review sees each change.
func TestAPI(t *testing.T) {
	if *update {
		if err := writeAPI("../.."); err != nil {
			t.Fatal(err)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	want, err := apiFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := tracked(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if want[name] == "" && strings.HasPrefix(name, apiDir+"/") {
			t.Errorf("%s: no package has these names; run \"make api\"", name)
		}
	}
	for name, text := range want {
		have, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Errorf("%v; run \"make api\"", err)
			continue
		}
		for _, line := range difference(string(have), text) {
			t.Errorf("%s: %s; if this is meant, run \"make api\"", name, line)
		}
	}
}

// difference returns the lines that only one text has.
func difference(have, want string) (lines []string) {
	old, now := strings.Split(have, "\n"), strings.Split(want, "\n")
	for _, line := range old {
		if !slices.Contains(now, line) {
			lines = append(lines, "gone: "+line)
		}
	}
	for _, line := range now {
		if !slices.Contains(old, line) {
			lines = append(lines, "new: "+line)
		}
	}
	return lines
}

// files is a small repository: a root, a module in x that requires it, a command, and a
// module that is not released.
func files() map[string]string {
	const replaced = "\nreplace example.com/r/x => ../x\n"
	const requires = "\n\ngo 1.26.0\n\nrequire example.com/r v0.1.0\n"
	return map[string]string{
		"go.mod": "module example.com/r\n\ngo 1.26.0\n",
		"go.work": "go 1.26.0\n\nuse (\n\t.\n\t./a\n\t./cmd/c\n\t./t\n\t./x\n)\n\n" +
			"replace example.com/r v0.1.0 => ./\n",
		"CHANGELOG.md":       "# Changelog\n\n## Unreleased\n\n- All of it.\n",
		"LICENSE":            "MIT\n",
		"README.md":          "r\n",
		"r.go":               "package r\n\nfunc F(int) {}\n",
		"internal/i/i.go":    "package i\n\nfunc Hidden() {}\n",
		"a/go.mod":           "module example.com/r/a" + strings.ReplaceAll(requires, "/r v", "/r/x v") + replaced,
		"a/a.go":             "package a\n\nimport _ \"example.com/r/x\"\n",
		"x/go.mod":           "module example.com/r/x" + requires + "\nreplace example.com/r => ../\n",
		"x/x.go":             "package x\n\nimport \"example.com/r\"\n\nfunc X() { r.F(1) }\n",
		"cmd/c/go.mod":       "module example.com/r/cmd/c" + requires,
		"cmd/c/c.go":         command,
		"t/go.mod":           "module example.com/r/t // not released" + requires + "\nreplace example.com/r => ../\n",
		"t/t.go":             "package t\n",
		"x/testdata/go.mod":  "module example.com/other\n",
		"x/testdata/data.go": "package other\n",
	}
}

const command = `package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"example.com/r"
)

func main() {
	r.F(1)
	info, _ := debug.ReadBuildInfo()
	fmt.Println("c "+info.Main.Version+",", runtime.Version())
}
`

// repository makes a repository of these files, committed.
func repository(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	must(t, root, "init", "--quiet", "--initial-branch=main")
	must(t, root, "config", "user.name", "test")
	must(t, root, "config", "user.email", "test@localhost")
	changeFiles(t, root, files)
	return root
}

// changeFiles writes files and commits them.
func changeFiles(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must(t, root, "add", "--all")
	must(t, root, "commit", "--quiet", "-m", "a change")
}

func must(t *testing.T, root string, args ...string) string {
	t.Helper()
	text, err := git(root, args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTag makes releases of a small repository. A version that is too low for the changes
// is refused.
func TestTag(t *testing.T) {
	root := repository(t, files())
	release := func(version, refused string) (said string) {
		t.Helper()
		var out strings.Builder
		err := tag(root, version, &out)
		switch {
		case refused == "" && err != nil:
			t.Fatal(err)
		case refused != "" && (err == nil || !strings.Contains(err.Error(), refused)):
			t.Fatalf("tag %s: %v, want an error with %q", version, err, refused)
		}
		return out.String()
	}
	release("0.1.0", "is not a version such as")
	release("v0.1", "is not a version such as")
	release("v2.0.0", "module paths that end in /v2")
	said := release("v0.1.0", "")
	if !strings.Contains(said, "push --atomic origin HEAD v0.1.0 x/v0.1.0 a/v0.1.0 cmd/c/v0.1.0\n") {
		t.Errorf("the tags are not in the order of requirements:\n%s", said)
	}
	closed := regexp.MustCompile(`## Unreleased\n\n## 0\.1\.0 - \d{4}-\d\d-\d\d\n\n- All`)
	if text := read(t, root, "CHANGELOG.md"); !closed.MatchString(text) {
		t.Errorf("the changelog is\n%s", text)
	}
	release("v0.1.0", "does not follow v0.1.0")

	changeFiles(t, root, map[string]string{"internal/i/i.go": "package i\n", "r.go": "package r\n\nfunc F(int) {}\n\nfunc f() {}\n"})
	release("v0.1.1", "")
	for _, name := range []string{"x/go.mod", "cmd/c/go.mod", "t/go.mod", "go.work"} {
		if text := read(t, root, name); !strings.Contains(text, "example.com/r v0.1.1") || strings.Contains(text, "v0.1.0") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "new.go"), []byte("package r\n\nvar New int\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	release("v0.2.0", "the working tree has changes")
	changeFiles(t, root, nil)
	release("v0.1.2", "example.com/r: compatible: New: added\nv0.1.2 is too low; the changes need v0.2.0")
	release("v0.2.0", "")
	changeFiles(t, root, map[string]string{"x/x.go": "package x\n", "y/y.go": "package y\n\nvar Y int\n"})
	release("v0.2.1", "example.com/r/x: INCOMPATIBLE: X: removed\nexample.com/r/y: compatible: a new package\nv0.2.1 is too low")
	release("v1.0.0-rc.1", "")
	release("v1.0.0", "")
	must(t, root, "rm", "-rq", "y")
	must(t, root, "commit", "-qm", "without y")
	release("v1.1.0", "example.com/r/y: INCOMPATIBLE: the package is gone\nv1.1.0 is too low; the changes need v2.0.0")
}

// TestRehearse runs the whole dry run on a small repository, and retracts a version.
func TestRehearse(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a command for two platforms")
	}
	root, dir := repository(t, files()), t.TempDir()
	var out strings.Builder
	built := []platform{{"windows", "amd64"}, {runtime.GOOS, runtime.GOARCH}}
	if err := rehearse(root, dir, filepath.Join(dir, "dist"), built, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if text := must(t, root, "tag"); text != "" {
		t.Errorf("the dry run left tags: %s", text)
	}
	checkArchives(t, filepath.Join(dir, "dist"), built)
	checkDockerfile(t, filepath.Join(dir, "dist"), built)

	// A bad version is retracted by the next.
	clone := filepath.Join(dir, "clone")
	const reason = "\nretract v0.1.0 // refuses everybody\n"
	for _, name := range []string{"go.mod", "x/go.mod"} {
		changeFiles(t, clone, map[string]string{name: read(t, clone, name) + reason})
	}
	if _, err := tagTree(clone, "v0.1.0"); err == nil || !strings.Contains(err.Error(), "retracts v0.1.0") {
		t.Errorf("a release of a retracted version: %v", err)
	}
	r, err := tagTree(clone, "v0.1.1")
	if err != nil {
		t.Fatal(err)
	}
	proxy := filepath.Join(dir, "proxy")
	if err := r.writeProxy(proxy, "v0.1.1", io.Discard); err != nil {
		t.Fatal(err)
	}
	s, err := newStranger(dir, proxy, r.path)
	if err != nil {
		t.Fatal(err)
	}
	user := filepath.Join(dir, "users", "x")
	offered, err := s.run(user, nil, "list", "-m", "-versions", "example.com/r/x")
	if err != nil || strings.TrimSpace(offered) != "example.com/r/x v0.1.1" {
		t.Errorf("offered %q, %v", offered, err)
	}
	told, err := s.run(user, nil, "list", "-m", "-u", "-f", "{{.Retracted}}", "example.com/r/x")
	if err != nil || !strings.Contains(told, "refuses everybody") {
		t.Errorf("who has the version is told %q, %v", told, err)
	}
}

// checkArchives checks that dist has an archive for each platform, with the binary and
// the documents, and their checksums.
func checkArchives(t *testing.T, dist string, built []platform) {
	t.Helper()
	sums := read(t, dist, "c_0.1.0_checksums.txt")
	if n := strings.Count(sums, "\n"); n != len(built) {
		t.Errorf("%d checksums, want %d:\n%s", n, len(built), sums)
	}
	for _, p := range built {
		name, list := "c_0.1.0_"+p.String()+".tar.gz", tarNames
		if p.os == "windows" {
			name, list = "c_0.1.0_"+p.String()+".zip", zipNames
		}
		if sum := fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(read(t, dist, name))), name); !strings.Contains(sums, sum) {
			t.Errorf("the checksums lack %s", sum)
		}
		want := []string{executable("c", p), "CHANGELOG.md", "LICENSE", "README.md"}
		if got := list(t, filepath.Join(dist, name)); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
}

func tarNames(t *testing.T, name string) (names []string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}

func zipNames(t *testing.T, name string) (names []string) {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	return names
}

// checkDockerfile checks that dist has the files that the Dockerfile copies, for each
// Linux platform.
func checkDockerfile(t *testing.T, dist string, built []platform) {
	t.Helper()
	text := read(t, "../../cmd/corskit/Dockerfile")
	m := regexp.MustCompile(`(?m)^COPY (\S+) /`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the Dockerfile copies nothing:\n%s", text)
	}
	for _, p := range built {
		name := strings.NewReplacer("${TARGETOS}", p.os, "${TARGETARCH}", p.arch, "corskit", "c").Replace(m[1])
		if _, err := os.Stat(filepath.Join(dist, name)); p.os == "linux" && err != nil {
			t.Error(err)
		}
	}
}

// TestSameArchives checks that the same binary yields the same archive.
func TestSameArchives(t *testing.T) {
	root, dir := repository(t, files()), t.TempDir()
	for _, p := range []platform{{"linux", "amd64"}, {"windows", "amd64"}} {
		var texts []string
		for _, dist := range []string{filepath.Join(dir, "1"), filepath.Join(dir, "2")} {
			packer := packer{root: root, dist: dist, name: "c", version: "v1.2.3", time: time.Unix(1e9, 0).UTC()}
			archive, err := packer.pack(filepath.Join(root, "README.md"), p)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, read(t, dist, archive))
		}
		if texts[0] != texts[1] {
			t.Errorf("%v: two archives of the same files differ", p)
		}
	}
}

// TestRefused checks that open refuses repositories whose modules nobody could use.
func TestRefused(t *testing.T) {
	for _, test := range []struct{ name, text, refused string }{
		{"go.mod", "module example.com/r\n\nrequire example.com/r/x v0.1.0\n", "requires itself"},
		{"a/go.mod", "module example.com/a\n", "is example.com/a, not example.com/r/a"},
		{"x/go.mod", "module example.com/r/x\n\nrequire example.com/r/t v0.1.0\n", `whose go.mod says "// not released"`},
		{"x/go.mod", "module example.com/r/x\n\nrequire example.com/r/z v0.1.0\n", "example.com/r/z, which is not in the repository"},
		{"x/go.mod", "go 1.26.0\n", "no module path"},
		{"x/go.mod", "module\n", "x/go.mod:1"},
		{"cmd/c/go.mod", "module example.com/r/cmd/c\n\nreplace example.com/r => ../..\n", "nobody can install it"},
	} {
		changed := maps.Clone(files())
		changed[test.name] = test.text
		if _, err := open(repository(t, changed)); err == nil || !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s\n%s%v, want an error with %q", test.name, test.text, err, test.refused)
		}
	}
	if _, err := open(t.TempDir()); err == nil {
		t.Error("a folder without a module was accepted")
	}
	if err := run(".", []string{"plan", "now"}, io.Discard); err == nil || !strings.Contains(err.Error(), "-help") {
		t.Errorf("an unknown command: %v", err)
	}
}

// TestVersionThatLies checks that checkVersionOf refuses a command that prints another
// version.
func TestVersionThatLies(t *testing.T) {
	liar := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(liar, []byte("#!/bin/sh\necho 'c (devel), go1.26'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := checkVersionOf(liar, "v0.1.0"); err == nil || !strings.Contains(err.Error(), "(devel)") {
		t.Error(err)
	}
}
