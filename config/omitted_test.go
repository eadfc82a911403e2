package config_test

import (
	"context"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// TestOmittedNote checks that one note names the policies that do not set their methods or
// headers, and that the note ends when its suggestion is followed.
func TestOmittedNote(t *testing.T) {
	const (
		origins = `allow_origins: ["https://a.example"]`
		both    = "scripts may use only GET, HEAD and POST, and set no header such as Authorization"
	)
	for _, c := range []struct {
		file string
		env  []string
		want string // place, detail and suggestion; empty for no note
	}{
		{file: "policies: {p: {" + origins + "}}",
			want: "cors.yaml:1:12: policies.p: no allow_methods and no allow_headers: " + both + "; list what"},
		{file: "policies: {p: {" + origins + "}, q: {" + origins + ", allow_methods: [PUT]}, r: {" + origins + ", allow_headers: []}}",
			want: "cors.yaml:1:12: policies.p: no allow_methods in p, r: scripts may use only GET, HEAD and POST; " +
				"no allow_headers in p, q: scripts may set no header such as Authorization; list"},
		{file: "policies: {a: {" + origins + "}, b: {" + origins + "}, c: {" + origins + "}, d: {" + origins + "}, e: {" + origins + "}}",
			want: "cors.yaml:1:12: policies.a: no allow_methods and no allow_headers in a, b, c and 2 more policies: " + both},
		{file: "policies: {p: {" + origins + ", allow_methods: [], allow_headers: []}}"},
		{file: "policies: {p: {}}"},
		{file: "policies: {p: {" + origins + ", allow_method: [PUT]}}"}, // the fault says more
		{file: "policies: {p: {" + origins + "}, q: {" + origins + ", allow_methods: [PUT], allow_headers: [x-a]}}\n" +
			"routes: [{path: /, policies: [q]}]"},
		{file: "policies: {default: {" + origins + "}}", env: []string{"CORS_ALLOW_METHODS=PUT", "CORS_ALLOW_HEADERS="}},
		{env: []string{"CORS_ALLOW_ORIGINS=https://a.example"},
			want: "policies.default: no allow_methods and no allow_headers: " + both +
				"; set CORS_ALLOW_METHODS and CORS_ALLOW_HEADERS, to nothing if that is intended"},
		{env: []string{"CORS_ALLOW_ORIGINS=https://a.example", "CORS_ALLOW_METHODS=", "CORS_ALLOW_HEADERS="}},
		{env: []string{"CORS__POLICIES__MY_APP__ALLOW_ORIGINS=https://a.example", "CORS__POLICIES__MY_APP__ALLOW_METHODS=PUT"},
			want: "policies.my_app: no allow_headers: " +
				"scripts may set no header such as Authorization; set CORS__POLICIES__MY_APP__ALLOW_HEADERS"},
	} {
		opts := config.Options{Environ: append([]string{}, c.env...)}
		var notes []*config.Warning
		if c.file != "" {
			notes = config.Check(context.Background(), yaml(c.file), "cors.yaml", opts).Notes
		} else if read, err := config.ReadEnv(opts); err != nil {
			t.Errorf("%v: %v", c.env, err)
		} else {
			notes = read.Notes
		}
		switch {
		case c.want == "" && len(notes) == 0:
		case c.want == "" || len(notes) != 1 || notes[0].Reason != reason.Omitted || !strings.HasPrefix(notes[0].String(), c.want):
			t.Errorf("%s %v: %v, want %q", c.file, c.env, notes, c.want)
		}
	}
}
