package fetch

import (
	"slices"
	"strings"
	"testing"
)

func TestLookupPreset(t *testing.T) {
	for _, name := range []string{"@connect", "@grpc-web", "@mcp"} {
		p, ok := LookupPreset(name)
		if !ok || p.Name != name || !IsPresetName(name) {
			t.Errorf("%s: %+v, %t", name, p, ok)
			continue
		}
		for _, header := range slices.Concat(p.RequestHeaders, p.ResponseHeaders) {
			if header != strings.ToLower(header) || !IsToken(header) ||
				IsForbiddenRequestHeader(header) || IsForbiddenResponseHeader(header) {
				t.Errorf("%s lists the header %q, want a lower-case token that scripts may use", name, header)
			}
		}
		for _, m := range p.Methods {
			if NormalizeMethod(m) != m || IsForbiddenMethod(m) {
				t.Errorf("%s lists the method %q, want one that browsers send unchanged", name, m)
			}
		}
	}
	for _, name := range []string{"", "connect", "@Connect", "@loopback"} {
		if p, ok := LookupPreset(name); ok {
			t.Errorf("%q: %+v", name, p)
		}
	}
	if IsPresetName("") || IsPresetName("x@y") {
		t.Error("a name that does not begin with @ is the name of a preset")
	}
}

func TestMeantPreset(t *testing.T) {
	for name, want := range map[string]string{
		"@connect": "@connect", "@CONNECT": "@connect", "@conect": "@connect", "@grpc_web": "@grpc-web", "@grpcweb": "@grpc-web",
		"@ mcp": "@mcp", "@mpc": "@mcp", "@": "", "@tus": "", "@loopback": "",
	} {
		if got, ok := MeantPreset(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %t, want %q", name, got, ok, want)
		}
	}
}
