package core_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// typedOrigins are entries that people write, many of them wrong.
var typedOrigins = []string{
	"", " ", "*", "null", "NULL", " null", "ALL", "any", "true", "True", "yes", "false", "none", "undefined", "nil", "NaN", "<no value>",
	"[object Object]", "self", "localhost", "localhost:*", "localhost:3000", "loopback", "@LOOPBACK", "https://*", "http://*",
	"https://*:*",
	"*://a.example", "http*://a.example", "*.example.com", "*.com", "http://localhost*", "https://app.example.com*",
	"http://app.example.com*",
	"http://localhost:[*]", "https://*.d.example.com:[*]", "http://localhost:[3000-3999]", "http://app.example.com:[3000,3001]",
	"http://localhost:3000,3001", "https://a.example.com https://b.example.com", "http://a.example.com;https://b.example.com",
	"https://a.example.com\nhttps://b.example.com", `"https://a.example.com,https://b.example.com"`, "'https://a.example.com'",
	"[https://a.example.com,https://b.example.com]", `["https://a.example.com"]`, "[https://a.example.com]", "*,https://a.example.com",
	"- https://a.example.com\n- http://b.example.com", "null,https://a.example.com", "{{ .Values.origins }}", "${ORIGINS}", "%ORIGINS%",
	"https://YOUR_APP_DOMAIN", "https://your_app_domain", "https://<your-domain>", "a.example.com", "//a.example.com",
	"https//a.example.com",
	"http:a.example.com", "https:///a.example.com", "https://a.example.com/", "http://a.example.com/", "http://a.example.com:80",
	"http://a.example.com:443", "https://a.example.com/*", "https://A.example.com", "https://bücher.example", "https://user@a.example.com",
	"https://a.example.com@evil.test", "https://.example.com", "https://a.example.com..", "http://127.1", "http://10.1", "::1:3000",
	"http://[0::1]", "https://a.example.com:0", "https://a.example.com:", "https://a.example.com:90-80",
	"https://app.example.*", "http://app.*",
	"https://**.example.com", "https://*.*.*.*.*.*.*.*.*.example.com", "http://192.168.1.*", "10.0.0.0/8", "capacitor://*", "capacitor://",
	"chrome-extension://*", "moz-extension://*", "safari-web-extension://*", "vscode-webview://*", "x-app://*", "x-app://a.b-*",
	"x-app://A",
	"file:///x", "about:blank", "https://*.com", "http://*.com", "https://*.github.io", "https://*-x.vercel.app", "http://a.example.com",
	"http://*.example.com", "https://*.nip.io", "https://*.internal", "regexp:https://.*", `regexp:https://.*example\.com`,
	"regexp:https://app.a.example.com", "regexp:http://app.a.example.com", `regexp:https://a\.example\.com/`, "regexp:(", "regexp:",
	`regexp:https://[a-z]+\.github\.io`, `regexp:http://[a-z]+\.example\.com`, "regexp:a{9}{9}{9}.*b", `/^https:\/\/a\.example\.com$/`,
	`https://.*\.example\.com`, "https?://a.example.com", "regex:https://.*", "re:a", "https://a.example.com # ours",
	"origin: http://a.example.com",
	"\ufeffhttps://a.example.com", "- http://a.example.com", "https://a b.example", "wss://a.example.com", "htps://a.example.com",
	"htp://a.example.com", "htp://localhost:3000", "htps://*.a.example.com", "htps://*.com",
	"https://a.example.com.", "https://xn--a.example", "https://" + strings.Repeat("a", 2000),
}

var (
	quotedText = regexp.MustCompile(`(remove |list only )?("(?:[^"\\]|\\.)*")`)
	setField   = regexp.MustCompile(`\bset ((?:Dangerously)?Allow\w+)(?: to (false))?`)
)

