package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/observe"
)

// inspectorTraffic is how long the inspector counts requests before the pictures are taken, so
// that its chart has some bars, one for each minute.
const inspectorTraffic = 5 * time.Minute

var inspectorPictures = []picture{
	{"inspector-light.png", 1240, 985, "light", true},
	{"inspector-dark.png", 1240, 985, "dark", true},
	{"inspector-narrow.png", 390, 844, "light", false},
}

const picturedFile = `version: 1
policies:
  public: {allow_origins: ["*"]}
  app:
    allow_origins:
      - https://app.example.com
      - https://*.pr.example.com
      - http://intranet.example
    allow_methods: [PUT]
    allow_headers: [content-type, authorization]
    allow_credentials: true
    dangerously_allow_insecure_origins: true
    reject_disallowed: true
    max_age: 10m
  partners: {allow_origins: ["https://*.partner.example"], expose_headers: [x-request-id]}
routes:
  - {path: /public/, policies: [public]}
  - {host: api.example.com, path: /, policies: [app, partners]}
`

// picturedRequest is a request that comes several times in a row.
type picturedRequest struct {
	times                               int
	method, path, origin, asks, headers string
}

var picturedRequests = []picturedRequest{
	{40, "GET", "/items", "https://app.example.com", "", ""},
	{9, "PUT", "/items/1", "https://app.example.com", "", ""},
	{12, "GET", "/items", "https://pr-7.pr.example.com", "", ""},
	{20, "GET", "/public/logo.svg", "https://elsewhere.example", "", ""},
	{2, "OPTIONS", "/items/1", "https://staging.example.com", "PUT", "content-type,x-trace"},
	{1, "OPTIONS", "/items/1", "https://app.example.com", "DELETE", ""},
	{1, "GET", "/items", "https://new.example", "", ""},
}

// TestInspectorPictures makes pictures of the inspector, with -update. It takes five minutes.
func TestInspectorPictures(t *testing.T) {
	path := chromiumForPictures(t)
	files := config.Static{"cors.yaml": []byte(picturedFile)}
	w, err := config.WatchSource(t.Context(), files, "cors.yaml", config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	page := httptest.NewServer(observe.Handler(w.Engine(), observe.HandlerOptions{Config: w.ConfigStatus, Spell: config.KeyOf}))
	defer page.Close()
	h := corshttp.Middleware(w.Engine())(http.NotFoundHandler())
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end, n := time.Now().Add(inspectorTraffic), 0; time.Now().Before(end); n++ {
		for _, r := range picturedRequests {
			for range r.times * (1 + n/60%3) {
				h.ServeHTTP(httptest.NewRecorder(), r.request())
			}
		}
		<-tick.C
	}
	startChromium(t, path).save(page.URL, `(() => {
		const first = document.querySelector("#refused-list details");
		if (first) first.open = true;
		return first?.querySelector("pre") && document.querySelector("#chart rect");
	})()`, inspectorPictures)
}

func (r *picturedRequest) request() *http.Request {
	request := httptest.NewRequest(r.method, "http://api.example.com"+r.path, nil)
	request.Header.Set("Origin", r.origin)
	for name, value := range map[string]string{"Access-Control-Request-Method": r.asks, "Access-Control-Request-Headers": r.headers} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	return request
}
