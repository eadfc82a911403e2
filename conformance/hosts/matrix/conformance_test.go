package matrix

import (
	"hash/crc32"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/conformance/internal/proof"
	"github.com/corskit/corskit/conformance/realbrowser"
)

// repeated returns the Thin of [conformance.Options]: how few of the other cases a case
// with Again repeats.
func repeated(t *testing.T) int {
	t.Helper()
	switch proof.Of(t) {
	case proof.Whole:
		return 1
	case proof.Thinned:
		return 16
	default:
		return 128
	}
}

func TestConformance(t *testing.T) {
	all := hosts.All()
	for i, h := range all {
		t.Run(h.Adapter, func(t *testing.T) {
			conformance.Run(t, h.Mount(nil), conformance.Options{
				Choices: true, Thin: repeated(t),
				// With -short, each case runs behind one of the adapters.
				Filter: func(c conformance.Case) bool {
					return !testing.Short() || int(crc32.ChecksumIEEE([]byte(c.ID)))%len(all) == i
				},
			})
		})
	}
}

// TestConformanceConfigured shows that settings about memory, paths and the names
// of fields do not change a verdict.
func TestConformanceConfigured(t *testing.T) {
	if proof.Of(t) != proof.Whole {
		t.Skip("TestConformance runs the suite with the default settings; CORSKIT_PROOF=whole also runs it with each setting")
	}
	for _, h := range hosts.All() {
		for _, v := range h.Harmless {
			t.Run(v.Name, func(t *testing.T) {
				conformance.Run(t, h.Mount(func(app *hosts.App) {
					reset := app.Options.Reset
					app.Options = v.Options
					app.Options.Reset = reset
				}), conformance.Options{Choices: true, Thin: 8})
			})
		}
	}
}

// TestConformanceEnforced shows that the option Enforce does not change a verdict.
func TestConformanceEnforced(t *testing.T) {
	if proof.Of(t) != proof.Whole {
		t.Skip("TestConformance runs the suite without the option; CORSKIT_PROOF=whole also runs it with it")
	}
	enforce := func(list []hosts.Middleware) {
		for i := range list {
			list[i].Enforce = true
		}
	}
	for _, h := range hosts.All() {
		if h.FastHTTP {
			continue // its adapter has no such option
		}
		t.Run(h.Adapter, func(t *testing.T) {
			conformance.Run(t, h.Mount(func(app *hosts.App) {
				enforce(app.CORS)
				for _, g := range app.Groups {
					enforce(g.CORS)
				}
			}), conformance.Options{Choices: true, Thin: 8})
		})
	}
}

// TestBrowsers runs the cases of the suite that a page can express, through
// every adapter, in the browser engines that are installed. It shows that
// Chromium, Firefox and WebKit judge an adapter's answers as the model does. Package realbrowser tries more
// origins for each case, with one adapter.
func TestBrowsers(t *testing.T) {
	t.Setenv(proof.Env, "") // the whole proof would load pages for many more origins, which takes minutes
	var subjects []realbrowser.Subject
	for _, h := range hosts.All() {
		subjects = append(subjects, realbrowser.Subject{Name: h.Adapter, Mount: h.Mount(nil)})
	}
	realbrowser.RunConformance(t, subjects...)
}
