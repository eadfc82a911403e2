package main

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways"
	"github.com/corskit/corskit/migrate"
	"github.com/corskit/corskit/observe"
)

// Entries that TestEverySetting adds to the lists of a policy.
var otherEntries = map[string]string{
	"AllowOrigins": "https://other.example", "AllowMethods": "PATCH", "AllowHeaders": "x-other", "ExposeHeaders": "x-other",
}

// TestEverySetting changes each field of core.Policy and checks that everything that reads a
// policy notices. If core gets a field, this test says what ignores it.
func TestEverySetting(t *testing.T) {
	base := core.Policy{
		Name: "default", AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT", "OPTIONS"},
		AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, AllowCredentials: true, MaxAge: 10 * time.Minute,
	}
	for field := range reflect.TypeFor[core.Policy]().Fields() {
		// Files have no functions. A setting that is dangerous only permits what is written elsewhere.
		if field.Name == "Name" || field.Name == "AllowOriginFunc" || strings.HasPrefix(field.Name, "Dangerously") {
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			policy := base
			switch v := reflect.ValueOf(&policy).Elem().FieldByIndex(field.Index); x := v.Interface().(type) {
			case bool:
				v.SetBool(!x)
			case time.Duration:
				v.SetInt(int64(x + time.Minute))
			case []string:
				v.Set(reflect.ValueOf(append(slices.Clone(x), otherEntries[field.Name])))
			default:
				t.Fatalf("add a value of type %v to this test", field.Type)
			}
			before, after := written(t, base), written(t, policy)
			key := config.KeyOf(field.Name)
			if is := after.Policies[0]; !reflect.DeepEqual(is, policy) {
				t.Errorf("migrate writes %+v, and the file says %+v", policy, is)
			}
			if (&migrate.Variant{Policy: base}).Go() == (&migrate.Variant{Policy: policy}).Go() {
				t.Error("migrate leaves it out of Go code")
			}
			what := key
			if key == "allow_origins" {
				what = "+https://other.example"
			}
			if change := config.Compare(before, after); !strings.Contains(change, what) {
				t.Errorf("config.Compare returns %q", change)
			}
			if changes, notes := compare(t.Context(), before, after, func(config.Progress) {}); len(changes) == 0 {
				t.Errorf("diff shows nothing; notes %q", notes)
			}
			if one, other := policiesOnPage(t, base), policiesOnPage(t, policy); one == other {
				t.Errorf("the inspector shows the same policy: %s", one)
			}
			if field.Name != "ExposeHeaders" && field.Name != "MaxAge" { // no request fails without them
				checkShadow(t, base, policy)
			}
			for _, target := range gateways.Targets() {
				if target.Exports() {
					checkExport(t, target.Name, before, after, key)
				}
			}
		})
	}
}

// written returns the configuration in the file that migrate writes for a policy.
func written(t *testing.T, p core.Policy) *config.Config {
	t.Helper()
	text := (&migrate.Variant{Policy: p}).YAML()
	c, err := config.Read(t.Context(), config.Files{}, write(t, t.TempDir(), "cors.yaml", text), config.Options{Environ: []string{}})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c
}

// checkExport checks that an export carries a setting, or says that it does not.
func checkExport(t *testing.T, target string, before, after *config.Config, key string) {
	t.Helper()
	said := false
	export := func(c *config.Config) string {
		x, err := gateways.Export(c, target, gateways.ExportOptions{Lossy: gateways.NarrowerOnly})
		for e := range gateways.Errors[*gateways.ExportError](err) {
			said = said || strings.Contains(e.Place.Key, key)
		}
		for _, loss := range x.Losses {
			said = said || !loss.Note && strings.Contains(loss.Place.Key, key)
		}
		if err != nil && !said {
			t.Errorf("%s: %v", target, err)
		}
		return string(x.Text)
	}
	if one, other := export(before), export(after); one == other && !said {
		t.Errorf("%s: the export is the same, and does not say what is lost", target)
	}
}

// policiesOnPage returns the policies of an engine as the inspector shows them.
func policiesOnPage(t *testing.T, p core.Policy) string {
	t.Helper()
	return string(stateOf(t, observe.Handler(core.MustNew(p), observe.HandlerOptions{})).Policies)
}

type pageState struct {
	Policies json.RawMessage
	Shadow   struct{ Differences []struct{ Now, Then string } }
}

func stateOf(t *testing.T, page http.Handler) (state pageState) {
	t.Helper()
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/state.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &state); err != nil {
		t.Fatalf("%v\n%s", err, w.Body)
	}
	return state
}

