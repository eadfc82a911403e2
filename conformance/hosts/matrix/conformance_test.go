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
			conformance.Run(t, h.Mount(nil))
		})
	}
}

// TestConformanceConfigured shows that fiber's settings about memory, paths and
// the names of fields do not change a verdict.
func TestConformanceConfigured(t *testing.T) {
	if testing.Short() {
		t.Skip("the default settings are enough for -short")
	}
	immutable := hosts.Options{Immutable: true, UnescapePath: true, CaseSensitive: true, StrictRouting: true}
	raw := hosts.Options{DisableHeaderNormalizing: true, StreamRequestBody: true}
	for _, test := range []struct {
		name    string
		host    hosts.Host
		options hosts.Options
	}{
		{"v2 immutable", hosts.Fiber(), immutable},
		{"v2 raw", hosts.Fiber(), raw},
		{"v3 immutable", hosts.FiberV3(), immutable},
		{"v3 raw", hosts.FiberV3(), raw},
	} {
		t.Run(test.name, func(t *testing.T) {
			conformance.Run(t, test.host.Mount(func(app *hosts.App) {
				test.options.Reset = app.Options.Reset
				app.Options = test.options
			}))
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
