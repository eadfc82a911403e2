package conformance_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

// serveBroken is an environment variable that names a folder. If it is set, TestServeBroken
// serves every broken middleware with the routes in routes.json of that folder, writes their URLs
// to urls.json, by name, and ends with its standard input. The tests of the command use this.
// Below /lan/ there is a 404, and below /every/ there is a redirect.
const serveBroken = "CORSKIT_SERVE_BROKEN"

func TestServeBroken(t *testing.T) {
	dir := os.Getenv(serveBroken)
	if dir == "" {
		return // no other test has asked for the servers
	}
	text, err := os.ReadFile(filepath.Join(dir, "routes.json"))
	if err != nil {
		t.Fatal(err)
	}
	setup := conformance.Setup{}
	if err := json.Unmarshal(text, &setup.Routes); err != nil {
		t.Fatal(err)
	}
	for _, r := range setup.Routes {
		sample := conformance.Endpoint{Path: r.Path + "corskit-sample", Behaviour: conformance.Respond, Status: 200}
		switch r.Path {
		case "/lan/":
			sample.Status = 404
		case "/every/":
			sample.Behaviour, sample.Status = conformance.RedirectTo, 302
			sample.Header = browsermodel.Header("Location", "/two/")
		}
		root := conformance.Endpoint{Path: r.Path, Behaviour: conformance.Respond, Status: 200}
		setup.App.Endpoints = append(setup.App.Endpoints, root, sample)
	}
	urls := make(map[string]string)
	serve := func(name string, fault func(*reference)) {
		ref := newReference()
		fault(ref)
		server, err := ref.mount(setup)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(server.Close)
		urls[name] = server.URL
	}
	serve("", func(*reference) {})
	for _, b := range broken {
		serve(b.name, b.fault)
	}
	text, err = json.Marshal(urls)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "urls.tmp"), text, 0o600)
	}
	if err == nil {
		err = os.Rename(filepath.Join(dir, "urls.tmp"), filepath.Join(dir, "urls.json"))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
