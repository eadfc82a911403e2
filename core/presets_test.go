package core_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

const presetOrigin = "https://app.example.com"

// TestPresets checks what responses list for each preset, alone and with other entries.
func TestPresets(t *testing.T) {
	const rpc = "content-type, grpc-timeout, x-grpc-web, x-user-agent"
	const connect = "content-type, connect-protocol-version, connect-timeout-ms, grpc-timeout, x-grpc-web, x-user-agent"
	const mcp = "content-type, mcp-protocol-version, mcp-session-id, last-event-id, mcp-method, mcp-name"
	const status = "grpc-status, grpc-message, grpc-status-details-bin"
	for _, test := range []struct {
		methods, allow, expose     []string
		wantMethods, want, exposed string
	}{
		{nil, []string{"@connect"}, []string{"@connect"}, "GET, HEAD, POST", connect, status},
		{nil, []string{"@grpc-web"}, []string{"@grpc-web"}, "GET, HEAD, POST", rpc, status},
		{[]string{"@mcp"}, []string{"@mcp"}, []string{"@mcp"}, "GET, POST, DELETE", mcp, "mcp-session-id"},
		{[]string{"@connect"}, nil, nil, "GET, POST", "", ""},
		{[]string{"PUT", "@mcp"}, []string{"authorization", "@grpc-web", "x-a"}, []string{"etag", "@mcp"},
			"PUT, GET, POST, DELETE", "authorization, " + rpc + ", x-a", "etag, mcp-session-id"},
		{nil, []string{"X-Grpc-Web", "@grpc-web"}, []string{"Grpc-Message", "@grpc-web"},
			"GET, HEAD, POST", "x-grpc-web, content-type, grpc-timeout, x-user-agent",
			"grpc-message, grpc-status, grpc-status-details-bin"},
		{nil, []string{"@grpc-web", "@mcp"}, nil,
			"GET, HEAD, POST", rpc + ", mcp-protocol-version, mcp-session-id, last-event-id, mcp-method, mcp-name", ""},
		{[]string{"*", "@mcp"}, []string{"@mcp", "*"}, []string{"*", "@mcp"}, "*", "*", "*"},
	} {
		policy := core.Policy{
			AllowOrigins: []string{presetOrigin}, AllowMethods: test.methods, AllowHeaders: test.allow, ExposeHeaders: test.expose,
		}
		engine, err := core.New(policy)
		if err != nil {
			t.Fatal(err)
		}
		asked := engine.Decide(t.Context(), core.Request{
			Method: "OPTIONS", Origin: []string{presetOrigin}, AccessControlRequestMethod: []string{"PUT"},
		})
		actual := engine.Decide(t.Context(), core.Request{Method: "POST", Origin: []string{presetOrigin}})
		if asked.AllowMethods != test.wantMethods || asked.AllowHeaders != test.want || actual.ExposeHeaders != test.exposed {
			t.Errorf("%v: methods %q, headers %q, exposed %q", test, asked.AllowMethods, asked.AllowHeaders, actual.ExposeHeaders)
		}
		// The expanded policy gives the same answers.
		again, err := core.New(policy.Expand())
		if err != nil {
			t.Fatal(err)
		}
		if got := again.Decide(t.Context(), core.Request{Method: "POST", Origin: []string{presetOrigin}}); got != actual {
			t.Errorf("%v expanded: %+v, want %+v", test, got, actual)
		}
	}
}

// TestExpand checks that Expand replaces only presets, and does not change the caller's
// lists.
func TestExpand(t *testing.T) {
	policy := core.Policy{
		Name: "p", AllowOrigins: []string{"@loopback"}, AllowMethods: []string{"PUT"},
		AllowHeaders: []string{"X-A", "@grpc-web", "@other"}, ExposeHeaders: []string{"@mcp"},
	}
	got := policy.Expand()
	want := core.Policy{
		Name: "p", AllowOrigins: []string{"@loopback"}, AllowMethods: []string{"PUT"},
		AllowHeaders:  []string{"X-A", "content-type", "grpc-timeout", "x-grpc-web", "x-user-agent", "@other"},
		ExposeHeaders: []string{"mcp-session-id"},
	}
	if !reflect.DeepEqual(got, want) || policy.AllowHeaders[1] != "@grpc-web" || policy.ExposeHeaders[0] != "@mcp" {
		t.Errorf("%+v expands to %+v", policy, got)
	}
	got.ExposeHeaders[0] = "changed"
	if again := policy.Expand(); again.ExposeHeaders[0] != "mcp-session-id" {
		t.Error("the caller can change a preset")
	}
}