// follow returns the policies that may result if the author follows a suggestion for an
// entry of a list. In each, one of the quoted texts replaces the entry, or all of them do
// if the entry is a list. The fields that the suggestion says to set are set.
func follow(p core.Policy, field string, index int, suggestion string) (ways []core.Policy) {
	list := reflect.ValueOf(&p).Elem().FieldByName(field).Interface().([]string)
	var texts []string
	for _, m := range quotedText.FindAllStringSubmatch(suggestion, -1) {
		text, err := strconv.Unquote(m[2])
		if err != nil {
			panic(m[2] + ": " + err.Error())
		}
		if m[1] != "remove " {
			texts = append(texts, text)
		}
	}
	var lists [][]string
	replace := func(with ...string) {
		lists = append(lists, slices.Replace(slices.Clone(list), index, index+1, with...))
	}
	switch {
	case strings.HasPrefix(suggestion, "write one list entry for each"):
		if len(texts) > 0 {
			replace(texts...)
		}
	default:
		for _, text := range texts {
			replace(text)
		}
	}
	if strings.Contains(suggestion, "remove it") || strings.Contains(suggestion, "remove the entry") {
		replace()
	}
	if strings.HasPrefix(suggestion, "serve the page over https://") {
		replace(strings.Replace(list[index], "http://", "https://", 1))
	}
	if lists == nil {
		lists = [][]string{list}
	}
	sets := setField.FindAllStringSubmatch(suggestion, -1)
	for _, list := range lists {
		way := p
		reflect.ValueOf(&way).Elem().FieldByName(field).Set(reflect.ValueOf(list))
		if len(lists) > 1 || len(sets) == 0 || !slices.Equal(list, lists[0]) || len(texts) > 0 {
			ways = append(ways, way)
		}
		for _, set := range sets {
			flagged := way
			reflect.ValueOf(&flagged).Elem().FieldByName(set[1]).SetBool(set[2] != "false")
			ways = append(ways, flagged)
		}
	}
	return ways
}

// intended are the reasons of warnings that remain after a suggestion is followed. They
// are about what the author wants, such as http:// or all extensions, not about how the
// author wrote it.
var intended = []reason.Reason{
	reason.NoOrigins, reason.InsecureOrigin, reason.PublicSuffix, reason.BroadRegexp, reason.CoveredByWildcard,
	reason.UnreachablePattern, reason.Unused,
}

// TestSuggestionsAreAccepted follows every suggestion for the entries that people
// type, and checks that New accepts the result without a new warning.
func TestSuggestionsAreAccepted(t *testing.T) {
	followed := 0
	check := func(p core.Policy, e core.PolicyError) {
		t.Helper()
		for _, way := range follow(p, e.Field, e.Index, e.Suggestion) {
			if reflect.DeepEqual(way, p) {
				continue // advice without an entry to write
			}
			followed++
			engine, err := core.New(way)
			if err != nil && !acceptedWithFlags(way, e.Suggestion) {
				t.Errorf("%v\nfollowed: %q\nrefused: %v", e.Error(), way.AllowOrigins, err)
			}
			for _, w := range engine.Warnings() {
				if w.Field == e.Field && !slices.Contains(intended, w.Reason) {
					t.Errorf("%v\nfollowed: %q %+v\nwarning: %v", e.Error(), way.AllowOrigins, way, w)
				}
			}
		}
	}
	for _, entry := range typedOrigins {
		for flags := range 4 {
			p := core.Policy{AllowOrigins: []string{entry}, AllowCredentials: flags&1 != 0, DangerouslyAllowNullOrigin: flags&2 != 0}
			e, err := core.New(p)
			for pe := range core.PolicyErrors(err) {
				check(p, *pe)
			}
			for _, w := range e.Warnings() {
				check(p, core.PolicyError(w))
			}
		}
	}
	if followed < 200 {
		t.Errorf("only %d suggestions have something to write", followed)
	}
}

// acceptedWithFlags reports whether a policy is accepted with the fields set that the
// suggestion names next to the entry to write.
func acceptedWithFlags(p core.Policy, suggestion string) bool {
	sets := setField.FindAllStringSubmatch(suggestion, -1)
	for _, set := range sets {
		reflect.ValueOf(&p).Elem().FieldByName(set[1]).SetBool(set[2] != "false")
	}
	_, err := core.New(p)
	return len(sets) > 0 && strings.Contains(suggestion, " and set ") && err == nil
}

