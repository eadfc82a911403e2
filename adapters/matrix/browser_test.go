package matrix

import (
	"testing"

	"github.com/corskit/corskit/conformance/realbrowser"
)

// TestBrowsers runs, through every adapter, the cases of the suite that a page
// can express in the browser engines that are installed: what the model says of
// an adapter's answers, Chromium, Firefox and WebKit say too.
func TestBrowsers(t *testing.T) {
	var subjects []realbrowser.Subject
	for _, m := range mounts {
		subjects = append(subjects, realbrowser.Subject{Name: m.adapter, Mount: m.mount})
	}
	realbrowser.RunConformance(t, subjects...)
}
