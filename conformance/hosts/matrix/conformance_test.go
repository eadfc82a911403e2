package matrix

import (
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/conformance/realbrowser"
)

func TestConformance(t *testing.T) {
	for _, h := range hosts.All() {
		t.Run(h.Adapter, func(t *testing.T) {
			conformance.Run(t, h.Mount(nil), conformance.Options{Choices: true})
		})
	}
}

// TestConformanceConfigured shows that settings about memory, paths and the names
// of fields do not change a verdict.
func TestConformanceConfigured(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: TestConformance has run the suite with the default settings; these run it once more for each setting")
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
	if testing.Short() {
		t.Skip("-short: TestConformance has run the suite without the option; this runs it once more for each adapter")
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
// Chromium, Firefox and WebKit judge an adapter's answers as the model does.
func TestBrowsers(t *testing.T) {
	var subjects []realbrowser.Subject
	for _, h := range hosts.All() {
		subjects = append(subjects, realbrowser.Subject{Name: h.Adapter, Mount: h.Mount(nil)})
	}
	realbrowser.RunConformance(t, subjects...)
}
