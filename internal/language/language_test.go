package language_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/internal/language"
	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/internal/suffix"
)

var roundsFlag = flag.Int("rounds", 5000, "compare with brute force this `many` times; a tenth of it with -short")

func numberOfRounds() int {
	if testing.Short() {
		return *roundsFlag / 10
	}
	return *roundsFlag
}

// plenty is a budget of more steps than any question here needs.
const plenty = 1 << 25

func parse(t testing.TB, entry string) *origin.Pattern {
	t.Helper()
	var p origin.Pattern
	if f := origin.ParsePattern(entry, func(q origin.Pattern) { p = q }); f != nil {
		t.Fatalf("%s: %+v", entry, f)
	}
	return &p
}

func TestEmpty(t *testing.T) {
	for entry, empty := range map[string]bool{
		`regexp:https://[a-z]+\.example\.com`:       false,
		`regexp:/^https:\/\/[a-z]+\.example\.com$/`: true,
		`regexp:^https://[a-z]+\.example\.com$`:     false,
		`regexp:https://a$\.example\.com`:           true,
		`regexp:https://^a\.example\.com`:           true,
		`regexp:https://\ba\b\.example\.com`:        false,
		`regexp:https://a\b[a-z]\.example\.com`:     true,
		`regexp:https://a\B[a-z]\.example\.com`:     false,
		`regexp:https://a\B-\.example\.com`:         true,
		`regexp:\bhttps://a\.example`:               false,
		`regexp:\Bhttps://a\.example`:               true,
		`regexp:https://a\.example\b`:               false,
		`regexp:https://a\.example\B`:               true,
		`regexp:https://a\.example-\B`:              false,
		`regexp:https://a\.example:443`:             true,
		`regexp:https://a\.example:80`:              false,
		`regexp:http://a\.example:80`:               true,
		`regexp:x://a\.example:80`:                  false,
		`regexp:https://a\.example:0?[0-9]`:         false,
		`regexp:https://a\.example:0[0-9]`:          true,
		`regexp:https://a\.example:6553[6-9]`:       true,
		`regexp:https://a\.example:6553[5-9]`:       false,
		`regexp:https://a\.example:[0-9]{6}`:        true,
		`regexp:https://A\.example`:                 true,
		`regexp:https://[A-Z]+\.example`:            true,
		`regexp:(?i)HTTPS://A\.EXAMPLE`:             false,
		`regexp:x://A\.example`:                     false,
		`regexp:https://a\.example/`:                true,
		`regexp:https://a\.example/?`:               false,
		`regexp:https://a\.\.example`:               true,
		`regexp:https://\.a`:                        true,
		`regexp:https://a\.`:                        true,
		`regexp:https://user@a\.example`:            true,
		`regexp:https://münchen\.example`:           true,
		`regexp:https://[a-z]{63}\.example`:         false,
		`regexp:https://[a-z]{64}\.example`:         true,
		`regexp:https://([a-z]{50}\.){4}[a-z]{49}`:  false,
		`regexp:https://([a-z]{50}\.){4}[a-z]{50}`:  true,
		`regexp:[a-z]{64}://a`:                      false,
		`regexp:[a-z]{65}://a`:                      true,
		`regexp:1a://a`:                             true,
		`regexp:https://1\.2\.3\.4`:                 false,
		`regexp:https://1\.2\.3\.256`:               true,
		`regexp:https://1\.2\.3\.04`:                true,
		`regexp:https://1\.2\.3`:                    true,
		`regexp:https://1\.2\.3\.4\.5`:              true,
		`regexp:x://1\.2\.3`:                        false,
		`regexp:https://0x7f`:                       true,
		`regexp:https://a\.0x`:                      true,
		`regexp:https://a\.x7f`:                     false,
		`regexp:https://a\.10x7f`:                   false,
		`regexp:https://a\.1f`:                      false,
		`regexp:http://\[::1\]`:                     false,
		`regexp:http://\[0:0:0:0:0:0:0:1\]`:         true,
		`regexp:http://\[1:0:0:2::\]`:               false,
		`regexp:http://\[1:0:0:0:2::3\]`:            true, // another run of zeros is longer
		`regexp:http://\[1:0:0:2:3::4\]`:            true, // the first of the longest runs is another
		`regexp:http://\[1::2:0:0:3\]`:              false,
		`regexp:http://\[1::2:3:4:5:6:7\]`:          true, // "::" for one piece
		`regexp:http://\[1:0:2:3:4:5:6:7\]`:         false,
		`regexp:http://\[1:0::2\]`:                  true,
		`regexp:http://\[1::0:2\]`:                  true,
		`regexp:http://\[01::2\]`:                   true,
		`regexp:http://\[1::2::3\]`:                 true,
		`regexp:http://\[12345::\]`:                 true,
		`regexp:http://\[::ffff:1\.2\.3\.4\]`:       true,
		`regexp:(?m)^https://a\.example$`:           false,
		`regexp:[^\x00-\x{10FFFF}]`:                 true,
		"https://*.example.com:*":                   false,
		"http://localhost:3000-3999":                false,
		"*":                                         false,
	} {
		p := parse(t, entry)
		examples, err := language.Examples(language.NewBudget(plenty), p)
		example, ok, err2 := language.Example(language.NewBudget(plenty), p)
		if err != nil || err2 != nil || (len(examples) == 0) != empty || ok == empty {
			t.Errorf("%s: examples %q, %v; example %q, %v; want empty: %v", entry, examples, err, example, err2, empty)
		}
	}
}

