package observe_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// FuzzReadLog checks that ReadLog reads a line the same way if a blank is added, which
// slog does not write.
func FuzzReadLog(f *testing.F) {
	const line = `{"time":"2026-01-02T03:04:05Z","level":"WARN","msg":"cors: refused","origin":"https://x.example","method":"GET",` +
		`"kind":"actual","code":"origin-not-allowed","route":-1,"count":4,"first":"2026-01-02T03:04:00Z","fix":"add \"x\"","ok":true}`
	f.Add(line)
	for _, change := range [][2]string{
		{`"GET"`, `"\n"`}, {`"GET"`, `"ä"`}, {`"GET"`, `"\u0041"`}, {`"GET"`, `null`}, {`"GET"`, `4`}, {`"method"`, `"Method"`},
		{`4`, `04`}, {`4`, `-4`}, {`4`, `4.0`}, {`4`, `18446744073709551615`}, {`4`, `"4"`}, {`4`, `{"a":[1]}`}, {`4`, ``}, {`4`, `true`},
		{`-1`, `"x"`}, {`true`, `tru`}, {`"ok"`, `"fold_path"`}, {`"ok"`, `"host"`}, {`"ok"`, `"count"`}, {`"ok"`, `"time"`},
		{`\"x`, `\x`}, {`WARN`, `WA` + "\x01" + `RN`}, {`"WARN"`, `+1`}, {`"WARN"`, `-0`}, {`}`, `,}`}, {`}`, ``}, {`}`, `}}`},
		{`"ok":true`, `"count":5`}, {`"fix"`, `"f\"ix"`}, {`Z"`, `z"`}, {`Z"`, `+01:00"`}, {`"ok":true`, `"kind":`},
	} {
		f.Add(strings.Replace(line, change[0], change[1], 1))
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Contains(line, "\n") || !strings.HasPrefix(line, "{") {
			return
		}
		fast, slow := readAll(line), readAll("{ "+line[1:])
		if fast != slow {
			t.Errorf("%s\nis read as    %s\nwith a blank %s", line, fast, slow)
		}
	})
}

func TestReadLogReturnsTheRequest(t *testing.T) {
	e := core.MustNew(policy())
	full := preflight("https://x.example", "PUT", "x-a,x-b")
	full.Path, full.RawPath, full.FoldPath = "/a b", "/a%20b", true
	full.AccessControlRequestPrivateNetwork, full.SecFetchSite = []string{"true"}, []string{"cross-site"}
	twice := get(app)
	twice.Origin = append(twice.Origin, "https://x.example")
	empty := preflight(app, "")
	empty.AccessControlRequestHeaders = []string{""}
	for _, want := range []core.Request{get("https://x.example"), full, twice, empty, get("")} {
		roundTrip(t, e, want)
		var b bytes.Buffer
		stop := e.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{}))
		e.Decide(ctx, want)
		stop()
		for got, err := range observe.ReadLog(&b) {
			if fmt.Sprintf("%#v", got.Request) != fmt.Sprintf("%#v", want) || got.Origin != want.Origin[0] || err != nil {
				t.Errorf("got  %#v, %v\nwant %#v", got.Request, err, want)
			}
		}
	}
}

func TestReadLogSkipsBrokenLines(t *testing.T) {
	good := `{"time":"2026-01-02T03:04:05Z","msg":"cors: refused","origin":"https://x.example","method":"GET","kind":"actual",` +
		`"code":"origin-not-allowed","route":-1,"count":4,"first":"2026-01-02T03:04:00Z"}`
	mend := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	long := mend(`"GET"`, `"`+strings.Repeat("x", 70_000)+`"`)
	tests := []struct {
		name, input, want string // what is read, line by line: + for a refusal, the number of a broken line
	}{
		{"nothing", "", ""},
		{"empty lines", "\n\r\n  \n" + good + "\n\n", "+"},
		{"several, the last without end of line", good + "\n" + good + "\r\n" + good, "+++"},
		{"others", `{"msg":"listening"}` + "\n" + `{"msg":"other","of":"cors: refused"}` + "\n" + good, "+"},
		{"text", "2026/01/02 listening\n" + good, "1+"},
		{"an array", "[]\n" + good, "1+"},
		{"cut", good[:50] + "\n" + good + "\n" + good[:50], "1+3"},
		{"cut, other", `{"msg":"listen` + "\n" + good, "1+"},
		{"two on a line", good + good + "\n" + good, "1+"},
		{"long", long + "\n" + good + "\n" + strings.Repeat("x", 200_000) + "\n" + good, "1+3+"},
		{"long, at the end", good + "\n" + long, "+2"},
		{"a wrong type", mend(`"count":4`, `"count":"4"`) + "\n" + good, "1+"},
		{"no origin", mend(`"origin":"https://x.example",`, ``), "1"},
		{"no kind", mend(`"actual"`, `"not-cors"`), "1"},
		{"no route", mend(`"route":-1,`, ``), "1"},
		{"no code", mend(`"origin-not-allowed"`, `""`), "1"},
		{"no count", mend(`"count":4`, `"count":0`), "1"},
		{"a wrong time", mend(`"2026-01-02T03:04:00Z"`, `"yesterday"`), "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for r, err := range observe.ReadLog(strings.NewReader(tt.input)) {
				var broken *observe.LineError
				switch {
				case errors.As(err, &broken):
					got += fmt.Sprint(broken.Line)
				case err != nil:
					t.Error(err)
				case r.Origin != "https://x.example" || r.Count != 4 || r.Last.Sub(r.First) != 5*time.Second:
					t.Errorf("read %+v", r)
				default:
					got += "+"
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			for range observe.ReadLog(strings.NewReader(tt.input)) {
				break // must not be called again
			}
		})
	}
	failing := io.MultiReader(strings.NewReader(good+"\n"+good[:20]), iotest.ErrReader(io.ErrUnexpectedEOF))
	n := 0
	var last error
	for _, err := range observe.ReadLog(failing) {
		n++
		last = err
	}
	var broken *observe.LineError
	if n != 2 || !errors.Is(last, io.ErrUnexpectedEOF) || errors.As(last, &broken) {
		t.Errorf("a failing reader: %d values, the last with error %v", n, last)
	}
}

