package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// attempt is one pass through a case's steps. It has its own browser,
// connection and, in some cases, cache.
type attempt struct {
	id      string // of the case
	suite   *suite
	mounted *mounted
	client  *client
	clock   time.Time
	answers []answered             // of the current step
	all     []answered             // the last answer of every step
	sent    []answered             // every answer
	cache   browsermodel.Transport // nil for most cases
}

func (s *suite) attempt(ctx context.Context, c Case, steps []Step, m *mounted) (failures []string) {
	client, err := newClient(m.server, c.Setup.Protocol)
	if err != nil {
		return []string{err.Error()}
	}
	defer client.close()
	a := &attempt{id: c.ID, suite: s, mounted: m, client: client, clock: time.Now()}
	if c.SharedCache {
		a.cache = browsermodel.SharedCache(func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
			got := a.send(ctx, r, streamNone)
			a.answers = append(a.answers, got)
			return got.exchange.Response, got.err()
		})
	}
	browser := &browsermodel.Browser{Transport: a.transport, Now: func() time.Time { return a.clock }}
	honestHead := 0
	for i, step := range steps {
		a.answers = nil
		a.clock = a.clock.Add(step.After)
		wrong := a.step(ctx, browser, step, honestHead)
		if n := len(a.answers); n > 0 {
			last := a.answers[n-1]
			a.all = append(a.all, last)
			if i == 0 {
				honestHead = headBytes(last.exchange.Response)
			}
		}
		if len(wrong) > 0 {
			wrong = append(wrong, a.clues()...)
			return []string{fmt.Sprintf("step %d of %d: %s\n%s", i+1, len(steps), strings.Join(wrong, "\nand "), a.describe())}
		}
	}
	if c.VaryCovers {
		failures = judgeVary(a.all)
	}
	return append(failures, a.settle(ctx)...)
}

func (a answered) err() error {
	if a.exchange.Err != "" {
		return errors.New(a.exchange.Err)
	}
	return nil
}

// transport is the browser's [browsermodel.Transport].
func (a *attempt) transport(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
	if a.cache != nil {
		asked := len(a.answers)
		response, err := a.cache(ctx, r)
		if len(a.answers) == asked { // the server was not asked
			a.answers = append(a.answers, answered{exchange: browsermodel.Exchange{Request: r, Response: response}, sent: r, runs: -1})
		}
		return response, err
	}
	got := a.send(ctx, r, streamNone)
	a.answers = append(a.answers, got)
	return got.exchange.Response, got.err()
}

// send sends one request with its own token, and counts how often handlers ran
// for it.
func (a *attempt) send(ctx context.Context, r browsermodel.Request, stream Stream) answered {
	tok := a.suite.token()
	got := a.client.ask(ctx, r, a.mounted.probe, tok, a.reader(stream, tok))
	a.sent = append(a.sent, got)
	a.suite.watch(a.id, got)
	return got
}

// token returns a new token.
func (s *suite) token() string { return strconv.FormatInt(s.tokens.Add(1), 10) }

// ask sends a request with a token in its query, and counts how often handlers ran for
// it. Without a token, runs are not counted.
func (c *client) ask(ctx context.Context, r browsermodel.Request, probe *Probe, tok string, read bodyReader) answered {
	got := answered{sent: r, exchange: browsermodel.Exchange{Request: r}, probe: probe, runs: -1}
	if r.URL != "*" && tok != "" {
		got.token = tok
		separator := "?"
		if strings.Contains(r.URL, "?") {
			separator = "&"
		}
		got.sent.URL += separator + tokenParameter + "=" + tok
	}
	response, err := c.do(ctx, got.sent, read)
	got.exchange.Response = response
	got.exchange.Preflight = isPreflight(r)
	if err != nil {
		got.exchange.Err = err.Error()
	}
	if tok != "" {
		got.runs = probe.count(tok)
	}
	return got
}