func TestStrangers(t *testing.T) {
	for expr, want := range map[string]bool{
		`https://pr-\d{4}\.vercel\.app`:                            true,
		`https://app[0-9]\.com`:                                    true,
		`https://[b-y]{8}\.com`:                                    true,
		`https://((app|pr-[0-9]+)\.vercel\.app|app\.example\.com)`: true,
		`https://\d+\.\d+\.\d+\.\d+`:                               true,
		`https://*.*.example.org/*`:                                true,
		`.*`:                                                       true,
		`https://app.a.example.com`:                                true, // dots not escaped
		`https://.*example\.com`:                                   true,
		`https://example\.com.*`:                                   true,
		`https://(a\.com|b\.com|c\.com|d\.com|[a-z]+\.xyz)`:        true,
		`https://(` + strings.Repeat(`own\.com|`, 300) + `x.com)`:  true,
		`https://[ab]+\.com`:                                       true,
		`https://(ab)+\.com`:                                       true,
		`https://(a|b){3}\.com`:                                    true,
		`https://[a-z]+`:                                           true,
		`https://[a-z]+\.co\.uk`:                                   true,
		`https://[a-z.]+\.amazonaws\.com`:                          true,
		`https://[a-z]+\.[a-z]+\.ck`:                               true,
		`https://[a-z]+\.ck`:                                       true,
		`https://8\.8\.[0-9]+\.8`:                                  true,
		`https://\[2001:db8::[0-9]+\]`:                             true,
		`https://\[fc::[0-9]+\]`:                                   true, // 00fc::
		`https://(a|z)corp\.com`:                                   false,
		`https://(a|b|c|d|e|f|g)\.com`:                             false,
		`(?i)https://(acorp|zcorp)\.com`:                           false,
		`https://(.*\.)?example\.com`:                              false,
		`https://[a-z0-9-]+\.a\.example\.com`:                      false,
		`https://(a\.com|b\.net)`:                                  false,
		`https://pr-[0-9]+\.example\.org:[0-9]+`:                   false,
		`http://localhost:[0-9]+`:                                  false,
		`https://[a-z]+\.internal`:                                 false,
		`https://[a-z]+\.www\.ck`:                                  false,
		`https://(app|www)\.(example|sample)\.(com|net)`:           false,
		`https://colou?r\.com`:                                     false,
		`https://go{2}gle\.com`:                                    false,
		`http://192\.168\.1\.[0-9]+`:                               false,
		`http://10\.\d+\.\d+\.\d+`:                                 false,
		`http://172\.(1[6-9]|2\d|3[01])\.\d+\.\d+`:                 false,
		`http://172\.(1[6-9]|2\d|3[0-2])\.\d+\.\d+`:                true,
		`http://(127|169\.254|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(\.\d+)+`: false,
		`http://203\.0\.113\.\d+`:                           false,
		`http://\[(fd00|fc12|fe80|febf)::[0-9a-f]+\]`:       false,
		`https://[a-z]{64}\.com`:                            false, // matches nothing
		`vscode-webview://[a-z0-9]{52}`:                     false,
		`https://a\.example\.com((((((((()*)*)*)*)*)*)*)*)`: false,
	} {
		p := parse(t, "regexp:"+expr)
		pair, found, err := language.Strangers(language.NewBudget(plenty), p)
		if err != nil || found != want {
			t.Errorf("%s: %q, %v, %v; want %v", expr, pair, found, err, want)
			continue
		}
		if !found {
			continue
		}
		if !p.Expr.MatchString(pair[0]) || !p.Expr.MatchString(pair[1]) || owner(pair[0]) == owner(pair[1]) {
			t.Errorf("%s: %q do not both match, or have the same owner", expr, pair)
		}
	}
}

