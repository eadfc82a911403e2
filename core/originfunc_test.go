package core_test

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// byOrigin makes an AllowOriginFunc of a function of the origin.
func byOrigin(allows func(string) bool) func(context.Context, core.Request) bool {
	return func(_ context.Context, r core.Request) bool { return allows(r.OriginValue()) }
}

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// TestCheckOriginFunc tries the mistakes that functions make. Each is found, with the
// origin that gets in and a word on what is wrong.
func TestCheckOriginFunc(t *testing.T) {
	const company = "https://company.com"
	contains := func(part string) func(string) bool { return func(o string) bool { return strings.Contains(o, part) } }
	begins := func(part string) func(string) bool { return func(o string) bool { return strings.HasPrefix(o, part) } }
	ends := func(part string) func(string) bool { return func(o string) bool { return strings.HasSuffix(o, part) } }
	matches := func(expr string) func(string) bool { return regexp.MustCompile(expr).MatchString }
	for _, tt := range []struct {
		name   string
		allows func(string) bool
		known  []string
		reason core.Reason
		value  string
		detail string
	}{
		{"everyone", func(string) bool { return true }, nil, core.ReasonBroadFunc, "https://evil.test", "allows everyone"},
		{"https", begins("https://"), []string{company}, core.ReasonBroadFunc, "https://evil.test", "allows everyone"},
		{"a part", contains("company.com"), []string{company}, core.ReasonBroadFunc, "https://evil.company.com.evil.test", "part"},
		{"a beginning", begins(company), []string{company}, core.ReasonBroadFunc, "https://company.com.evil.test", "beginning"},
		{"an end", ends("company.com"), []string{company}, core.ReasonBroadFunc, "https://evilcompany.com", "end"},
		{"an end, by a subdomain", ends("company.com"), []string{"https://*.company.com"}, core.ReasonBroadFunc,
			"https://evilcompany.com", "end"},
		{"an end, by an entry of AllowOrigins", ends("listed.example"), nil, core.ReasonBroadFunc, "https://evillisted.example", "end"},
		{"a name", func(o string) bool { return strings.Contains(o, "company") && !strings.Contains(o, "company.com") },
			[]string{"https://*.company.com"}, core.ReasonBroadFunc, "https://company.evil.test", "part"},
		{"localhost", begins("http://localhost"), nil, core.ReasonBroadFunc, "http://localhost.evil.test", "strangers"},
		{"a host that begins", func(o string) bool { return strings.HasPrefix(hostOf(o), "company.com") }, []string{company},
			core.ReasonBroadFunc, "https://company.com.evil.test", "beginning"},
		{"unescaped dots", matches(`^https://app.company.com$`), []string{"https://app.company.com"}, core.ReasonBroadFunc,
			"https://appxcompany.com", "any character for a dot"},
		{"no anchor at the end", matches(`^https://app\.company\.com`), []string{"https://app.company.com"}, core.ReasonBroadFunc,
			"https://app.company.com.evil.test", "beginning"},
		{"no anchors", matches(`app\.company\.com`), []string{"https://app.company.com"}, core.ReasonBroadFunc,
			"https://evil.app.company.com.evil.test", "part"},
		{"the host only", func(o string) bool { return hostOf(o) == "company.com" }, []string{company}, core.ReasonPort,
			"https://company.com:81", "port"},
		{"the host only, other applications", func(o string) bool { return hostOf(o) == "company.com" }, []string{company},
			core.ReasonBroadFunc, "evil-app://company.com", "scheme"},
		{"http as well", matches(`^https?://company\.com$`), []string{company}, core.ReasonInsecureOrigin, "http://company.com", "scheme"},
		{"any port of localhost", matches(`^http://localhost(:\d+)?$`), nil, core.ReasonBroadFunc, "http://localhost:48620", "machine"},
		{"a neighbour", ends(".vercel.app"), []string{"https://my-team.vercel.app"}, core.ReasonBroadFunc,
			"https://corskit-probe.vercel.app", "strangers"},
		{"a neighbour by name", ends("team.web.app"), []string{"https://team.web.app"}, core.ReasonBroadFunc,
			"https://evilteam.web.app", "end"},
		{"a bucket of others", ends(".fly.storage.tigris.dev"), []string{"https://mine.fly.storage.tigris.dev"}, core.ReasonBroadFunc,
			"https://evil.fly.storage.tigris.dev", "shared host"},
		{"subdomains", ends(".company.com"), []string{"https://app.company.com"}, core.ReasonBroadFunc, "https://evil.company.com",
			"other names of a domain"},
		{"null", func(o string) bool { return o == "null" }, nil, core.ReasonNull, "null", "any site"},
		{"extensions", begins("chrome-extension://"), nil, core.ReasonBroadFunc, "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh",
			"strangers"},
		{"panics", func(o string) bool { return strings.Split(o, ":")[2] == "" }, []string{company}, core.ReasonFuncPanic,
			"https://evil.test", "index out of range"},
		{"refuses what is known", func(string) bool { return false }, []string{company}, core.ReasonUnused, company, "refuses"},
	} {
		p := core.Policy{Name: "p", AllowOrigins: []string{"https://listed.example"}, AllowOriginFunc: byOrigin(tt.allows),
			DangerouslyAllowNullOrigin: true}
		found := false
		for e := range core.PolicyErrors(p.CheckOriginFunc(ctx, tt.known...)) {
			found = found || e.Reason == tt.reason && e.Value == tt.value && strings.Contains(e.Detail, tt.detail)
			if e.Policy != "p" || e.Detail == "" || e.Suggestion == "" || e.Field != "AllowOriginFunc" && e.Reason != core.ReasonUnused {
				t.Errorf("%s: %+v", tt.name, *e)
			}
		}
		if !found {
			t.Errorf("%s: no %s for %s: %v", tt.name, tt.reason, tt.value, p.CheckOriginFunc(ctx, tt.known...))
		}
	}
}

