package observe_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// listening is an open stream of events.
type listening struct {
	t      *testing.T
	lines  *bufio.Scanner
	cancel context.CancelFunc
	status int
}

func listen(t *testing.T, server *httptest.Server) *listening {
	t.Helper()
	const limit = 30 * time.Second // for a whole test, on a busy machine
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return &listening{t, lines, cancel, res.StatusCode}
}

// await returns the data of the next event with a name that contains a text.
func (l *listening) await(name, text string) string {
	l.t.Helper()
	event := ""
	for l.lines.Scan() {
		line := l.lines.Text()
		if s, ok := strings.CutPrefix(line, "event: "); ok {
			event = s
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == name && strings.Contains(data, text) {
			return data
		}
	}
	l.t.Fatalf("no event %s with %q: %v", name, text, l.lines.Err())
	return ""
}

// A page learns of refusals and reloads without polling.
func TestInspectorEvents(t *testing.T) {
	e := core.MustNew(policy())
	server := inspect(t, e, observe.HandlerOptions{})
	l := listen(t, server)
	l.await("state", `"policies":[{"name":"app"`)
	l.await("refusals", "[]")
	e.Decide(ctx, get("https://evil.example"))
	data := l.await("refusals", "https://evil.example")
	if !json.Valid([]byte(data)) || !strings.Contains(data, `"allowed":false`) {
		t.Errorf("the event is %s", data)
	}
	p := policy()
	p.AllowOrigins = append(p.AllowOrigins, "https://evil.example")
	if err := e.Reload(p); err != nil {
		t.Fatal(err)
	}
	l.await("refusals", `"allowed":true`)
}

// The number of streams is bounded, and streams that end make room.
func TestInspectorListenersAreBounded(t *testing.T) {
	server := inspect(t, core.MustNew(policy()), observe.HandlerOptions{})
	var open []*listening
	for range 16 {
		l := listen(t, server)
		l.await("state", "")
		open = append(open, l)
	}
	if l := listen(t, server); l.status != http.StatusServiceUnavailable {
		t.Fatalf("one more stream: %d, want 503", l.status)
	}
	open[0].cancel()
	for { // the server needs a moment to notice; the context of listen bounds it
		l := listen(t, server)
		if l.status == http.StatusOK {
			l.await("state", "")
			return
		}
		if l.status != http.StatusServiceUnavailable {
			t.Fatalf("status %d", l.status)
		}
	}
}

// record is a recorder that can be read while a handler writes.
type record struct {
	*httptest.ResponseRecorder
	mu sync.Mutex
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ResponseRecorder.Write(b)
}

// take returns what was written since the last call.
func (r *record) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.Body.String()
	r.Body.Reset()
	return s
}

// stream runs a stream of events in a bubble of synctest, and returns what it has sent
// since the last call, when all is quiet.
func stream(t *testing.T, h http.Handler) (sent func() string, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequest("GET", "/events", nil).WithContext(ctx)
	r.Host = "localhost"
	w := &record{ResponseRecorder: httptest.NewRecorder()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(w, r)
	}()
	sent = func() string {
		synctest.Wait()
		return w.take()
	}
	return sent, func() { cancel(); <-done }
}

// An idle stream has a heartbeat, and ends with its request.
func TestInspectorHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent, stop := stream(t, observe.Handler(core.MustNew(policy()), observe.HandlerOptions{}))
		if s := sent(); !strings.HasPrefix(s, "event: state\ndata: {") || strings.Count(s, "\n\n") != 2 {
			t.Errorf("at first: %q", s)
		}
		time.Sleep(14 * time.Second)
		if s := sent(); s != "" {
			t.Errorf("after 14 seconds: %q", s)
		}
		time.Sleep(2 * time.Second)
		if s := sent(); s != ": still here\n\n" {
			t.Errorf("after 16 seconds: %q", s)
		}
		time.Sleep(30 * time.Second)
		if s := sent(); s != ": still here\n\n: still here\n\n" {
			t.Errorf("after 46 seconds: %q", s)
		}
		time.Sleep(15 * time.Second) // another minute begins
		if s := sent(); !strings.HasPrefix(s, "event: state\ndata: {") || strings.Count(s, "\n\n") != 1 {
			t.Errorf("after a minute: %q", s)
		}
		stop()
	})
}

