package corshttp_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// TestNothingIsSharedInParallel: concurrent responses share no values.
func TestNothingIsSharedInParallel(t *testing.T) {
	const responses = 500
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://*.example"}, AllowCredentials: true})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			kept := make([]http.Header, responses)
			for j := range kept {
				kept[j] = http.Header{}
				corshttp.Apply(engine, kept[j], request("GET", fmt.Sprintf("https://%d-%d.example", i, j)))
			}
			for j, h := range kept {
				if got, want := h.Get("Access-Control-Allow-Origin"), fmt.Sprintf("https://%d-%d.example", i, j); got != want {
					t.Errorf("goroutine %d: response %d has the origin %q, want %q", i, j, got, want)
				}
				if h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Vary") != "Origin" {
					t.Errorf("goroutine %d: response %d has %v", i, j, h)
				}
			}
		})
	}
	wg.Wait()
}
