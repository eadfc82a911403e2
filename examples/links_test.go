package examples

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// root is the root of the repository.
const root = ".."

// repository is where pages and programs link to, if they cannot link to a file.
const repository = "https://github.com/corskit/corskit/blob/main/"

// TestLinks checks that every link of every page in the repository leads to a file or
// folder, and every anchor to a heading. In Go code, it checks the links to the repository.
// Links to other sites are not followed.
func TestLinks(t *testing.T) {
	links := 0
	for _, page := range files(t, ".md", ".go") {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets(page, string(text)) {
			links++
			if err := follow(page, target); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if links < 300 {
		t.Errorf("found only %d links", links)
	}
}

// files returns the files of the repository with one of the extensions.
func files(t *testing.T, extensions ...string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "testdata" || strings.HasPrefix(name, ".") && name != "..") {
			return fs.SkipDir
		}
		if slices.Contains(extensions, filepath.Ext(path)) {
			rel, err := filepath.Rel(root, path)
			list = append(list, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	link       = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?\s*\)`)
	definition = regexp.MustCompile(`(?m)^\[[^\]]+\]: (\S+)`)
	toSource   = regexp.MustCompile(regexp.QuoteMeta(repository) + `[\w./-]+(?:#[\w-]+)?`)
	fences     = regexp.MustCompile("(?ms)^[ >-]*(```+|~~~+)[^\n]*\n.*?^[ >]*(```+|~~~+) *$")
	codeSpan   = regexp.MustCompile("(?s)(``+).*?``+|`[^`]*`")
)

// targets returns the links of a page. Those of Go code are links to the repository.
func targets(page, text string) (list []string) {
	list = toSource.FindAllString(text, -1)
	if strings.HasSuffix(page, ".go") {
		return list
	}
	prose := fences.ReplaceAllString(text, "")
	// A link may have code in its text, so only the code is removed.
	prose = codeSpan.ReplaceAllStringFunc(prose, func(code string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("[]()", r) {
				return '_'
			}
			return r
		}, code)
	})
	for _, form := range []*regexp.Regexp{link, definition} {
		for _, m := range form.FindAllStringSubmatch(prose, -1) {
			list = append(list, m[1])
		}
	}
	return list
}

// follow reports an error if a link of a page leads nowhere.
func follow(page, target string) error {
	target = strings.TrimPrefix(target, "mailto:")
	local, inRepository := strings.CutPrefix(target, repository)
	if !inRepository {
		if strings.Contains(target, "://") || strings.Contains(target, "@") {
			return nil
		}
		local = target
	}
	file, anchor, _ := strings.Cut(local, "#")
	switch {
	case inRepository:
	case file == "":
		file = page
	default:
		file = filepath.ToSlash(filepath.Join(filepath.Dir(page), file))
	}
	info, err := os.Stat(filepath.Join(root, file))
	if err != nil {
		return fmt.Errorf("link %s: no file %s", target, file)
	}
	if anchor == "" {
		return nil
	}
	if info.IsDir() || filepath.Ext(file) != ".md" {
		return fmt.Errorf("link %s: %s has no anchors", target, file)
	}
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return err
	}
	if !anchors(string(text))[anchor] {
		return fmt.Errorf("link %s: %s has no heading or anchor #%s", target, file, anchor)
	}
	return nil
}

var (
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
	explicit = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
	linkText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	tag      = regexp.MustCompile(`<[^>]+>`)
)

// anchors returns the anchors of a page, as GitHub makes them from its headings.
func anchors(text string) map[string]bool {
	text = fences.ReplaceAllString(text, "")
	found := make(map[string]bool)
	for _, m := range explicit.FindAllStringSubmatch(text, -1) {
		found[m[1]] = true
	}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		title := tag.ReplaceAllString(linkText.ReplaceAllString(m[1], "$1"), "")
		base := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		slug := base
		for i := 1; found[slug]; i++ {
			slug = fmt.Sprintf("%s-%d", base, i)
		}
		found[slug] = true
	}
	return found
}

// TestAnchors checks the anchors that TestLinks expects of headings.
func TestAnchors(t *testing.T) {
	text := "# One `two` *three*\n\n## <a id=\"x\"></a>Four, [five](six)!\n\n```\n# not a heading\n```\n\n## One two three\n"
	want := []string{"one-two-three", "x", "four-five", "one-two-three-1"}
	got := anchors(text)
	for _, anchor := range want {
		if !got[anchor] {
			t.Errorf("no anchor %s", anchor)
		}
	}
	if len(got) != len(want) {
		t.Errorf("anchors %v, want %v", got, want)
	}
	for _, wrong := range []string{"nowhere.md", "#nowhere", "docs#x", "README.md#nowhere", repository + "docs/nowhere.md",
		repository + "docs/codes.md#nowhere"} {
		if follow("README.md", wrong) == nil {
			t.Errorf("no error for %s", wrong)
		}
	}
}