// ask answers a request in a bubble of synctest.
func ask(t *testing.T, h http.Handler, path string, into any) {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
}

func TestInspectorMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := core.MustNew(policy())
		h := observe.Handler(e, observe.HandlerOptions{})
		send := func(allowed, refused, none int) {
			for range allowed {
				e.Decide(ctx, get("https://app.example.com"))
			}
			for range refused {
				e.Decide(ctx, get("https://evil.example"))
			}
			for range none {
				e.Decide(ctx, core.Request{Method: "GET"})
			}
		}
		check := func(want string) {
			t.Helper()
			time.Sleep(time.Second) // views may be a little old
			var got struct {
				Minutes []struct{ Allowed, Refused, Rejected, NotCORS int }
			}
			ask(t, h, "/state.json", &got)
			if s := fmt.Sprint(got.Minutes); s != want {
				t.Errorf("got %s, want %s", s, want)
			}
		}
		check("[]")
		send(3, 2, 1)
		check("[{3 2 0 1}]")
		time.Sleep(time.Minute)
		send(1, 0, 0)
		check("[{3 2 0 1} {1 0 0 0}]")
		time.Sleep(58*time.Minute + 10*time.Second)
		check("[{3 2 0 1} {1 0 0 0}]")
		time.Sleep(time.Minute)
		send(0, 1, 0) // takes the place of the first minute
		check("[{1 0 0 0} {0 1 0 0}]")
		time.Sleep(time.Hour)
		check("[]")
	})
}

// shadow is a part of state.json.
type shadow struct {
	Policies    []struct{ Name string }
	Warnings    []string
	Differences []struct {
		Origin, Method, Path, Difference, Now, Then string
		Count                                       int
	}
}

func TestInspectorShadow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loose := policy()
		loose.AllowOrigins, loose.AllowCredentials = append(loose.AllowOrigins, "https://old.example"), true
		e := core.MustNew(loose)
		h := observe.Handler(e, observe.HandlerOptions{})
		check := func(want string) {
			t.Helper()
			time.Sleep(time.Second)
			var got struct{ Shadow *shadow }
			ask(t, h, "/state.json", &got)
			if s := fmt.Sprintf("%+v", got.Shadow); s != want && (got.Shadow != nil || want != "") {
				t.Errorf("got  %s\nwant %s", s, want)
			}
		}
		e.Decide(ctx, get("https://old.example"))
		check("")
		strict := policy()
		strict.Name, strict.AllowOrigins = "strict", append(strict.AllowOrigins, "https://new.example", "http://plain.example")
		strict.RejectDisallowed = true
		if err := e.Shadow(strict); err != nil {
			t.Fatal(err)
		}
		e.Decide(ctx, get("https://old.example"))
		e.Decide(ctx, core.Request{Method: "GET", Path: "/b?secret", Origin: []string{"https://old.example"}})
		e.Decide(ctx, get("https://app.example.com"))
		e.Decide(ctx, core.Request{
			Method: "OPTIONS", Path: "/c", Origin: []string{"https://new.example"}, AccessControlRequestMethod: []string{"PUT"},
		})
		e.Decide(ctx, core.Request{Method: "GET"})
		const warning = `cors: policy "strict": AllowOrigins[2] "http://plain.example": ` +
			`anyone on the network can impersonate an http:// origin; serve the page over https://`
		check("&{Policies:[{Name:strict}] Warnings:[" + warning + "] Differences:[" +
			"{Origin:https://old.example Method:GET Path:/b Difference:stricter Now:allowed: the policy lists the origin " +
			"Then:rejected with 403: no policy allows the origin Count:2} " +
			"{Origin:https://app.example.com Method:GET Path:/ Difference:stricter " +
			"Now:allowed with credentials: the policy lists the origin " +
			"Then:allowed only without credentials: the policy lists the origin Count:1} " +
			"{Origin:https://new.example Method:PUT Path:/c Difference:looser Now:refused: no policy allows the origin " +
			"Then:allowed: the policy lists the origin Count:1}]}")
		if err := e.Shadow(policy()); err != nil { // other shadow policies: the differences are forgotten
			t.Fatal(err)
		}
		check("&{Policies:[{Name:app}] Warnings:[] Differences:[]}")
		e.StopShadow()
		check("")
	})
}