// TestNamesSuggestionsAreAccepted does the same for methods and headers.
func TestNamesSuggestionsAreAccepted(t *testing.T) {
	names := []string{
		"", " ", "patch", "option", "DELTE", "TRACE", "connect", "P{T", "GET, PUT", "GET PUT", "GET;PUT", "GET, POST",
		"- GET\n- PUT\n- patch", "- PUT", "- -", "GET", "*", "Autorization",
		"Content Type", "X-A,X-B", `"x-a"`, "x-a:", "X-A ", "Origin", "Cookie", "Set-Cookie", "Access-Control-Allow-Origin", "etags",
		"Content-Type: application/json", "[x-a, x-b]", "['x-a']", "'x-a'", "`x-a`", "${HEADERS}", "$HEADERS", "%HEADERS%",
		"{{ .Values.headers }}", strings.Repeat("a", 300),
	}
	for _, field := range []string{"AllowMethods", "AllowHeaders", "ExposeHeaders"} {
		for _, name := range names {
			for _, credentials := range []bool{false, true} {
				p := core.Policy{AllowOrigins: []string{"https://a.example"}, AllowCredentials: credentials}
				reflect.ValueOf(&p).Elem().FieldByName(field).Set(reflect.ValueOf([]string{name}))
				e, err := core.New(p)
				var all []core.PolicyError
				for pe := range core.PolicyErrors(err) {
					all = append(all, *pe)
				}
				for _, w := range e.Warnings() {
					all = append(all, core.PolicyError(w))
				}
				for _, pe := range all {
					for _, way := range follow(p, field, pe.Index, pe.Suggestion) {
						if engine, err := core.New(way); !reflect.DeepEqual(way, p) && (err != nil || misspelled(engine)) {
							t.Errorf("%v\nfollowed: %+v\n%v %v", pe.Error(), way, err, engine.Warnings())
						}
					}
				}
			}
		}
	}
}

// misspelled reports whether an engine warns about anything other than one safelisted
// response header.
func misspelled(engine *core.Engine) bool {
	return slices.ContainsFunc(engine.Warnings(), func(w core.Warning) bool {
		return w.Reason != reason.Safelisted || w.Field != "ExposeHeaders"
	})
}

// TestMaxAgeSuggestionsAreAccepted follows the suggestions for durations.
func TestMaxAgeSuggestionsAreAccepted(t *testing.T) {
	duration := regexp.MustCompile(`\b(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9.]+s)?\b`)
	for _, d := range []time.Duration{1, 600, 7200, 7201, 86400, 86401, 604800, 1e6, time.Second / 2, 1500 * time.Millisecond,
		25 * time.Hour, 168 * time.Hour, -time.Second, -600, 24*time.Hour - 1} {
		_, err := core.New(core.Policy{AllowOrigins: []string{"https://a.example"}, MaxAge: d})
		e := slices.Collect(core.PolicyErrors(err))
		if len(e) != 1 {
			t.Errorf("%v: %v", d, err)
			continue
		}
		followed := core.NoPreflightCache
		for _, s := range duration.FindAllString(e[0].Suggestion, -1) {
			if parsed, err := time.ParseDuration(s); err == nil {
				followed = parsed
			}
		}
		if followed == core.NoPreflightCache && !strings.Contains(e[0].Suggestion, "NoPreflightCache") {
			t.Errorf("%v: nothing to write in %s", d, e[0].Suggestion)
		}
		p := core.Policy{AllowOrigins: []string{"https://a.example"}, MaxAge: followed}
		if e, err := core.New(p); err != nil || e.Warnings() != nil {
			t.Errorf("%v: followed %v: %v %v", d, followed, err, e.Warnings())
		}
		if want := fmt.Sprint(time.Duration(d) * time.Second); d > 0 && d <= 7200 && followed.String() != want {
			t.Errorf("%v: %s, want %s", d, e[0].Suggestion, want)
		}
	}
}
