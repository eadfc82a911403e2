package migrate

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// sampleHeaders are request headers that scripts set. A server that allows all of them
// allows every header.
var sampleHeaders = []string{
	"Content-Type", "application/json", "X-Requested-With", "XMLHttpRequest", "Authorization", "Bearer x", "X-Token", "1",
}

// sample is a request that needs an entry in one list of a policy.
type sample struct {
	field string // of core.Policy
	needs string
	probe probe
}

func samples() (list []sample) {
	list = append(list, sample{"AllowOrigins", "every origin", from(other, "GET")})
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		list = append(list, sample{"AllowMethods", method, from(app, method)})
	}
	for h := range slices.Chunk(sampleHeaders, 2) {
		list = append(list, sample{"AllowHeaders", strings.ToLower(h[0]), from(app, "GET", h...)})
	}
	return list
}

// lost returns what the old server lets scripts use and ours does not, for the samples of the
// fields.
func lost(t *testing.T, old, ours *server, fields []string) (names []string) {
	headers := 0
	for _, s := range samples() {
		if !slices.Contains(fields, s.field) || !reads(old.send(t, s.probe)) || reads(ours.send(t, s.probe)) {
			continue
		}
		if s.field == "AllowHeaders" {
			headers++
		}
		names = append(names, s.needs)
	}
	if headers == len(sampleHeaders)/2 {
		names = append(names[:len(names)-headers], "every header")
	}
	return names
}

func reads(outcome string) bool { return strings.HasPrefix(outcome, "reads ") }

// without returns a policy that leaves the fields out.
func without(p core.Policy, fields ...string) core.Policy {
	for _, f := range fields {
		reflect.ValueOf(&p).Elem().FieldByName(f).SetZero()
	}
	return p
}

// narrower returns the first table of a guide: the lists that allow more in the old library if a
// program leaves them out.
func (lib library) narrower(t *testing.T) string {
	b, count := newTable("Old program", "Allows", "Write in `core.Policy`"), 0
	for _, r := range lib.rows {
		if r.omits == "" {
			continue
		}
		fields := strings.Fields(r.omits)
		engine := core.MustNew(without(r.policy, fields...))
		names := lost(t, r.old(t), lib.ours(t, engine), fields)
		if len(names) == 0 {
			t.Errorf("%s: %s: corskit allows as much without %s", lib.module, r.option, r.omits)
		}
		count++
		b.row(r.option, strings.Join(names, ", "), inCode(settings(r.policy, without(r.policy, fields...), nil)))
	}
	if count == 0 {
		return "A list that you leave out allows nothing in either library.\n"
	}
	return "**A list that you leave out allows nothing in corskit, and there is no error.** " +
		"In the old library, these lists allow something. To keep that, write:\n\n" + b.String()
}

// TestOmittedLists checks that the first tables are complete: a program that lists only its origins
// is allowed nothing that these tables lack.
func TestOmittedLists(t *testing.T) {
	for _, lib := range libraries() {
		t.Run(lib.module, func(t *testing.T) {
			var omits []string
			for _, r := range lib.rows {
				omits = append(omits, strings.Fields(r.omits)...)
			}
			ours := lib.ours(t, core.MustNew(core.Policy{AllowOrigins: []string{app}, RejectDisallowed: lib.base.RejectDisallowed}))
			old := lib.bare(t)
			for _, field := range []string{"AllowMethods", "AllowHeaders"} {
				if names := lost(t, old, ours, []string{field}); len(names) > 0 && !slices.Contains(omits, field) {
					t.Errorf("a program that leaves out a list is allowed %q, and no row says so", names)
				}
			}
		})
	}
}
