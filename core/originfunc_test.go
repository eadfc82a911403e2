package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
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

// TestCheckOriginFunc tries common mistakes of functions. CheckOriginFunc reports each,
// with an origin that the function wrongly allows and the cause, but no mistake that
// follows from another one.
func TestCheckOriginFunc(t *testing.T) {
	const company = "https://company.com"
	contains := func(part string) func(string) bool { return func(o string) bool { return strings.Contains(o, part) } }
	begins := func(part string) func(string) bool { return func(o string) bool { return strings.HasPrefix(o, part) } }
	ends := func(part string) func(string) bool { return func(o string) bool { return strings.HasSuffix(o, part) } }
	matches := func(expr string) func(string) bool { return regexp.MustCompile(expr).MatchString }
	host := func(want string) func(string) bool { return func(o string) bool { return hostOf(o) == want } }
	for _, tt := range []struct {
		name   string
		allows func(string) bool
		known  string
		want   string // the findings: reason, origin and a word of the detail
	}{
		{"everyone", func(string) bool { return true }, company, "broad-func https://evil.test everyone, null-origin null any site"},
		{"https", begins("https://"), company, "broad-func https://evil.test everyone"},
		{"a top-level domain", ends(".com"), company,
			"broad-func https://corskit-probe.com strangers, broad-func https://evilcompany.com end"},
		{"a part", contains("company.com"), company, "broad-func https://evil.company.com.evil.test part"},
		{"a beginning", begins(company), company, "broad-func https://company.com.evil.test beginning"},
		{"a beginning, with a port", begins(company + ":8443"), company + ":8443", ""},
		{"an end", ends("company.com"), company, "broad-func https://evilcompany.com end"},
		{"an end, with a port", ends("company.com:8443"), company + ":8443", "broad-func https://evilcompany.com:8443 end"},
		{"an end, by a subdomain", ends("company.com"), "https://*.company.com", "broad-func https://evilcompany.com end"},
		{"an end, over http", ends("company.com"), "http://intranet.company.com", "broad-func http://evilcompany.com end"},
		{"an end, by an entry of AllowOrigins", ends("listed.example"), "", "broad-func https://evillisted.example end"},
		{"a name", matches(`company\.[^c]`), "https://*.company.com", "broad-func https://company.evil.test part"},
		{"localhost", begins("http://localhost"), "",
			"broad-func http://localhost.evil.test strangers, broad-func http://localhost:48620 machine"},
		{"unescaped dots", matches(`^https://app.company.com$`), "https://app.company.com",
			"broad-func https://appxcompany.com any character"},
		{"no anchor at the end", matches(`^https://app\.company\.com`), "https://app.company.com",
			"broad-func https://app.company.com.evil.test beginning"},
		{"no anchors", matches(`app.company\.com`), "https://app.company.com", "broad-func https://evil.app.company.com.evil.test part"},
		{"the host only", host("company.com"), company,
			"insecure-origin http://company.com scheme, broad-func evil-app://company.com scheme, port https://company.com:81 port"},
		{"http as well", matches(`^https?://company\.com$`), company, "insecure-origin http://company.com scheme"},
		{"the web as well", matches(`^(https|x-app)://shop\.example$`), "x-app://shop.example", "broad-func https://shop.example scheme"},
		{"an address", host("203.0.113.9"), "https://203.0.113.9",
			"insecure-origin http://203.0.113.9 scheme, broad-func evil-app://203.0.113.9 scheme, port https://203.0.113.9:81 port"},
		{"any port of localhost", matches(`^http://localhost(:\d+)?$`), "", "broad-func http://localhost:48620 machine"},
		{"any port of [::1]", matches(`^http://\[::1\](:\d+)?$`), "http://[::1]:3000",
			"broad-func http://[::1]:48620 machine, port http://[::1] port"},
		{"a neighbour", ends(".vercel.app"), "https://my-team.vercel.app",
			"broad-func https://corskit-probe.vercel.app strangers, broad-func https://evil.vercel.app shared host, " +
				"broad-func https://evil.my-team.vercel.app other names, insecure-origin http://my-team.vercel.app scheme, " +
				"broad-func evil-app://my-team.vercel.app scheme"},
		{"a neighbour by name", ends("team.web.app"), "https://team.web.app", "broad-func https://evilteam.web.app end"},
		{"a bucket of others", matches(`^https://[a-z]+\.fly\.storage\.tigris\.dev$`), "https://mine.fly.storage.tigris.dev",
			"broad-func https://evil.fly.storage.tigris.dev shared host"},
		{"subdomains", matches(`^https://[a-z]+\.company\.com$`), "https://app.company.com",
			"broad-func https://evil.company.com other names"},
		{"the domain itself", matches(`^https://(app\.)?company\.com$`), "https://app.company.com",
			"broad-func https://company.com other names"},
		{"null", func(o string) bool { return o == "null" }, "", "null-origin null any site"},
		{"extensions", begins("chrome-extension://"), "",
			"broad-func chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh strangers"},
		{"panics", func(o string) bool { return strings.Split(o, ":")[5] == "" }, company,
			"func-panic https://evil.test index out of range"},
		{"refuses what is known", func(string) bool { return false }, company, "unused https://company.com refuses"},
	} {
		p := core.Policy{Name: "p", AllowOrigins: []string{"https://listed.example"}, AllowOriginFunc: byOrigin(tt.allows),
			DangerouslyAllowNullOrigin: true}
		var known []string
		if tt.known != "" {
			known = append(known, tt.known)
		}
		want := strings.Split(tt.want, ", ")
		i := 0
		err := p.CheckOriginFunc(ctx, known...)
		for e := range core.PolicyErrors(err) {
			start := string(e.Reason) + " " + e.Value + " "
			if i >= len(want) || !strings.HasPrefix(want[i], start) || !strings.Contains(e.Detail, strings.TrimPrefix(want[i], start)) {
				break
			}
			i++
			place := fmt.Sprint(e.Policy, " ", e.Field, " ", e.Index)
			if isKnown := e.Reason == reason.Unused; e.Suggestion == "" || isKnown != (place == "p known 0") ||
				!isKnown && place != "p AllowOriginFunc -1" {
				t.Errorf("%s: %+v", tt.name, *e)
			}
		}
		if tt.want != "" && i != len(want) || i != len(slices.Collect(core.PolicyErrors(err))) {
			t.Errorf("%s: got\n%v\nwant %s", tt.name, err, strings.Join(want, "\n\t"))
		}
	}
	unnamed := core.Policy{AllowOriginFunc: byOrigin(func(string) bool { return true })}
	for e := range core.PolicyErrors(unnamed.CheckOriginFunc(ctx)) {
		if e.Policy != "default" {
			t.Errorf("a policy without a name: %+v", *e)
		}
	}
}

