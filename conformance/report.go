package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Options configures a run of the suite. The zero Options runs every case.
type Options struct {
	// Cases are the cases to run; nil means those of [Cases].
	Cases []Case
	// Filter, if not nil, selects among them.
	Filter func(Case) bool
	// KnownFailures maps the IDs of cases or rules to the reason why the
	// middleware under test fails them. These cases still run. To keep
	// the list up to date, it is an error if a case listed by its ID passes, if
	// every case of a listed rule passes, or if there is no such case or rule.
	KnownFailures map[string]string
	// Parallel is how many cases run concurrently; zero means
	// [runtime.GOMAXPROCS]. [Run] ignores it and obeys the flag -parallel.
	Parallel int
	// Thin, if greater than 1, lets each case with Again ask only one in so many of the
	// other cases; different cases ask different ones, the same in every run. Zero means
	// all, or one in 32 in a test with -short.
	Thin int
}

// Outcome is the outcome of a case.
type Outcome string

// The outcomes.
const (
	Pass           Outcome = "pass"
	Fail           Outcome = "fail"
	KnownFailure   Outcome = "known-failure"   // failed, as declared
	UnexpectedPass Outcome = "unexpected-pass" // passed, although declared as failing
	Unsupported    Outcome = "unsupported"     // the mount cannot express it
)

// Result is the outcome of one case.
type Result struct {
	ID      string  `json:"id"`
	Rule    string  `json:"rule"`
	Outcome Outcome `json:"outcome"`
	Choice  bool    `json:"choice,omitempty"` // see [Case]
	Reason  string  `json:"reason"`
	Source  string  `json:"source"`
	// Message says what is wrong, what was sent, what came back, the text of the
	// rule and the policies; or why the case is unsupported or a known failure.
	// It is bounded.
	Message string `json:"message,omitempty"`
}

// Report is the result of a run of the suite. Its JSON form is stable.
type Report struct {
	Results []Result        `json:"results"` // in the order of the cases, then unknown entries of KnownFailures
	Counts  map[Outcome]int `json:"counts"`
}

// Err returns an error that names every case that failed or passed
// unexpectedly, or nil.
func (r Report) Err() error {
	var errs []error
	for _, result := range r.Results {
		if result.Outcome == Fail || result.Outcome == UnexpectedPass {
			errs = append(errs, fmt.Errorf("%s: %s: %s", result.ID, result.Outcome, result.Message))
		}
	}
	return errors.Join(errs...)
}

// all returns the cases, whether Filter selects them or not.
func (o Options) all() []Case {
	if o.Cases == nil {
		return Cases()
	}
	return o.Cases
}

func (o Options) cases() []Case {
	cases := o.all()
	if o.Filter == nil {
		return cases
	}
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !o.Filter(c) })
}

// unknown returns the known failures that name neither a case nor a rule.
// Cases that Filter leaves out count as known.
func (o Options) unknown() []Result {
	if len(o.KnownFailures) == 0 {
		return nil
	}
	is := make(map[string]bool)
	for _, c := range o.all() {
		is[c.ID], is[c.Rule] = true, true
	}
	var results []Result
	for _, id := range slices.Sorted(maps.Keys(o.KnownFailures)) {
		if !is[id] {
			results = append(results, Result{
				ID: id, Rule: id, Outcome: UnexpectedPass,
				Message: "declared as a known failure (" + o.KnownFailures[id] + "), but there is no such case or rule",
			})
		}
	}
	return results
}

