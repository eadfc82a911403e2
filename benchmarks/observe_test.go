package benchmarks_test

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// discard is a ResponseWriter that keeps its header map.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkObserve shows what observers and shadow policies cost for each request, in the
// middleware of net/http.
func BenchmarkObserve(b *testing.B) {
	policy := core.Policy{
		AllowOrigins: []string{"https://app.example.com", "https://*.example.org"}, AllowCredentials: true,
		AllowMethods: []string{"PUT", "DELETE"}, AllowHeaders: []string{"authorization", "content-type"},
	}
	stricter := policy
	stricter.AllowOrigins = policy.AllowOrigins[:1]
	watched := []struct {
		name  string
		watch func(*core.Engine) error
	}{
		{"nobody", func(*core.Engine) error { return nil }},
		{"counters", func(e *core.Engine) error { e.Observe(observe.NewCounters()); return nil }},
		{"refusals", func(e *core.Engine) error { e.Observe(observe.NewRefusals(100)); return nil }},
		{"counters+refusals", func(e *core.Engine) error {
			e.Observe(observe.NewCounters())
			e.Observe(observe.NewRefusals(100))
			return nil
		}},
		{"counters+refusals+shadow", func(e *core.Engine) error {
			e.Observe(observe.NewCounters())
			e.Observe(observe.NewRefusals(100))
			return e.Shadow(stricter)
		}},
	}
	const listed, stranger = "https://app.example.com", "https://evil.example"
	for _, r := range []struct {
		name   string
		method string
		header http.Header
	}{
		{"no-origin", "GET", http.Header{}},
		{"actual-allowed", "GET", http.Header{"Origin": {listed}}},
		{"actual-refused", "GET", http.Header{"Origin": {stranger}}},
		{"preflight-allowed", "OPTIONS", http.Header{"Origin": {listed}, "Access-Control-Request-Method": {"PUT"},
			"Access-Control-Request-Headers": {"authorization,content-type"}}},
	} {
		for _, w := range watched {
			b.Run("subject="+w.name+"/request="+r.name, func(b *testing.B) {
				engine := core.MustNew(policy)
				if err := w.watch(engine); err != nil {
					b.Fatal(err)
				}
				handler := corshttp.Middleware(engine)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				request, err := http.NewRequest(r.method, "http://api.example.com/items", nil)
				if err != nil {
					b.Fatal(err)
				}
				request.Header = r.header
				writer := &discard{make(http.Header)}
				b.ReportAllocs()
				for b.Loop() {
					clear(writer.header)
					handler.ServeHTTP(writer, request)
				}
			})
		}
	}
}
