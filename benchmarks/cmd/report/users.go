package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/corskit/corskit/benchmarks"
)

// peer is a column of the users' table: a library, on its framework.
type peer struct {
	framework framework
	subject   string
}

func (p peer) title() string { return p.framework.peerTitle(p.subject) }

// peers are the libraries that users compare corskit with.
var peers = func() (all []peer) {
	for _, subject := range []string{"jub0bs-cors", "rs-cors", "go-chi-cors", "gorilla-handlers"} {
		all = append(all, peer{frameworks[0], subject})
	}
	for _, f := range frameworks {
		if f.own != "" {
			all = append(all, peer{f, f.own})
		}
	}
	return all
}()

// The common cases: each of these setups with each of these requests.
var (
	commonSetups   = []string{"origins-1", "origins-10", "origins-1000", "origins-100000"}
	commonRequests = []string{noOrigin, "actual-allowed", "actual-refused", "preflight-allowed", "preflight-refused"}
)

// common calls f for every common case, in the order of the table.
func common(f func(benchmarks.Setup, benchmarks.Request)) {
	for _, request := range commonRequests {
		for _, setup := range commonSetups {
			each([]filter{func(s benchmarks.Setup, r benchmarks.Request) bool { return s.Name == setup && r.Name == request }}, f)
		}
	}
}

// users returns the page for users.
func (r *Report) users() []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Performance\n")
	say("<!-- Written by benchmarks/cmd/report. -->\n")
	say("![Time that corskit adds to an allowed request, relative to each library](%s/common.svg)\n", chartsDir)
	say("The second column has the time that corskit adds to a request on net/http. The next columns have ratios: the time that corskit")
	say("adds, divided by the time that the library adds to the same request on the same framework. If a ratio is below 1, corskit is")
	say("faster; 1/500 means 500 times as fast.\n")
	r.commonTable(&b)
	r.cost(&b)
	r.observers(&b)
	say("## How this was measured\n")
	say("Every row was measured %d times in one session on one machine: %s.\n"+
		"The numbers are medians. If the measurements differ much, the number after ± is half the width of the 95 %% confidence interval.",
		r.runs(), r.machine())
	if r.runs() < minRuns {
		say("**That is fewer than %d times, so these numbers are preliminary.**", minRuns)
	}
	say(`
- The time that a library adds is the time of a request with the library minus the time without any middleware.
- Requests are served in memory, by a handler that does nothing. The contributors' page has measurements of whole servers.
- All libraries are configured for the same policy, as their documentation recommends. Before a measurement, a model of a
  browser checks that the answers of each library have the effect that the policy asks for, and the response headers of
  each library are compared with those of corskit.

The [contributors' page](%s) has all rows, the limits that changes must not exceed, whole servers, memory, and how to
repeat the measurement.`,
		contributorsFile)
	return b.Bytes()
}

// commonTable writes the ratios to every peer in the common cases.
func (r *Report) commonTable(b *bytes.Buffer) {
	var titles []string
	for _, p := range peers {
		titles = append(titles, p.title())
	}
	fmt.Fprintf(b, "| request; origins in the policy | corskit on net/http | %s | libraries that do less (†) |\n|---|--:|%s---|\n",
		strings.Join(titles, " | "), strings.Repeat("--:|", len(peers)))
	common(func(s benchmarks.Setup, request benchmarks.Request) {
		ours := r.overhead(middlewareKey(benchmarks.NetHTTP, s, request))
		line, less, measured := "", []string(nil), ours.ok
		for _, p := range peers {
			text, d := r.commonCell(p, s, request)
			line += " | " + text
			if text != "—" {
				measured = true
			}
			if text != "—" && d.less() {
				less = append(less, p.title()+": "+d.String())
			}
		}
		if measured {
			fmt.Fprintf(b, "| %s; %s | %s%s | %s |\n", request.Title, s.Title, cell(ours, duration), line, strings.Join(less, "; "))
		}
	})
	b.WriteString(`
† In this row the library writes fewer headers than corskit, a shorter Vary or none, or it shares values between responses. If
an actual response lacks Vary, a shared cache can give one origin the response that was meant for another. If values are
shared, a handler that changes a header of its response changes it in the responses to others.

`)
}

// commonCell is the ratio to a peer. It shows the noise of ratios close to 1.
func (r *Report) commonCell(p peer, s benchmarks.Setup, request benchmarks.Request) (text string, d difference) {
	k := middlewareKey(p.framework.name, s, request)
	v := ratio(r.overheads(k), r.overheads(k.of(p.subject)))
	if math.IsNaN(v) {
		return "—", d
	}
	text = share(v)
	if 0.8 < v && v < 1.25 {
		noise := r.noise(func(drawn *results) float64 { return ratio(drawn.overheads(k), drawn.overheads(k.of(p.subject))) })
		text = withNoise(v, noise, share)
	}
	if d = r.headers[k.of(p.subject)]; d.less() {
		text += " †"
	}
	return text, d
}

// cost writes what corskit costs, without comparisons.
func (r *Report) cost(b *bytes.Buffer) {
	b.WriteString(`## What corskit costs

| framework | no Origin | allowed | refused | preflight, allowed | preflight, refused |
|---|--:|--:|--:|--:|--:|
`)
	for _, f := range frameworks {
		line := ""
		for _, request := range commonRequests {
			k := key{bench: "Middleware", framework: string(f.name), setup: commonSetups[0], subject: benchmarks.Ours, request: request}
			line += " | " + cell(r.overhead(k), duration)
		}
		fmt.Fprintf(b, "| %s%s |\n", f.title, line)
	}
	fmt.Fprint(b, "\nThe policy has one origin. ")
	one, million := r.value(lookupKey("1", "random"), seconds), r.value(lookupKey("1000000", "random"), seconds)
	hot := r.value(lookupKey("1000000", "hot"), seconds)
	if one.ok && million.ok && hot.ok {
		fmt.Fprintf(b, "Looking up an origin takes %s of these times. Among a million origins, looking up the same\n", duration(one.Center))
		fmt.Fprintf(b,
			"origin repeatedly takes %s. Looking up origins in random order, which the processor's caches do not hold, takes %s each.",
			duration(hot.Center), duration(million.Center))
	}
	if each := r.value(compileKey("1000000"), bytesEach); each.ok {
		fmt.Fprintf(b, "\nA list of a million origins takes %s bytes of memory for each origin.", count(each.Center))
	}
	fmt.Fprint(b, "\n\n")
}
