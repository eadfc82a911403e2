package matrix

import (
	"testing"

	"github.com/corskit/corskit/conformance/browser"
)

// TestBrowsers runs, through every adapter, the cases of the suite that a page
// can express in the browser engines that are installed: what the model says of
// an adapter's answers, Chromium, Firefox and WebKit say too.
func TestBrowsers(t *testing.T) {
	var subjects []browser.Subject
	for _, m := range mounts {
		subjects = append(subjects, browser.Subject{Name: m.adapter, Mount: m.mount})
	}
	browser.RunConformance(t, subjects...)
}
