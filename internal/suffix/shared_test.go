package suffix_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/publicsuffix"
)

// sharedHost is an entry of shared.txt.
type sharedHost struct {
	rule    string // such as "nip.io" or "*.cloudapp.azure.com"
	address bool   // names below it contain an IP address
	added   string // the day on which it was added
	source  string
}

// sharedHosts reads shared.txt.
func sharedHosts(t *testing.T) []sharedHost {
	t.Helper()
	data, err := os.ReadFile("shared.txt")
	if err != nil {
		t.Fatal(err)
	}
	var hosts []sharedHost
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("shared.txt:%d: %d fields, want a host, a date and a source", i+1, len(f))
		}
		rules, address := strings.CutPrefix(f[0], "@")
		before, list, _ := strings.Cut(rules, "{")
		list, after, _ := strings.Cut(list, "}")
		for alternative := range strings.SplitSeq(list, ",") {
			hosts = append(hosts, sharedHost{before + alternative + after, address, f[1], f[2]})
		}
	}
	return hosts
}

// TestShared checks the entries of shared.txt. An entry that the public suffix list has
// by now must be removed.
func TestShared(t *testing.T) {
	hosts := sharedHosts(t)
	seen := make(map[string]bool)
	for _, h := range hosts {
		if _, err := time.Parse(time.DateOnly, h.added); err != nil || !strings.HasPrefix(h.source, "https://") {
			t.Errorf("%s: date %q, source %q", h.rule, h.added, h.source)
		}
		host := strings.TrimPrefix(h.rule, "*.")
		if host != strings.ToLower(host) || !strings.Contains(host, ".") || strings.Trim(host, "*.") != host {
			t.Errorf("%s is not a host", h.rule)
		}
		if seen[h.rule] {
			t.Errorf("%s is listed twice", h.rule)
		}
		seen[h.rule] = true
		name := strings.Replace(h.rule, "*", "wild", 1)
		if known, _ := publicsuffix.PublicSuffix(name); known == name {
			t.Errorf("the public suffix list has %s; remove it from shared.txt", h.rule)
		}
	}
}