func isPreflight(r browsermodel.Request) bool {
	return r.Method == "OPTIONS" && r.Header.Has("Origin") && r.Header.Has(acrm)
}

func (a *attempt) reader(stream Stream, tok string) bodyReader {
	switch stream {
	case StreamEvents:
		return func(_ int, body io.Reader, _ io.Writer) (string, error) {
			first, err := readUntil(body, "\n\n")
			if waited := a.mounted.probe.resume(tok); !waited {
				return first, errors.New("the first event arrived only after the handler had finished: the response was buffered")
			}
			if err != nil {
				return first, err
			}
			rest, err := io.ReadAll(body)
			return first + string(rest), err
		}
	case StreamUpgrade:
		return func(status int, body io.Reader, w io.Writer) (string, error) {
			if status != 101 || w == nil {
				return wholeBody(status, body, w)
			}
			if _, err := io.WriteString(w, "ping\n"); err != nil {
				return "", err
			}
			return readUntil(body, "\n")
		}
	}
	return wholeBody
}

// readUntil reads up to and including a delimiter, and not a byte further.
func readUntil(r io.Reader, delimiter string) (string, error) {
	var read []byte
	b := make([]byte, 1)
	for len(read) < 1<<16 && !bytes.HasSuffix(read, []byte(delimiter)) {
		if _, err := io.ReadFull(r, b); err != nil {
			return string(read), err
		}
		read = append(read, b[0])
	}
	return string(read), nil
}

// step runs one step and returns what is wrong.
func (a *attempt) step(ctx context.Context, browser *browsermodel.Browser, step Step, honestHead int) []string {
	var wrong []string
	if step.Send != nil {
		got := a.send(ctx, *step.Send, step.Stream)
		a.answers = append(a.answers, got)
		if step.Fetch != nil {
			wrong = step.Judge(browsermodel.Spec().Judge(*step.Fetch, got.exchange))
		}
		return append(wrong, step.Answer.judge(got, honestHead)...)
	}
	f := *step.Fetch
	if strings.HasPrefix(f.URL, "/") {
		f.URL = a.client.server.String() + f.URL
	}
	wrong = step.Judge(browser.Fetch(ctx, f))
	var last *answered
	for i := range a.answers {
		if a.answers[i].exchange.Preflight {
			wrong = append(wrong, step.Preflight.judge(a.answers[i], honestHead)...)
		} else {
			last = &a.answers[i]
		}
	}
	switch {
	case last != nil:
		wrong = append(wrong, step.Answer.judge(*last, honestHead)...)
	case step.Answer != nil:
		wrong = append(wrong, "the browser did not send the request")
	}
	return wrong
}

// Parts of the texts of clues. Causes look for them in the faults of a case.
const (
	clueReflected = "with the user's cookies"
	clueCached    = "a shared cache gave this answer"
)

// clues returns facts in the answers of a failed step that point to the cause, even if
// the step does not check them.
func (a *attempt) clues() (clues faults) {
	for _, got := range a.answers {
		sent, is := got.exchange.Request.Header, got.exchange.Response.Header
		if slices.Equal(sent.Values("Origin"), []string{OriginEvil}) && slices.Equal(is.Values(acao), []string{OriginEvil}) &&
			slices.Contains(is.Values(acac), "true") {
			clues.addf("scripts of %s can read the response %s", OriginEvil, clueReflected)
			break
		}
	}
	if n := len(a.answers); a.cache != nil && n > 0 && a.answers[n-1].runs < 0 {
		clues.addf("%s, which it had stored for another request", clueCached)
	}
	return clues
}

// describe prints what was sent and what came back, within bounds.
func (a *attempt) describe() string {
	var b strings.Builder
	for i, got := range a.answers {
		if i == 6 {
			fmt.Fprintf(&b, "... and %d more\n", len(a.answers)-i)
			break
		}
		b.WriteString(got.exchange.String())
	}
	return b.String()
}
