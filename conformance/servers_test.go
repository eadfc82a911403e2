package conformance_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

func TestServers(t *testing.T) {
	broken := errors.New("broken")
	mount := func(s conformance.Setup) (*conformance.Server, error) {
		switch {
		case s.KeepVary:
			return nil, fmt.Errorf("%w: no option for it", conformance.ErrUnsupported)
		case s.Twice:
			return nil, broken
		}
		server, err := mountCorshttp(s)
		if err == nil {
			server.Unsupported = map[conformance.Behaviour]string{conformance.Upgrade: "no sockets"}
		}
		return server, err
	}
	servers := conformance.NewServers(mount)
	steps := func(path string) []conformance.Step {
		return []conformance.Step{{Send: &browsermodel.Request{Method: "GET", URL: path}}}
	}
	setup := conformance.Setup{Policies: []core.Policy{{AllowOrigins: []string{conformance.OriginA}}}}
	keepVary, twice, refused := setup, setup, setup
	keepVary.KeepVary, twice.Twice = true, true
	refused.Policies = []core.Policy{{AllowOrigins: []string{"*"}, AllowCredentials: true}}

	first, err := servers.Start(conformance.Case{Setup: setup, Steps: steps("/any")})
	if err != nil {
		t.Fatal(err)
	}
	again, err := servers.Start(conformance.Case{Setup: setup, Steps: steps("/get")})
	if err != nil || again != first {
		t.Errorf("the same setup has %p, then %p (%v)", first, again, err)
	}
	response, err := http.Get(first.URL + "/any")
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != 200 {
		t.Errorf("the server answers %s", response.Status)
	}
	for name, f := range map[string]struct {
		c    conformance.Case
		want error
	}{
		"unsupported setup":     {conformance.Case{Setup: keepVary, Steps: steps("/any")}, conformance.ErrUnsupported},
		"unsupported behaviour": {conformance.Case{Setup: setup, Steps: steps("/upgrade")}, conformance.ErrUnsupported},
		"refused":               {conformance.Case{Setup: refused, Refusal: conformance.MayRefuse}, conformance.ErrRefused},
		"refused, wrongly":      {conformance.Case{Setup: twice}, broken},
	} {
		if server, err := servers.Start(f.c); !errors.Is(err, f.want) || server != nil {
			t.Errorf("%s: %v, want %v", name, err, f.want)
		}
	}
	servers.Close()
	if _, err := http.Get(first.URL + "/any"); err == nil {
		t.Error("the server answers after Close")
	}
}