// checkShadow checks that a shadow policy differs, in the inspector and in diff --traffic.
func checkShadow(t *testing.T, base, policy core.Policy) {
	t.Helper()
	ctx := context.Background()
	e := core.MustNew(base)
	if err := e.Shadow(policy); err != nil {
		t.Fatal(err)
	}
	page := observe.Handler(e, observe.HandlerOptions{})
	old, now := newJudge(core.MustNew(base)), newJudge(core.MustNew(policy))
	same := true
	for _, origin := range append(slices.Clone(base.AllowOrigins), otherEntries["AllowOrigins"]) {
		actual := core.Request{Method: "GET", Host: "api.example.com", Path: "/", Origin: []string{origin}}
		asks := actual
		asks.Method, asks.AccessControlRequestMethod = "OPTIONS", []string{"PUT"}
		asks.AccessControlRequestPrivateNetwork = []string{"true"}
		method, header := asks, asks
		method.AccessControlRequestMethod = []string{otherEntries["AllowMethods"]}
		header.AccessControlRequestHeaders = []string{otherEntries["AllowHeaders"]}
		for _, r := range []core.Request{actual, asks, method, header} {
			e.Decide(ctx, r)
			same = same && old.ruling(ctx, r).same(now.ruling(ctx, r))
		}
	}
	if same {
		t.Error("diff --traffic shows nothing")
	}
	differences := stateOf(t, page).Shadow.Differences
	if len(differences) == 0 || differences[0].Now == differences[0].Then {
		t.Errorf("as a shadow, it has the differences %q", differences)
	}
}

// TestOtherHeaders: diff shows headers that it does not know.
func TestOtherHeaders(t *testing.T) {
	sent := func(header ...string) iter.Seq2[string, string] {
		return func(yield func(string, string) bool) {
			for i := 0; i < len(header) && yield(header[i], header[i+1]); i += 2 {
			}
		}
	}
	const origin = "https://a.example"
	actual := sent("Access-Control-Allow-Origin", origin, "X-New", "b", "X-Origin", origin, "Vary", "Origin")
	if got := otherHeaders(origin, actual, sent("X-New", "b")); !slices.Equal(got, []string{"X-New: b", "X-Origin"}) {
		t.Errorf("got %q", got)
	}
	for name := range core.ResponseHeaders() {
		if !relevant(name) {
			t.Errorf("explain and probe do not print %s", name)
		}
	}
	d := core.MustNew(core.Policy{
		AllowOrigins: []string{origin}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-e"}, AllowCredentials: true,
		MaxAge: time.Minute, AllowPrivateNetwork: true,
	})
	for _, method := range []string{"GET", "OPTIONS"} {
		r := core.Request{Method: method, Origin: []string{origin}, AccessControlRequestMethod: []string{"PUT"}}
		r.AccessControlRequestPrivateNetwork = []string{"true"}
		if got := otherHeaders(origin, d.Decide(t.Context(), r).Headers()); len(got) > 0 {
			t.Errorf("%s: there are words for %q", method, got)
		}
	}
	allowed := ruling{Result: core.ResultAllowed, Code: core.CodeOriginAllowed}
	byFunc, more := allowed, allowed
	byFunc.Code, more.Headers = core.CodeOriginFunc, "X-New"
	if !allowed.same(byFunc) || allowed.same(more) || more.String() != "allowed with X-New" {
		t.Errorf("%v, %v, %q", allowed.same(byFunc), allowed.same(more), more)
	}
}

// TestMissingHeaders: conform notices that a header is missing, although it does not know it.
func TestMissingHeaders(t *testing.T) {
	const origin = "https://a.example"
	header := browsermodel.Fields{{Name: "Access-Control-Allow-Origin", Value: origin}, {Name: "Vary", Value: "Origin"}}
	whole := browsermodel.Response{Status: 200, Header: append(slices.Clone(header), browsermodel.Field{Name: "X-New", Value: "1"})}
	for _, tt := range []struct {
		server, file browsermodel.Response
		want         []string
	}{
		{browsermodel.Response{Status: 200, Header: header}, whole, []string{"X-New"}},
		{browsermodel.Response{Status: 200}, whole, nil}, // refused: a difference of its own
		{whole, whole, nil},
		{whole, browsermodel.Response{Status: 200, Header: header[:1]}, nil},
	} {
		j := newComparer(t.Context(), nil)
		q := question{place: &place{name: "/"}, fetch: browsermodel.Fetch{Origin: origin, Method: "GET"}}
		j.missing(&answered{question: q, server: tt.server, file: tt.file})
		var got []string
		for _, d := range j.differences {
			got = append(got, d.Names...)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v by the file and %v by the server: got %q, want %q", tt.file.Header, tt.server.Header, got, tt.want)
		}
	}
}