// TestCheckOriginFuncAccepts checks that correct functions are accepted.
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
		"https as well": core.Policy{AllowOriginFunc: byOrigin(regexp.MustCompile(`^https?://intranet\.company\.com$`).MatchString)}.
			CheckOriginFunc(ctx, "http://intranet.company.com"),
		"letters other than dots": core.Policy{AllowOriginFunc: byOrigin(
			regexp.MustCompile(`^https://app\.[a-z]ompany\.com$`).MatchString)}.
			CheckOriginFunc(ctx, "https://app.company.com"),
		"any port": core.Policy{AllowOriginFunc: byOrigin(regexp.MustCompile(`^http://localhost(:\d+)?$`).MatchString)}.
			CheckOriginFunc(ctx, "http://localhost:*"),
	} {
		if check != nil {
			t.Errorf("%s: %v", name, check)
		}
	}
}

// TestCheckOriginFuncAsks checks that the function is called as an engine calls it, with
// a complete request and the given context, and that New never calls it.
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
	if err := p.CheckOriginFunc(with, "https://*.company.com", "http://localhost:1"); err == nil || len(asked) < 40 {
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
	if len(all) != 1 || all[0].Reason != reason.TooMany || calls > 0 {
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
	err = p.CheckOriginFunc(stopped, "https://company.com")
	if all := slices.Collect(core.PolicyErrors(err)); !errors.Is(err, context.Canceled) || calls != 1 || len(all) != 0 {
		t.Errorf("a context that is done: %v after %d calls", err, calls)
	}

	err = p.CheckOriginFunc(ctx, "https://company.com", "company.com")
	if all := slices.Collect(core.PolicyErrors(err)); len(all) != 1 || all[0].Field != "known" || all[0].Index != 1 ||
		all[0].Reason != reason.MissingScheme {
		t.Errorf("a faulty pattern: %v", err)
	}
	p.AllowOrigins = []string{"company.com"}
	err = p.CheckOriginFunc(ctx)
	if all := slices.Collect(core.PolicyErrors(err)); len(all) != 1 || all[0].Field != "AllowOrigins" {
		t.Errorf("a faulty policy: %v", err)
	}
}