// roundTrip checks that an engine refuses the request that ReadLog returns for the same
// reason.
func roundTrip(t *testing.T, e *core.Engine, r core.Request) {
	t.Helper()
	var b bytes.Buffer
	want := refuse(e, r)
	stop := e.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{Engine: e}))
	e.Decide(ctx, r)
	stop()
	if len(want) == 0 {
		if b.Len() != 0 {
			t.Errorf("logged although allowed: %s", &b)
		}
		return
	}
	if b.Len() > 32<<10 {
		t.Errorf("the line has %d bytes", b.Len())
	}
	n := 0
	for got, err := range observe.ReadLog(&b) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		w := want[0]
		if got.Kind != w.Kind || got.Code != w.Code || got.Policy != w.Policy || got.Route != w.Route || got.Count != 1 {
			t.Errorf("got  %+v\nwant %+v", got, w)
		}
		if got.First.IsZero() || got.Last.Before(got.First) {
			t.Errorf("first seen %v, last seen %v", got.First, got.Last)
		}
		x := got.Explain(ctx, e)
		if x.Browser.Allowed || x.Decision.Kind != w.Kind || x.Decision.Code != w.Explain(ctx, e).Decision.Code {
			t.Errorf("the request %+v is explained as\n%v", got.Request, x)
		}
	}
	if n != 1 {
		t.Errorf("read %d refusals, want 1", n)
	}
}

// readAll returns what ReadLog reads, as text without messages of errors.
func readAll(text string) string {
	var b strings.Builder
	for r, err := range observe.ReadLog(strings.NewReader(text)) {
		fmt.Fprintf(&b, "%+v %v\n", r, err != nil)
	}
	return b.String()
}

// TestReadLogOfADay reads many lines, and measures the memory halfway.
func TestReadLogOfADay(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	e := core.MustNew(policy())
	var b bytes.Buffer
	e.Observe(observe.Log(slog.NewJSONHandler(&b, nil), observe.LogOptions{Engine: e}))
	e.Decide(ctx, preflight("https://x.example", "PUT", "x-a,x-b"))
	in, out := io.Pipe()
	go func() {
		lines := bytes.Repeat(append(b.Bytes(), "broken\n"...), 100)
		for range n / 100 {
			if _, err := out.Write(lines); err != nil {
				break
			}
		}
		out.Close()
	}()
	before := liveHeap()
	read, broken := 0, 0
	for _, err := range observe.ReadLog(in) {
		if err != nil {
			broken++
			continue
		}
		if read++; read == n/2 {
			if kept := liveHeap() - before; kept > 1<<20 {
				t.Errorf("%d bytes are kept", kept)
			}
		}
	}
	if read != n || broken != n {
		t.Errorf("%d refusals, %d broken lines, want %d of each", read, broken, n)
	}
}

func BenchmarkReadLog(b *testing.B) {
	var log bytes.Buffer
	e := core.MustNew(policy())
	e.Observe(observe.Log(slog.NewJSONHandler(&log, nil), observe.LogOptions{Engine: e}))
	e.Decide(ctx, preflight("https://x.example", "PUT", "x-a,x-b"))
	lines := bytes.Repeat(log.Bytes(), 1000)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range observe.ReadLog(bytes.NewReader(lines)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/line")
}
