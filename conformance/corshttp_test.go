package conformance_test

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
)

// mountCorshttp mounts a net/http middleware.
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

func TestCorshttp(t *testing.T) {
	conformance.Run(t, mountCorshttp, conformance.Options{Choices: true, Filter: sampled, Thin: 32})
}