// TestUnknownPresets checks the errors of entries that look like presets, and that New
// accepts what they suggest.
func TestUnknownPresets(t *testing.T) {
	const presets = `the presets are "@connect", "@grpc-web" and "@mcp"`
	for _, field := range []string{"AllowMethods", "AllowHeaders", "ExposeHeaders"} {
		for entry, fix := range map[string]string{
			"@conect":   `did you mean "@connect"?`,
			"@Connect":  `did you mean "@connect"?`,
			"@grpcweb":  `did you mean "@grpc-web"?`,
			"@GRPC_WEB": `did you mean "@grpc-web"?`,
			"@mcp ":     `did you mean "@mcp"?`,
			"@tus":      presets,
			"@":         presets,
			"@loopback": "move it to AllowOrigins",
			"@Loopback": "move it to AllowOrigins",
		} {
			p := core.Policy{AllowOrigins: []string{presetOrigin}}
			list := listOf(&p, field)
			*list = []string{"x-a", entry}
			_, err := core.New(p)
			faults := slices.Collect(core.PolicyErrors(err))
			if len(faults) != 1 || faults[0].Field != field || faults[0].Index != 1 || faults[0].Reason != reason.UnknownPreset ||
				!strings.Contains(faults[0].Suggestion, fix) {
				t.Errorf("%s %q: %v, want one error with %q", field, entry, err, fix)
				continue
			}
			if _, meant, ok := strings.Cut(fix, `did you mean "`); ok {
				(*list)[1] = strings.TrimSuffix(meant, `"?`)
				if _, err := core.New(p); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for _, entry := range []string{"@connect", "@grpc-web", "@mcp"} {
		_, err := core.New(core.Policy{AllowOrigins: []string{entry}})
		faults := slices.Collect(core.PolicyErrors(err))
		if len(faults) != 1 || faults[0].Reason != reason.UnknownPreset ||
			faults[0].Suggestion != "move it to AllowHeaders and ExposeHeaders" {
			t.Errorf("AllowOrigins %q: %v", entry, err)
		}
	}
}

// TestPresetWarnings checks the warnings of presets that add nothing.
func TestPresetWarnings(t *testing.T) {
	for _, test := range []struct {
		field   string
		entries []string
		want    string
	}{
		{"AllowHeaders", []string{"@connect", "authorization"}, ""},
		{"AllowHeaders", []string{"@grpc-web", "@connect"}, ""},
		{"AllowHeaders", []string{"content-type", "@mcp"}, ""},
		{"AllowHeaders", []string{"@connect", "@grpc-web"}, `duplicate 1 already listed, by "@connect"; remove it`},
		{"AllowHeaders", []string{"@mcp", "Content-Type"}, `duplicate 1 already listed, by "@mcp"; remove it`},
		{"AllowHeaders", []string{"@mcp", "@mcp"}, `duplicate 1 already listed; remove one of the two`},
		{"AllowHeaders", []string{"x-a", "x-a"}, `duplicate 1 already listed; remove one of the two`},
		{"AllowHeaders", []string{"*", "@mcp"}, `covered-by-wildcard 1 "*" already covers these names; list only "*"`},
		{"ExposeHeaders", []string{"MCP-Session-ID", "@mcp"}, `duplicate 1 already listed, by "MCP-Session-ID"; remove it`},
		{"ExposeHeaders", []string{"grpc-status", "grpc-message", "grpc-status-details-bin", "@connect"},
			`duplicate 3 already listed, by "grpc-message", "grpc-status", "grpc-status-details-bin"; remove it`},
		{"ExposeHeaders", []string{"*", "@mcp"}, `covered-by-wildcard 1 "*" already covers these names; list only "*"`},
		{"AllowMethods", []string{"@mcp"}, ""},
		{"AllowMethods", []string{"DELETE", "@mcp"}, ""},
		{"AllowMethods", []string{"@mcp", "DELETE"}, `duplicate 1 already listed, by "@mcp"; remove it`},
		{"AllowMethods", []string{"*", "@mcp"}, `covered-by-wildcard 1 "*" already covers these names; list only "*"`},
		{"AllowMethods", []string{"@connect"},
			`safelisted 0 no effect: browsers send GET and POST without asking for permission; remove it`},
		{"AllowMethods", []string{"@grpc-web"}, `safelisted 0 no effect: browsers send POST without asking for permission; remove it`},
	} {
		p := core.Policy{AllowOrigins: []string{presetOrigin}}
		*listOf(&p, test.field) = test.entries
		engine, err := core.New(p)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range engine.Warnings() {
			got = append(got, fmt.Sprintf("%s %d %s; %s", w.Reason, w.Index, w.Detail, w.Suggestion))
		}
		if strings.Join(got, "\n") != test.want {
			t.Errorf("%s %q: warnings\n%s\nwant\n%s", test.field, test.entries, strings.Join(got, "\n"), test.want)
		}
	}
}

func listOf(p *core.Policy, field string) *[]string {
	return map[string]*[]string{
		"AllowMethods": &p.AllowMethods, "AllowHeaders": &p.AllowHeaders, "ExposeHeaders": &p.ExposeHeaders,
	}[field]
}

func ExamplePolicy_presets() {
	engine := core.MustNew(core.Policy{
		AllowOrigins:  []string{"https://app.example.com"},
		AllowHeaders:  []string{"@connect", "authorization"},
		ExposeHeaders: []string{"@connect"},
	})
	d := engine.Decide(context.Background(), core.Request{
		Method: "OPTIONS", Origin: []string{"https://app.example.com"}, AccessControlRequestMethod: []string{"POST"},
		AccessControlRequestHeaders: []string{"connect-protocol-version,content-type"},
	})
	fmt.Println(d.AllowHeaders)
	// Output: content-type, connect-protocol-version, connect-timeout-ms, grpc-timeout, x-grpc-web, x-user-agent, authorization
}
