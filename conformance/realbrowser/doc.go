// Package realbrowser runs the cases of package conformance in Chromium, Firefox and
// WebKit, and compares these browsers with their models in package browsermodel.
//
// [RunConformance] tests servers:
//
//	func TestInBrowsers(t *testing.T) {
//		realbrowser.RunConformance(t, realbrowser.Subject{Name: "mycors", Mount: mount})
//	}
//
// [Each] and [Session] run single fetches: a [Session] is a browser whose only network is
// a proxy in the test, so pages can have any origin and the browser cannot reach
// anything else.
//
// The environment variables [EnvBrowsers] and [EnvOnly] select browsers. By default,
// browsers that are not installed are skipped, and -short skips all of them.
package realbrowser