// Check runs the suite against a mount. It needs no *testing.T. Cases that have
// not run when ctx is done fail.
func Check(ctx context.Context, mount Mount, opts Options) Report {
	s := newSuite(mount, opts)
	cases := opts.cases()
	results := make([]Result, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	for range cmp.Or(max(opts.Parallel, 0), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				results[i] = s.result(ctx, cases[i])
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	s.close()
	for id, message := range s.late() {
		for i := range results {
			if results[i].ID == id && results[i].Outcome == Pass {
				results[i] = s.judged(cases[i], []string{message}, "")
			}
		}
	}
	s.settleRules(results)
	results = append(results, opts.unknown()...)
	report := Report{Results: results, Counts: make(map[Outcome]int)}
	for _, result := range results {
		report.Counts[result.Outcome]++
	}
	return report
}

// Run runs the suite against a mount, each case as a parallel subtest named by
// the case's ID. Unsupported cases and known failures are skipped, with the
// reason. Run uses at most one Options.
func Run(t *testing.T, mount Mount, opts ...Options) {
	t.Helper()
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	for _, r := range o.unknown() {
		t.Errorf("%s: %s", r.ID, r.Message)
	}
	s := newSuite(mount, o)
	cases := o.cases()
	var mu sync.Mutex
	var results []Result
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			result := s.result(t.Context(), c)
			mu.Lock()
			results = append(results, result)
			mu.Unlock()
			switch result.Outcome {
			case Fail, UnexpectedPass:
				t.Errorf("%s: %s (%s)\n%s", result.Outcome, c.Reason, c.Source, result.Message)
			case KnownFailure, Unsupported:
				t.Skipf("%s: %s", result.Outcome, result.Message)
			}
		})
	}
	t.Cleanup(func() {
		s.close()
		for id, message := range s.late() {
			for _, r := range results {
				if r.ID == id && r.Outcome == Pass {
					t.Errorf("%s: %s", id, message)
				}
			}
		}
		// With -run only some cases ran, which says nothing about whole rules.
		if len(results) == len(cases) {
			for _, rule := range s.settleRules(results) {
				t.Errorf("%s is declared as a known failure (%s), but none of its cases fails", rule, o.KnownFailures[rule])
			}
		}
	})
}

// maxFailures is how many failures of a case a message contains.
const maxFailures = 4

// result runs a case.
func (s *suite) result(ctx context.Context, c Case) Result {
	failures, unsupported := s.run(ctx, c)
	return s.judged(c, failures, unsupported)
}

// judged returns the result of a case.
func (s *suite) judged(c Case, failures []string, unsupported string) Result {
	result := Result{ID: c.ID, Rule: c.Rule, Choice: c.Choice, Reason: c.Reason, Source: c.Source}
	if more := len(failures) - maxFailures; more > 0 {
		failures = append(failures[:maxFailures], fmt.Sprintf("and %d more", more))
	}
	failure := strings.Join(failures, "\n") + c.context()
	known, isKnown := s.opts.KnownFailures[c.ID]
	ofRule, isOfRule := s.opts.KnownFailures[c.Rule]
	if !isKnown {
		known = ofRule
	}
	switch {
	case unsupported != "":
		result.Outcome, result.Message = Unsupported, unsupported
	case len(failures) > 0 && (isKnown || isOfRule):
		result.Outcome, result.Message = KnownFailure, known+"\n"+failure
	case len(failures) > 0:
		result.Outcome, result.Message = Fail, failure
	case isKnown && c.ID != c.Rule:
		result.Outcome, result.Message = UnexpectedPass, "declared as a known failure: "+known
	default:
		result.Outcome = Pass
	}
	return result
}

// context says which rule the case tests, and with which policies.
func (c Case) context() string {
	var b strings.Builder
	if r := ruleOf(c.Rule); r.Text != "" {
		fmt.Fprintf(&b, "\nrule %s: %s", r.ID, r.Text)
	}
	if c.Again != nil {
		return b.String()
	}
	fmt.Fprintf(&b, "\npolicy: %s", strings.ReplaceAll(describe(c.Setup), "\n", "\n        "))
	return b.String()
}

// settleRules returns the rules that are declared as known failures although
// none of their cases failed, and marks these cases.
func (s *suite) settleRules(results []Result) []string {
	var passed []string
	for rule, reason := range s.opts.KnownFailures {
		ran, failed := false, false
		for _, r := range results {
			ran = ran || r.Rule == rule
			failed = failed || r.Rule == rule && r.Outcome != Pass
		}
		if !ran || failed {
			continue
		}
		passed = append(passed, rule)
		for i := range results {
			if results[i].Rule == rule {
				results[i].Outcome, results[i].Message = UnexpectedPass, "declared as a known failure: "+reason
			}
		}
	}
	slices.Sort(passed)
	return passed
}
