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

// Options configures a run of the suite. The zero Options runs every case that every
// correct server passes.
type Options struct {
	// Cases are the cases to run; nil means those of [Cases].
	Cases []Case
	// Choices also runs cases with [Case].Choice, which a correct server may fail. If
	// Choices is false, cases with Again do not repeat them either.
	Choices bool
	// Filter, if not nil, reports whether to run a case.
	Filter func(Case) bool
	// KnownFailures maps the IDs of cases or rules to the reason why the
	// middleware under test fails them. These cases still run. To keep
	// the list up to date, it is an error if a case listed by its ID passes, if
	// every case of a listed rule passes, or if there is no such case or rule.
	KnownFailures map[string]string
	// Parallel is how many cases run concurrently; zero means
	// [runtime.GOMAXPROCS]. [Run] ignores it and obeys the flag -parallel.
	Parallel int
	// Thin, if greater than 1, makes each case with Again repeat only one in Thin of the
	// other cases. Different cases repeat different cases, and the choice is the same in
	// every run. Zero means all, or one in 32 in a test with -short.
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
	// Cause says what the middleware does wrong. Failures of one cause have the same
	// Cause, Fix and Security. It is empty unless the Outcome is Fail or UnexpectedPass.
	Cause    string `json:"cause,omitempty"`
	Fix      string `json:"fix,omitempty"`      // what to change
	Security bool   `json:"security,omitempty"` // the failure may give strangers access, or let them do harm
}

// Report is the result of a run of the suite. Its JSON form is stable.
type Report struct {
	Results []Result        `json:"results"` // in the order of the cases, then unknown entries of KnownFailures
	Counts  map[Outcome]int `json:"counts"`
	// LeftOut is how many cases did not run because [Options].Choices is false.
	LeftOut int `json:"leftOut,omitempty"`
}

// Err returns an error if a case failed or passed unexpectedly, or if more than half of the
// cases were unsupported. The error is meant for people. It groups the cases by cause, those
// about security first. Each group has a fix, the IDs of its cases and the message of one of
// them. A summary is at the end.
func (r Report) Err() error {
	if message := r.failure(true); message != "" {
		return errors.New(message)
	}
	return nil
}

// failure returns the text of Err, or "". If examples is false, it omits the messages of
// cases.
func (r Report) failure(examples bool) string {
	groups, most := r.groups(), r.skippedMost()
	if len(groups) == 0 && most == "" {
		return ""
	}
	var b strings.Builder
	for _, g := range groups {
		b.WriteString(g.text(examples) + "\n")
	}
	if most != "" {
		b.WriteString(most + "\n\n")
	}
	b.WriteString(r.summary(groups))
	return b.String()
}

// all returns all cases, including those that the other options do not select. The caller
// must not change them.
func (o Options) all() []Case {
	if o.Cases == nil {
		return sharedCases()
	}
	return o.Cases
}

// askable returns the cases that cases with Again may repeat: all cases, including those that
// Filter does not select, but choices only if Choices is set.
func (o Options) askable() []Case {
	cases := o.all()
	if o.Choices {
		return cases
	}
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.Choice })
}

// cases returns the cases to run, and how many choices are left out.
func (o Options) cases() (cases []Case, leftOut int) {
	for _, c := range o.all() {
		switch {
		case o.Filter != nil && !o.Filter(c):
		case c.Choice && !o.Choices:
			leftOut++
		default:
			cases = append(cases, c)
		}
	}
	return cases, leftOut
}

// unknown returns the known failures that name neither a case nor a rule.
// Cases that are left out count as known.
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
				ID: id, Rule: id, Outcome: UnexpectedPass, Cause: passCause.title, Fix: passCause.fix,
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
	cases, leftOut := opts.cases()
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
	return report(append(results, opts.unknown()...), leftOut)
}

// report counts results.
func report(results []Result, leftOut int) Report {
	r := Report{Results: results, Counts: make(map[Outcome]int), LeftOut: leftOut}
	for _, result := range results {
		r.Counts[result.Outcome]++
	}
	return r
}

// Run runs the suite against a mount, each case as a parallel subtest named by
// the case's ID. Unsupported cases and known failures are skipped, with the
// reason. At the end, Run prints what [Report.Err] returns. Each subtest prints its
// own message only with -v. Run uses only the first Options.
//
// The test also fails if more than half of the cases were unsupported, unless the flag
// -run selects cases.
func Run(t *testing.T, mount Mount, opts ...Options) {
	t.Helper()
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	s := newSuite(mount, o)
	cases, leftOut := o.cases()
	results := make([]*Result, len(cases))
	for i, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			result := s.result(t.Context(), c)
			results[i] = &result
			tell(t, result)
		})
	}
	t.Cleanup(func() {
		s.close()
		late := s.late()
		var ran []Result
		for i, r := range results {
			if r == nil {
				continue
			}
			if message, ok := late[r.ID]; ok && r.Outcome == Pass {
				*r = s.judged(cases[i], []string{message}, "")
			}
			ran = append(ran, *r)
		}
		whole := len(ran) == len(cases)
		if whole { // with -run only some cases ran, so whole rules cannot be judged
			s.settleRules(ran)
		}
		report := report(append(ran, o.unknown()...), leftOut)
		groups := report.groups()
		switch {
		case len(groups) > 0, whole && report.skippedMost() != "":
			t.Errorf("\n%s", report.failure(!testing.Verbose()))
		default:
			t.Log(report.summary(nil))
		}
	})
}

// tell reports a result to the case's subtest.
func tell(t *testing.T, r Result) {
	t.Helper()
	switch r.Outcome {
	case Fail, UnexpectedPass:
		if testing.Verbose() {
			t.Errorf("%s: %s (%s)\n%s", r.Outcome, r.Reason, r.Source, r.Message)
			return
		}
		t.Fail() // the text at the end of the run says why
	case KnownFailure, Unsupported:
		t.Skipf("%s: %s", r.Outcome, r.Message)
	}
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
		result.blame(causeOf(c, failures))
	case isKnown && c.ID != c.Rule:
		result.Outcome, result.Message = UnexpectedPass, "declared as a known failure: "+known
		result.blame(passCause)
	default:
		result.Outcome = Pass
	}
	return result
}

// passCause is the cause of unexpected passes.
var passCause = cause{
	title: "known failures pass, or name no case or rule",
	fix:   "remove the entries from Options.KnownFailures",
}

func (r *Result) blame(c cause) { r.Cause, r.Fix, r.Security = c.title, c.fix, c.security }

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

// settleRules marks the cases of a rule as unexpected passes if the rule is declared as a
// known failure and none of its cases failed.
func (s *suite) settleRules(results []Result) {
	for rule, reason := range s.opts.KnownFailures {
		ran, failed := false, false
		for _, r := range results {
			ran = ran || r.Rule == rule
			failed = failed || r.Rule == rule && r.Outcome != Pass
		}
		if !ran || failed {
			continue
		}
		for i := range results {
			if results[i].Rule == rule {
				results[i].Outcome, results[i].Message = UnexpectedPass, "declared as a known failure: "+reason
				results[i].blame(passCause)
			}
		}
	}
}
