package core_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/internal/suffix"
	"github.com/corskit/corskit/reason"
)

// TestSharedHosts tries a wildcard below every domain of the public suffix list, below
// every parent of one, and below every host that the list lacks. With credentials, New
// refuses each of them and accepts what the error suggests. It also accepts a wildcard
// below a name that one customer has.
func TestSharedHosts(t *testing.T) {
	every := 1
	if testing.Short() {
		every = 10
	}
	for i, d := range allDomains() {
		if i%every == 0 {
			checkShared(t, d.node, d.name)
		}
	}
}

var quotedPattern = regexp.MustCompile(`"(https://[^"]+)"`)

func checkShared(t *testing.T, n suffix.Node, domain string) {
	t.Helper()
	creds := func(origins ...string) core.Policy { return core.Policy{AllowOrigins: origins, AllowCredentials: true} }
	entry := "https://*." + domain
	_, err := core.New(creds(entry))
	if n.Kind() == suffix.Exception {
		if err != nil {
			t.Errorf("%s: %v", entry, err)
		}
		return
	}
	all := slices.Collect(core.PolicyErrors(err))
	if len(all) != 1 || all[0].Reason != reason.PublicSuffix {
		t.Errorf("%s: %v", entry, err)
		return
	}
	suggested := quotedPattern.FindAllStringSubmatch(all[0].Suggestion, -1)
	if len(suggested) == 0 {
		t.Errorf("%s: the suggestion is %s", entry, all[0].Suggestion)
	}
	for _, s := range suggested {
		if e, err := core.New(creds(s[1])); err != nil || len(e.Warnings()) > 0 {
			t.Errorf("%s: the suggested %s is not accepted: %v", entry, s[1], err)
		}
	}
	allowed := creds(entry)
	allowed.DangerouslyAllowPublicSuffixes = true
	e, err := core.New(allowed, core.Policy{AllowOrigins: []string{entry}})
	if err != nil || len(e.Warnings()) == 0 || e.Warnings()[0].Reason != reason.PublicSuffix {
		t.Errorf("%s: with the flag: %v", entry, err)
	}
	if own := "https://*.shop-of-one-customer." + domain; n.Kind().IsSuffix() {
		if child, ok := n.Child("shop-of-one-customer"); ok && child.Kind().IsSuffix() {
			own = "https://*.x.shop-of-one-customer." + domain
		}
		if _, err := core.New(creds(own)); err != nil {
			t.Errorf("%s: %v", own, err)
		}
	}
}

// TestNotShared lists domains of organizations below which strangers have no names.
func TestNotShared(t *testing.T) {
	for _, entry := range []string{
		"https://*.example.com", "https://pr-*.example.com", "https://*-x.example.co.uk", "https://*.google.com",
		"https://*.microsoft.com", "https://*.github.com", "https://*.amazon.com", "https://*.cloudflare.com", "https://*.vercel.com",
		"https://*.my-team.vercel.app", "https://*.a.github.io", "https://*.office.com", "https://*.apple.com", "http://*.localhost:*",
		"https://*.localtest.me", "https://*.lvh.me", "https://*.192.168.1.5.nip.io", "https://*.192-168-1-5.sslip.io",
		"https://*.internal", "https://*.corp.internal",
	} {
		if _, err := core.New(core.Policy{AllowOrigins: []string{entry}, AllowCredentials: true}); err != nil {
			t.Errorf("%s: %v", entry, err)
		}
	}
}

// TestSharedAsExpressions checks that wildcards and expressions with the same meaning
// get the same verdict, around a sample of the domains of the tree.
func TestSharedAsExpressions(t *testing.T) {
	const label = `[a-z0-9_-]+`
	every := 97
	if testing.Short() {
		every = 977
	}
	for i, d := range allDomains() {
		if i%every != 0 {
			continue
		}
		domain := d.name
		end := `\.` + regexp.QuoteMeta(domain)
		for wildcard, expr := range map[string]string{
			"*":       `(` + label + `\.)*` + label,
			"*-x":     label + `-x`,
			"*.own":   `(` + label + `\.)*` + label + `\.own`,
			"*.own-*": `(` + label + `\.)*` + label + `\.own-` + label,
		} {
			var refused [2]bool
			for j, entry := range []string{"https://" + wildcard + "." + domain, "regexp:https://" + expr + end} {
				_, err := core.New(core.Policy{AllowOrigins: []string{entry}, AllowCredentials: true})
				refused[j] = err != nil
			}
			if refused[0] != refused[1] {
				t.Errorf("https://%s.%s: refused %v, as an expression %v", wildcard, domain, refused[0], refused[1])
			}
		}
	}
}

type treeDomain struct {
	name string // with a label in place of a wildcard
	node suffix.Node
}

// allDomains returns the domains of the tree.
func allDomains() (all []treeDomain) {
	var walk func(n suffix.Node, domain string)
	walk = func(n suffix.Node, domain string) {
		for kid := range n.Children() {
			below := strings.TrimSuffix(strings.Replace(kid.Label(), suffix.Wildcard, "wild", 1)+"."+domain, ".")
			all = append(all, treeDomain{below, kid})
			walk(kid, below)
		}
	}
	walk(suffix.Node{}, "")
	return all
}
