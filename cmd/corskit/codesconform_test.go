package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// conformCodes are the codes of conform that are not misreadings of an entry, with what they
// mean and what to do.
var conformCodes = [][3]string{
	{"allows-everyone", "the server allows every origin, with \\*", "list the origins"},
	{"credentials", "requests with credentials are allowed, and the file does not allow them",
		"send `Access-Control-Allow-Credentials` only if the policy has `allow_credentials`"},
	{"methods", "scripts may use methods that the file does not list", "send the policy's list, not what the request asks for"},
	{"request-headers", "scripts may set request headers that the file does not list",
		"send the policy's list, not what the request asks for"},
	{"exposed-headers", "scripts can read response headers that the file does not expose", "expose only those of `expose_headers`"},
	{"private-network", "pages may reach a private network", "omit `Access-Control-Allow-Private-Network`"},
	{"not-rejected", "the file has `reject_disallowed`, but requests from other origins reach the handler", "answer 403 to them"},
	{"unrecognized", "origins that the file lists get the answer for all other origins",
		"compare the origin with each entry, in the file's order"},
	{"preflight-passed-on", "the answers to preflights have no CORS headers that permit anything, as if the handler had written them",
		"answer preflights in the CORS middleware, in front of the handler"},
	{"not-exposed", "scripts cannot read response headers that the file exposes", "list them in `Access-Control-Expose-Headers`"},
	{"private-network-refused", "the file has `allow_private_network`, but the server does not answer the browser's question",
		"send `Access-Control-Allow-Private-Network: true` when a preflight asks"},
	{"header-missing", "a header that the policy sends is missing, and no other code is about it", "send it as the policy does"},
	{"rejected", "requests of other origins are rejected, although the file lets them reach the handler",
		"pass them on, or set `reject_disallowed` in the file"},
	{"max-age", "browsers cache the answer to a preflight for longer or shorter than the file says",
		"send the file's `max_age` in seconds"},
	{"vary-star", "`Vary: *`, so nothing is cached", "send `Vary: Origin`"},
	{"needless-vary", "caches keep a copy for each origin, although all origins get the same headers", "send \\* instead of the origin"},
	{"preflight-vary", "the answer to a preflight depends on headers that Vary does not name",
		"name them in `Vary`, or answer every preflight with the complete list"},
	{"preflight-stored", "the answer to a preflight asks caches to store it", "send `Cache-Control` only with other responses"},
	{"preflight-cookie", "the answer to a preflight sets a cookie", "answer preflights in front of the layer that sets cookies"},
	{"needless-headers", "headers without effect", "omit them"},
}

// conformGroup are the codes of conform that probe does not have.
func conformGroup() codeGroup {
	g := codeGroup{
		title: "Differences that conform finds", fixes: make(map[string]string),
		intro: "`corskit conform` compares a server with a file. It also uses the codes of probe and of the browser, above.",
	}
	add := func(code, text, fix string) { g.codes, g.fixes[code] = append(g.codes, [2]string{code, text}), fix }
	for _, f := range []flaw{
		otherScheme, otherPort, matchesApex, matchesBelow, crossesDots, matchesNothing, oddCharacters, comparesPartly, trailingDot,
		outsidePort, notAnchored, otherRoute,
	} {
		add(f.code, f.text, strings.ReplaceAll(f.fix, "*", "\\*"))
	}
	for _, c := range conformCodes {
		add(c[0], c[1], c[2])
	}
	return g
}

// TestConformCodes checks that docs/codes.md has every code that is written in the source of
// conform.
func TestConformCodes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("conform*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`(?:code:|\.code.*? =|code =|flaw\{) *"([a-z-]+)"`)
	var listed []string
	for _, g := range codeGroups() {
		for _, c := range g.codes {
			listed = append(listed, c[0])
		}
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(text), -1) {
			if found++; !slices.Contains(listed, m[1]) {
				t.Errorf("%s: no meaning of %s for docs/codes.md", name, m[1])
			}
		}
	}
	if found < len(conformCodes) {
		t.Errorf("found only %d codes", found)
	}
}