func TestCrowd(t *testing.T) {
	for expr, want := range map[string]bool{
		`vscode-webview://[a-z0-9]{52}`: true,
		`(https|x)://[a-z]+\.example`:   true,
		`x://[a-z]+\.example\.com`:      true,
		`https://[a-z]+\.com`:           false,
		`x://(a|b)`:                     false,
		`x://a:[0-9]+`:                  false,
	} {
		pair, found, err := language.ManyHosts(language.NewBudget(plenty), parse(t, "regexp:"+expr))
		if err != nil || found != want {
			t.Errorf("%s: %q, %v, %v; want %v", expr, pair, found, err, want)
		}
	}
}

// owner returns the registered domain or network of an origin. It shares no code with the
// package.
func owner(s string) string {
	o, _ := origin.Parse(s)
	if a, err := netip.ParseAddr(o.Host); err == nil && a.Is4() {
		return o.Host[:strings.LastIndexByte(o.Host, '.')]
	}
	if o.Host[0] == '[' {
		return o.Host
	}
	if _, kind := suffix.PublicSuffix(o.Host); kind == suffix.None {
		return o.Host[strings.LastIndexByte(o.Host, '.')+1:]
	}
	if d, ok := suffix.Registered(o.Host); ok {
		return d
	}
	return o.Host
}

// expressions makes random expressions of the given pieces.
type expressions struct {
	*rand.Rand
	pieces []string
}

func (e expressions) next(depth int) string {
	pick := func(all ...string) string { return all[e.IntN(len(all))] }
	switch {
	case depth == 0 || e.IntN(3) == 0:
		return pick(e.pieces...)
	case e.IntN(3) == 0:
		return "(" + e.next(depth-1) + "|" + e.next(depth-1) + ")"
	case e.IntN(3) == 0:
		return "(?:" + e.next(depth-1) + ")" + pick("?", "*", "+", "{2}", "{0,2}", "{1,}")
	default:
		return e.next(depth-1) + e.next(depth-1)
	}
}

// TestExamplesAgainstBruteForce tries all origins of a small world with random
// patterns. Each combination of patterns that match one of them must have an example, and
// no combination may have two.
func TestExamplesAgainstBruteForce(t *testing.T) {
	rounds := numberOfRounds()
	world := smallWorld("a1.", 4, []string{"http", "https", "x"}, []string{"", ":1", ":80", ":443", ":8080"})
	e := expressions{rand.New(rand.NewPCG(1, 2)), []string{
		"a", "1", `\.`, ".", "[a1]", "[^a]", "[.:/]", "0", "-", ":", ":1", ":80", ":443", ":8080", "[0-9]", `\d+`, `\w`, `\b`, `\B`,
		"^", "$", "()", `[a-z]`,
	}}
	wild := []string{
		"https://*.a", "http://*.1.a:*", "https://a-*.a", "https://*a.a:1-80", "http://a:2-9999", "https://a", "x://a:443",
		"http://1.a:80-8080", "https://*.a*.a",
	}
	undecided := 0
	for round := range rounds {
		var patterns []*origin.Pattern
		var entries []string
		for len(patterns) < 1+e.IntN(3) {
			entry := "regexp:" + []string{"https://", "http://", "x://", "https?://", ".*", "", "[a-z]+://"}[e.IntN(7)] + e.next(3)
			if e.IntN(4) == 0 {
				entry = wild[e.IntN(len(wild))]
			}
			if f := origin.ParsePattern(entry, func(p origin.Pattern) { patterns = append(patterns, &p) }); f == nil {
				entries = append(entries, entry)
			}
		}
		var matches []func(string) bool
		for _, p := range patterns {
			matches = append(matches, matcher(p))
		}
		combination := func(o string) (bits int) {
			for i, m := range matches {
				if m(o) {
					bits |= 1 << i
				}
			}
			return bits
		}
		examples, err := language.Examples(language.NewBudget(plenty), patterns[0], patterns[1:]...)
		if err != nil {
			undecided++
			t.Logf("round %d: %q: %v", round, entries, err)
			continue
		}
		shown := make(map[int]bool)
		for _, o := range examples {
			c := combination(o)
			if c&1 == 0 || shown[c] {
				t.Errorf("round %d: %q: the example %q does not match, or repeats a combination", round, entries, o)
			}
			shown[c] = true
		}
		for _, o := range world {
			if matches[0](o) && !shown[combination(o)] {
				t.Errorf("round %d: %q: examples %q lack one like %q", round, entries, examples, o)
				break
			}
		}
	}
	if undecided > 0 {
		t.Errorf("%d of %d questions are undecided", undecided, rounds)
	}
}

