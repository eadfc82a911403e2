package core_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestPatternsPage checks every example in the table of docs/patterns.md.
func TestPatternsPage(t *testing.T) {
	text, err := os.ReadFile("../docs/patterns.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]*)`")
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		rows++
		entry := code.FindStringSubmatch(cells[1])[1]
		engine, err := core.New(core.Policy{AllowOrigins: []string{entry}})
		if err != nil {
			t.Error(err)
			continue
		}
		for i, want := range map[int]bool{2: true, 3: false} {
			for _, m := range code.FindAllStringSubmatch(cells[i], -1) {
				if engine.AllowsOrigin(m[1]) != want {
					t.Errorf("%s: AllowsOrigin(%q) is %v", entry, m[1], !want)
				}
			}
		}
	}
	if rows < 10 {
		t.Errorf("only %d rows", rows)
	}
}

// TestOriginsPage checks the error that docs/origins.md shows of a careless function.
func TestOriginsPage(t *testing.T) {
	text, err := os.ReadFile("../docs/origins.md")
	if err != nil {
		t.Fatal(err)
	}
	policy := core.Policy{
		AllowOriginFunc: func(_ context.Context, r core.Request) bool {
			return strings.Contains(r.OriginValue(), "shop.example")
		},
		AllowCredentials: true,
	}
	err = policy.CheckOriginFunc(t.Context(), "https://shop.example")
	if err == nil {
		t.Fatal("no error")
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	if !strings.Contains(string(text), "```\n"+first+"\n```") {
		t.Errorf("the page does not show\n%v", err)
	}
}