// TestCheckOriginFuncAccepts has functions that do what they should.
func TestCheckOriginFuncAccepts(t *testing.T) {
	tenants := []string{"https://a.company.com", "https://b.company.com", "capacitor://localhost", "http://localhost:3000",
		"https://team.vercel.app", "http://[::1]:3000", "https://app.co.uk:8443"}
	listed := byOrigin(func(o string) bool { return slices.Contains(tenants, o) })
	below := byOrigin(regexp.MustCompile(`^https://([a-z0-9-]+\.)+company\.com$`).MatchString)
	for name, check := range map[string]error{
		"a list":             core.Policy{AllowOriginFunc: listed}.CheckOriginFunc(ctx, tenants...),
		"a list, twice":      core.Policy{AllowOriginFunc: listed}.CheckOriginFunc(ctx, append(tenants, tenants...)...),
		"subdomains":         core.Policy{AllowOriginFunc: below}.CheckOriginFunc(ctx, "https://*.company.com"),
		"an expression":      core.Policy{AllowOriginFunc: below}.CheckOriginFunc(ctx, `regexp:https://([a-z0-9-]+\.)+company\.com`),
		"a listed subdomain": core.Policy{AllowOriginFunc: below, AllowOrigins: []string{"https://*.company.com"}}.CheckOriginFunc(ctx),
		"no function":        core.Policy{AllowOrigins: []string{"not an origin"}}.CheckOriginFunc(ctx, "neither"),
		"everyone is meant":  core.Policy{AllowOriginFunc: byOrigin(func(string) bool { return true })}.CheckOriginFunc(ctx, "*"),
		"any port": core.Policy{AllowOriginFunc: byOrigin(regexp.MustCompile(`^http://localhost(:\d+)?$`).MatchString)}.
			CheckOriginFunc(ctx, "http://localhost:*"),
	} {
		if check != nil {
			t.Errorf("%s: %v", name, check)
		}
	}
}

// TestCheckOriginFuncAsks checks that the function is asked as an engine asks it, with
// a complete request and the given context, and that New does not ask it at all.
func TestCheckOriginFuncAsks(t *testing.T) {
	type key struct{}
	with := context.WithValue(ctx, key{}, "value")
	var asked []string
	p := core.Policy{AllowOrigins: []string{"https://*.listed.example"}, AllowCredentials: true, DangerouslyAllowNullOrigin: true}
	p.AllowOriginFunc = func(ctx context.Context, r core.Request) bool {
		if ctx.Value(key{}) != "value" || r.Method != "GET" || r.Path != "/" || len(r.Origin) != 1 {
			t.Errorf("asked with %+v", r)
		}
		asked = append(asked, r.OriginValue())
		return false
	}
	if _, err := core.New(p); err != nil || len(asked) > 0 {
		t.Errorf("New: %v, asked about %q", err, asked)
	}
	if err := p.CheckOriginFunc(with, "https://*.company.com", "http://localhost:1"); err == nil || len(asked) < 50 {
		t.Errorf("%v, asked %d times", err, len(asked))
	}
	engine := core.MustNew(p)
	for i, o := range asked {
		called := len(asked)
		engine.Decide(with, core.Request{Method: "GET", Path: "/", Origin: []string{o}})
		if len(asked) == called {
			t.Errorf("asked about %s, which an engine does not ask about", o)
		}
		if slices.Contains(asked[:i], o) {
			t.Errorf("asked twice about %s", o)
		}
	}
}

func TestCheckOriginFuncLimits(t *testing.T) {
	var many []string
	for i := range 101 {
		many = append(many, "https://t"+strconv.Itoa(i)+".company.com")
	}
	calls := 0
	p := core.Policy{AllowOrigins: many, AllowOriginFunc: func(context.Context, core.Request) bool { calls++; return false }}
	all := slices.Collect(core.PolicyErrors(p.CheckOriginFunc(ctx, many...)))
	if len(all) != 1 || all[0].Reason != core.ReasonTooMany || calls > 0 {
		t.Errorf("%v after %d calls", all, calls)
	}
	if err := p.CheckOriginFunc(ctx, many[:100]...); err != nil || calls > 5000 {
		t.Errorf("%v after %d calls", err, calls)
	}

	stopped, stop := context.WithCancel(ctx)
	calls = 0
	p.AllowOriginFunc = func(context.Context, core.Request) bool { calls++; stop(); return true }
	err := p.CheckOriginFunc(stopped, "https://company.com")
	if all := slices.Collect(core.PolicyErrors(err)); !errors.Is(err, context.Canceled) || calls != 1 || len(all) != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}

	err = p.CheckOriginFunc(ctx, "https://company.com", "company.com")
	if all := slices.Collect(core.PolicyErrors(err)); len(all) != 1 || all[0].Field != "known" || all[0].Index != 1 ||
		all[0].Reason != core.ReasonMissingScheme {
		t.Errorf("a faulty pattern: %v", err)
	}
	p.AllowOrigins = []string{"company.com"}
	err = p.CheckOriginFunc(ctx)
	if all := slices.Collect(core.PolicyErrors(err)); len(all) != 1 || all[0].Field != "AllowOrigins" {
		t.Errorf("a faulty policy: %v", err)
	}
}
