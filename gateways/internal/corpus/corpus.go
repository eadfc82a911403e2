// Package corpus returns the policies that the tests of package gateways export.
package corpus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/corskit/corskit/config"
)

// Policy is a configuration of the corpus.
type Policy struct {
	Name   string // name of a file, or "random-" and a seed
	Config *config.Config
}

// files are configurations elsewhere in this repository.
var files = []string{
	"examples/config/cors.yaml", "cmd/corskit/testdata/conform/cors.yaml", "cmd/corskit/testdata/init/cors.yaml",
	"cmd/corskit/testdata/shadow/cors.yaml", "cmd/corskit/testdata/check/good.yaml", "cmd/corskit/testdata/check/warnings.yaml",
}

// Policies returns configurations of the repository at root, those in testdata/policies, and n
// random ones.
func Policies(root string, n int) (list []Policy, err error) {
	own, err := filepath.Glob(filepath.Join(root, "gateways/testdata/policies/*.yaml"))
	if err != nil || len(own) == 0 {
		return nil, fmt.Errorf("no policies in testdata: %w", err)
	}
	for _, file := range files {
		own = append(own, filepath.Join(root, file))
	}
	for _, file := range own {
		src := config.Files{Dir: filepath.Dir(file)}
		cfg, err := config.Read(context.Background(), src, filepath.Base(file), config.Options{Environ: []string{}})
		if err != nil {
			return nil, err
		}
		list = append(list, Policy{filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file), cfg})
	}
	for seed := range n {
		text := random(rand.New(rand.NewPCG(uint64(seed), 1)))
		cfg, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("random policy %d: %w\n%s", seed, err, text)
		}
		list = append(list, Policy{fmt.Sprintf("random-%d", seed), cfg})
	}
	return list, nil
}

// Parse reads a configuration.
func Parse(text string) (*config.Config, error) {
	return config.Read(context.Background(), config.Static{"cors.yaml": []byte(text)}, "cors.yaml", config.Options{Environ: []string{}})
}

// Entries of random policies.
var (
	exactOrigins = []string{
		"https://app.example.com", "https://example.com", "https://a.b.example.org:8443", "http://localhost:3000",
		"http://127.0.0.1:8080", "http://[::1]:3000", "capacitor://localhost", "chrome-extension://abcdefghijklmnop",
		"https://xn--bcher-kva.example",
		"https://pr-7.example.com", "https://a.example.com",
	}
	wildcards = []string{
		"https://*.example.com", "https://*.example.org:8443", "https://pr-*.example.com", "https://*-team.example.net",
		"https://*.a.example.com",
	}
	portPatterns = []string{"http://localhost:*", "http://localhost:3000-3999", "https://example.com:400-500", "https://*.example.com:*"}
	expressions  = []string{
		`regexp:https://[a-z]+\.example\.com`, `regexp:https://(a|b)\.example\.org(:[0-9]+)?`, `regexp:http://localhost:30[0-9]{2}`,
		`regexp:https?://[a-z0-9-]+\.example\.com`,
	}
)

// random returns a configuration in YAML.
func random(r *rand.Rand) string {
	var b strings.Builder
	n := 1
	if r.IntN(5) == 0 {
		n = 2
	}
	b.WriteString("version: 1\npolicies:\n")
	for i := range n {
		fmt.Fprintf(&b, "  p%d:\n", i)
		randomSettings(r, &b)
	}
	switch {
	case r.IntN(6) > 0:
	case n == 1:
		b.WriteString("routes:\n  - {path: /api/, policies: [p0]}\n")
	case r.IntN(2) == 0:
		b.WriteString("routes:\n  - {path: /public/, policies: [p0]}\n  - {path: /items, policies: [p1]}\n")
	default:
		b.WriteString("routes:\n  - {host: api.example.com, path: /, policies: [p0]}\n  - {path: /, policies: [p1]}\n")
	}
	return b.String()
}

// randomOrigins returns entries of allow_origins.
func randomOrigins(r *rand.Rand, credentials bool) []string {
	var origins []string
	pick := func(from []string, most int) {
		for range r.IntN(most + 1) {
			origins = append(origins, from[r.IntN(len(from))])
		}
	}
	switch k := r.IntN(10); {
	case k == 0 && !credentials:
		origins = []string{"*"}
	case k == 1:
		origins = append(origins, "@loopback")
	case k < 5:
		pick(exactOrigins, 4)
	case k < 7:
		pick(exactOrigins, 2)
		pick(wildcards[:2], 2)
	default:
		pick(exactOrigins, 3)
		pick(wildcards, 2)
		pick(portPatterns, 1)
		pick(expressions, 1)
	}
	return origins
}

func randomSettings(r *rand.Rand, b *strings.Builder) {
	credentials := r.IntN(2) == 0
	origins := randomOrigins(r, credentials)
	list := func(key string, from []string, most int) {
		var names []string
		for range r.IntN(most + 1) {
			names = append(names, fmt.Sprintf("%q", from[r.IntN(len(from))]))
		}
		if len(names) > 0 {
			fmt.Fprintf(b, "    %s: [%s]\n", key, strings.Join(distinct(names), ", "))
		}
	}
	for i, o := range origins {
		origins[i] = fmt.Sprintf("%q", o)
	}
	fmt.Fprintf(b, "    allow_origins: [%s]\n", strings.Join(distinct(origins), ", "))
	list("allow_methods", []string{"PUT", "DELETE", "PATCH", "OPTIONS", "GET", "QUERY", "CHICKEN", "put"}, 4)
	list("allow_headers", []string{"authorization", "content-type", "X-Request-Id", "x-a", "if-match"}, 4)
	list("expose_headers", []string{"etag", "X-Total", "x-b"}, 2)
	switch r.IntN(12) {
	case 0:
		b.WriteString("    allow_headers: [\"*\"]\n")
	case 1:
		b.WriteString("    allow_methods: [\"*\"]\n")
	case 2:
		b.WriteString("    allow_headers: [\"*\", authorization]\n")
	}
	dropRepeatedKeys(b)
	if credentials {
		b.WriteString("    allow_credentials: true\n")
	}
	if r.IntN(2) == 0 {
		fmt.Fprintf(b, "    max_age: %s\n", []string{"10m", "1h", "disabled", "24h"}[r.IntN(4)])
	}
	if r.IntN(12) == 0 {
		b.WriteString("    allow_private_network: true\n")
	}
	if r.IntN(12) == 0 {
		b.WriteString("    reject_disallowed: true\n")
	}
}

// dropRepeatedKeys removes repeated keys from the last policy. It keeps the last one of each.
func dropRepeatedKeys(b *strings.Builder) {
	lines := strings.SplitAfter(b.String(), "\n")
	last := make(map[string]int)
	for i, line := range lines {
		key, _, _ := strings.Cut(line, ":")
		if strings.HasPrefix(key, "  p") {
			clear(last)
		}
		if before, ok := last[key]; ok && strings.HasPrefix(key, "    ") {
			lines[before] = ""
		}
		last[key] = i
	}
	b.Reset()
	b.WriteString(strings.Join(lines, ""))
}

func distinct(list []string) (all []string) {
	seen := make(map[string]bool)
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}
