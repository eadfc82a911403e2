package realbrowser_test

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/realbrowser"
)

func mountCorshttp(s conformance.Setup) (*conformance.Server, error) {
	s.App.ModifyResponse = corshttp.StripUpstream
	return conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		engine, err := s.Engine()
		if err != nil {
			return nil, err
		}
		return corshttp.Middleware(engine, corshttp.Options{KeepVary: s.KeepVary}), nil
	})(s)
}

func TestConformance(t *testing.T) {
	realbrowser.RunConformance(t, realbrowser.Subject{Name: "corshttp", Mount: mountCorshttp, XHR: true})
}
