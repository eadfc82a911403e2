package main

import (
	"context"
	"slices"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// shadowed is how the shadow of a file decides a fetch, in the JSON output.
type shadowed struct {
	// Difference is stricter or looser if only one of the two allows the fetch. Otherwise it
	// is how an observer of the server classes the requests, which also counts what the
	// fetch does not use, such as credentials.
	Difference core.Difference `json:"difference"`
	Verdict    verdict         `json:"verdict"`
	Fix        string          `json:"fix,omitempty"`
	Exchanges  []exchange      `json:"exchanges"`
}

// shadow returns how the shadow decides a fetch. The server has answered its requests, and
// inForce is the verdict on these answers. It returns nil if the file has no shadow or the
// browser sent nothing.
func (x *explain) shadow(ctx context.Context, c *config.Config, server *modelServer, inForce browsermodel.Verdict) *shadowed {
	if c.Shadow == nil || len(server.requests) == 0 {
		return nil
	}
	engine := c.Engine()
	trial := modelServer{policies: c.Shadow.Policies, fetch: server.fetch, reading: server.reading}
	trial.explain = func(ctx context.Context, r core.Request) core.Explanation {
		explanation, _ := engine.ExplainShadow(ctx, r)
		return explanation
	}
	v := x.ask(ctx, &trial)
	result := &shadowed{
		Difference: core.ShadowLooser, Verdict: verdictOf(v), Fix: trial.fix(v), Exchanges: trial.exchanges(v),
	}
	switch {
	case inForce.Allowed && !v.Allowed:
		result.Difference = core.ShadowStricter
	case inForce.Allowed == v.Allowed:
		result.Difference = differenceFor(ctx, engine, server.requests)
	}
	if fault := originFault(server.fetch.Origin); v.Allowed && fault != "" { // by *
		result.Verdict = verdict{Code: codeNoOrigin, Text: fault}
	}
	return result
}

// differences is an observer that keeps how the shadow differs.
type differences []core.Difference

func (d *differences) Observe(_ context.Context, o *core.Observation) { *d = append(*d, o.Shadow) }

// differenceFor returns how the shadow differs for the requests: looser if it is looser for
// any, otherwise stricter if it is stricter for any.
func differenceFor(ctx context.Context, engine *core.Engine, requests []core.Request) core.Difference {
	var all differences
	stop := engine.Observe(&all)
	defer stop()
	for _, r := range requests {
		engine.Decide(ctx, r)
	}
	for _, d := range []core.Difference{core.ShadowLooser, core.ShadowStricter} {
		if slices.Contains(all, d) {
			return d
		}
	}
	return core.ShadowSame
}

// print prints the steps that the policies in force do not have, and the verdict.
func (s *shadowed) print(t terminal, inForce []exchange) {
	what := "the same as the policies in force"
	switch s.Difference {
	case core.ShadowStricter:
		what = "stricter than the policies in force"
	case core.ShadowLooser:
		what = "looser than the policies in force"
	}
	t.printf("\n%s %s\n", t.style(bold, "shadow:"), what)
	if s.Difference == core.ShadowSame {
		return
	}
	for i, e := range s.Exchanges {
		for _, step := range e.Steps {
			if i >= len(inForce) || !slices.Contains(inForce[i].Steps, step) {
				t.printf("    %s %s\n", t.style(cyan, padded(step.Code, 24)), step.Text)
			}
		}
	}
	printVerdict(t, s.Verdict, "fix in the shadow", s.Fix, nil)
}