// The number of differences is bounded. Those that keep occurring stay.
func TestInspectorDifferencesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		other   func(r *core.Request, i int)
		want    int
		highest uint64
	}{
		{"origins", func(r *core.Request, i int) { r.Origin[0] = fmt.Sprintf("https://x%d.old.example", i) }, 50, 200},
		{"methods", func(r *core.Request, i int) { r.Method = fmt.Sprint("M", i) }, 1, 400}, // clients can invent those
	} {
		synctest.Test(t, func(t *testing.T) {
			p := policy()
			p.AllowOrigins = []string{"https://old.example", "https://*.old.example"}
			e := core.MustNew(p)
			h := observe.Handler(e, observe.HandlerOptions{})
			if err := e.Shadow(policy()); err != nil {
				t.Fatal(err)
			}
			for i := range 200 {
				e.Decide(ctx, get("https://old.example"))
				r := get("https://old.example")
				tt.other(&r, i)
				e.Decide(ctx, r)
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
			var got struct{ Shadow *shadow }
			ask(t, h, "/state.json", &got)
			if n := len(got.Shadow.Differences); n != tt.want || uint64(got.Shadow.Differences[0].Count) != tt.highest {
				t.Errorf("%s: %d differences, the first %+v, want %d and a count of %d", tt.name, n, got.Shadow.Differences[0],
					tt.want, tt.highest)
			}
		})
	}
}

// Advice is made once for each request, although pages read it often.
func TestInspectorAsksFunctionsRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := policy()
		p.AllowOriginFunc = func(context.Context, core.Request) bool { calls++; return false }
		e := core.MustNew(p)
		h := observe.Handler(e, observe.HandlerOptions{})
		e.Decide(ctx, get("https://evil.example"))
		sent, stop := stream(t, h)
		for range 20 {
			time.Sleep(time.Second)
			sent()
		}
		stop()
		if calls != 2 {
			t.Errorf("%d calls, want one for the request and one for the advice", calls)
		}
	})
}

// Clients determine how often refusals change, but not how often advice is made. Advice
// does not use the context of a page.
func TestInspectorAdviceIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		origins int // which take turns
		most    int // how much advice a minute needs
	}{
		{"one origin", 1, 12},
		{"many origins", 1 << 20, 1200},
	} {
		synctest.Test(t, func(t *testing.T) {
			type page struct{}
			advised := 0
			p := policy()
			p.AllowOriginFunc = func(ctx context.Context, _ core.Request) bool {
				if _, limited := ctx.Deadline(); limited || ctx.Value(page{}) != nil {
					advised++
				}
				if ctx.Value(page{}) != nil {
					t.Error("the function got the context of a page")
				}
				return false
			}
			e := core.MustNew(p)
			h := observe.Handler(e, observe.HandlerOptions{})
			for i := range 60 * 5 {
				for n := range 50 {
					e.Decide(ctx, get(fmt.Sprintf("https://x%d.example", (50*i+n)%tt.origins)))
				}
				r := httptest.NewRequest("GET", "http://localhost/refusals.json", nil)
				h.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), page{}, true)))
				time.Sleep(200 * time.Millisecond)
			}
			if advised == 0 || advised > tt.most {
				t.Errorf("%s: %d calls for advice, want %d at most", tt.name, advised, tt.most)
			}
		})
	}
}

// Reading the state is cheap, no matter how many policies there are.
func TestInspectorOutlinesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policies := make([]core.Policy, 2000)
		for i := range policies {
			policies[i] = core.Policy{Name: fmt.Sprint("p", i), AllowMethods: []string{"PUT"}}
		}
		e := core.MustNew(policies...)
		if err := e.Shadow(policies...); err != nil {
			t.Fatal(err)
		}
		h := observe.Handler(e, observe.HandlerOptions{})
		allocations := testing.AllocsPerRun(5, func() {
			time.Sleep(time.Second)
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://localhost/state.json", nil))
		})
		if allocations > 1000 {
			t.Errorf("%v allocations", allocations)
		}
		if err := errors.Join(e.Reload(policy()), e.Shadow(policy())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		type names []struct{ Name string }
		var got struct {
			Policies names
			Shadow   struct{ Policies names }
		}
		ask(t, h, "/state.json", &got)
		if s := fmt.Sprint(got); s != "{[{app}] {[{app}]}}" {
			t.Errorf("after a reload: %s", s)
		}
	})
}