// TestStrangersAgainstBruteForce tries all hosts of a small world with random
// expressions. They write no character out, because each is repeated as a whole.
func TestStrangersAgainstBruteForce(t *testing.T) {
	rounds := numberOfRounds()
	labels := []string{"a", "b", "com", "uk", "co", "io", "github", "ck", "www"}
	var world []string
	for _, x := range labels {
		world = append(world, x)
		for _, y := range labels {
			world = append(world, x+"."+y)
			for _, z := range labels {
				world = append(world, x+"."+y+"."+z)
			}
		}
	}
	world = append(world, "1.1.1.1", "1.1.2.1", "2.1.1.2", "10.1.1.1", "10.1.2.1",
		"192.168.1.1", "192.168.2.1", "a.b.github.io", "b.b.github.io")
	e := expressions{rand.New(rand.NewPCG(3, 4)), append(labels,
		`\.`, `\.com`, `\.co\.uk`, `\.github\.io`, `[ab]`, `(\w+\.)?`, "1", `\.1`, "10", `192\.168`)}
	for round := range rounds {
		p := parse(t, "regexp:(?:https://"+e.next(3)+")+")
		pair, found, err := language.Strangers(language.NewBudget(plenty), p)
		if err != nil {
			t.Fatalf("%s: %v", p.Source, err)
		}
		if found && (!p.Expr.MatchString(pair[0]) || !p.Expr.MatchString(pair[1]) || owner(pair[0]) == owner(pair[1])) {
			t.Errorf("round %d: %s: %q do not both match, or have the same owner", round, p.Source, pair)
		}
		first := ""
		for _, host := range world {
			o := "https://" + host
			if found || private(host) || !p.Expr.MatchString(o) {
				continue
			}
			if first == "" {
				first = o
			} else if owner(first) != owner(o) {
				t.Errorf("round %d: %s: found no strangers, but %s and %s match", round, p.Source, first, o)
				break
			}
		}
	}
}

func private(host string) bool {
	return strings.HasPrefix(host, "10.") || strings.HasPrefix(host, "192.168.")
}

// smallWorld returns all origins with hosts of up to n of the characters.
func smallWorld(chars string, n int, schemes, ports []string) (all []string) {
	hosts := []string{""}
	for range n {
		for _, h := range slices.Clone(hosts) {
			for _, c := range chars {
				hosts = append(hosts, h+string(c))
			}
		}
	}
	slices.Sort(hosts)
	for _, h := range slices.Compact(hosts) {
		for _, scheme := range schemes {
			for _, port := range ports {
				if _, ok := origin.Parse(scheme + "://" + h + port); ok {
					all = append(all, scheme+"://"+h+port)
				}
			}
		}
	}
	return all
}

// matcher returns a function that reports whether a pattern matches an origin, as the
// engine decides it.
func matcher(p *origin.Pattern) func(string) bool {
	if p.Kind == origin.Regexp {
		return p.Expr.MatchString
	}
	var room origin.Room
	if p.Kind == origin.Exact {
		room.Add([]string{p.Source})
	}
	b := origin.NewBuilder(&room)
	b.Add(0, *p, false)
	m := b.Matcher()
	return func(o string) bool { return m.Match(o, 1) == 0 }
}

// TestBudget checks that a question ends when its budget is used up.
func TestBudget(t *testing.T) {
	entries := []string{
		`regexp:https://[a-z]{64}\.com`, `regexp:https://(.*a.{300})?x`, `regexp:.*`, `regexp:(.?){500}`, `regexp:https://\[.*\]`,
		`regexp:` + strings.Repeat("(", 200) + "a" + strings.Repeat(")*", 200), `regexp:(((a{10}){10}){10}|.){1}`,
	}
	for _, entry := range entries {
		p := parse(t, entry)
		for _, steps := range []int{0, 1, 10, 1000, 1 << 16} {
			b := language.NewBudget(steps)
			for _, ask := range []func() error{
				func() error { _, err := language.Examples(b, p, parse(t, `regexp:.*a.{20}`)); return err },
				func() error { _, _, err := language.Strangers(b, p); return err },
				func() error { _, _, err := language.ManyHosts(b, p); return err },
			} {
				if err := ask(); err != nil && !errors.Is(err, language.ErrUndecided) {
					t.Errorf("%s: %v", entry, err)
				}
			}
		}
		if _, err := language.Examples(language.NewBudget(10), p); !errors.Is(err, language.ErrUndecided) {
			t.Errorf("%s: with ten steps, got %v", entry, err)
		}
	}
}
