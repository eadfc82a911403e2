package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

func newFleetPush() *cobra.Command {
	var p fleetPush
	cmd := &cobra.Command{
		Use:   "push [FILE]",
		Short: "Give a policy to the fleet",
		Long: `push checks a configuration, with its profiles and its origins files, as 'corskit
check' does. It ignores CORS_* variables, because replicas do not read them. It prints
the changes from the policy in force, asks at the terminal, and gives the files to the
replicas. Without a FILE, push reads cors.yaml.

With --steps, only some replicas take the policy at first. When all of them have it
and --pause is over, push begins the next step. push ends when the last step is done:
if that is below 100%, the rollout stays there until 'corskit fleet promote'. The
rollout halts if more than --max-refused replicas refuse the policy, or if the policy
would refuse more than --max-stricter of the requests that the other replicas allow.
With --labels, only replicas with these labels take the policy.

If someone else has pushed in the meantime, push overwrites nothing.

Exit status: 0 if the policy is pushed and the rollout done, 1 if the rollout is halted,
2 if nothing was pushed or the rollout is not done.`,
		Example: `  corskit fleet push cors.yaml --message "shop.example may read"
  corskit fleet push --steps 5%,25%,100% --pause 10m --max-stricter 0.1% --yes
  corskit fleet push --steps 100% --labels region=eu
  corskit fleet push --profile prod cors.yaml`,
		Args:              between(0, 1),
		ValidArgsFunction: completeFiles,
		RunE:              p.run,
	}
	p.connection.flags(cmd)
	p.connection.writeFlags(cmd)
	f := cmd.Flags()
	f.StringVarP(&p.message, "message", "m", "", "why, for the history")
	f.StringSliceVar(&p.profiles, "profile", nil, "push only the files of these profiles, not of all")
	f.StringSliceVar(&p.steps, "steps", nil, "the percentages of replicas that take the policy, as in 5%,25%,100% (default: all at once)")
	f.DurationVar(&p.pause, "pause", 0, "how long to wait before the next step, as in 10m")
	f.StringToStringVar(&p.labels, "labels", nil, "only replicas with these labels take the policy, as in region=eu")
	f.IntVar(&p.maxRefused, "max-refused", 0, "how many replicas may refuse the policy before the rollout halts")
	f.StringVar(&p.maxStricter, "max-stricter", "",
		"the percentage of requests that the policy may newly refuse before the rollout halts, as in 0.1%")
	f.BoolVar(&p.noWait, "no-wait", false, "do not drive the steps; 'corskit fleet promote --steps' can")
	f.BoolVar(&p.strict, "strict", false, "treat warnings as faults")
	f.Uint64Var(&p.above, "above", 0, "a revision that the new one must exceed, after etcd was restored from a backup")
	f.BoolVar(&p.replace, "replace", false, "replace a head that cannot be verified, or a signed one without a key")
	f.BoolVarP(&p.yes, "yes", "y", false, "do not ask")
	return cmd
}

type fleetPush struct {
	connection  connection
	message     string
	profiles    []string
	steps       []string
	pause       time.Duration
	labels      map[string]string
	maxRefused  int
	maxStricter string
	noWait      bool
	strict      bool
	above       uint64
	replace     bool
	yes         bool
}

func (p *fleetPush) run(cmd *cobra.Command, files []string) error {
	rollout, err := p.rollout(cmd)
	if err != nil {
		return err
	}
	if files, err = orDefault(files); err != nil {
		return err
	}
	bundle, err := p.read(cmd.Context(), cmd, files[0])
	if err != nil {
		return err
	}
	return p.connection.with(cmd, func(ctx context.Context, o *operator) error { return p.push(ctx, cmd, o, bundle, rollout) })
}

// push pushes a bundle that has no faults.
func (p *fleetPush) push(ctx context.Context, cmd *cobra.Command, o *operator, bundle *fleet.Bundle, rollout *fleet.Rollout) error {
	base, err := o.base(ctx)
	if isAway(err) {
		return err
	}
	if err != nil && !p.replace {
		return fmt.Errorf("nothing was pushed: the head in etcd cannot be trusted; find out who wrote it, then add --replace: %w", err)
	}
	if base.Revision == 0 && rollout != nil {
		return usagef("nothing was pushed yet that the other replicas could keep: push without --steps and --labels first")
	}
	t := out(cmd)
	if err != nil {
		o.showUnverified(ctx, cmd, bundle)
	} else if same, err := p.showChange(ctx, cmd, o, base, bundle); err != nil {
		return err
	} else if same && rollout == nil && p.above == 0 && base.Rollout == nil {
		t.printf("revision %d is in force, and has the same files: nothing was pushed\n", base.Revision)
		return nil
	}
	question, err := o.question(ctx, "push", rollout)
	if err != nil {
		return err
	}
	if err := agree(ctx, cmd, p.yes, question, "pushed"); err != nil {
		return err
	}
	long, cancel := context.WithTimeout(ctx, o.timeout+transferTime(sizeOf(bundle)))
	defer cancel()
	opts := fleet.PushOptions{Message: p.message, Rollout: rollout, Above: p.above, Base: base, Replace: p.replace}
	if p.replace && base.Revision == 0 {
		opts.Base = nil
	}
	head, err := o.Push(long, bundle, opts)
	if err != nil {
		return err
	}
	t.printf("%s revision %d%s\n", t.style(green, "pushed"), head.Revision, o.unsignedNote())
	switch {
	case p.noWait:
		t.printf("'corskit fleet promote --steps' continues its steps\n")
		return nil
	case rollout == nil:
		t.printf("'corskit fleet status --wait' says when the replicas have it\n")
		return nil
	}
	return o.follow(ctx, cmd, t, fleet.FollowOptions{Revision: head.Revision})
}

// transferTime returns how long a transfer of size bytes to or from etcd may take, in addition
// to --timeout.
func transferTime(size int64) time.Duration {
	return 5*time.Second + time.Duration(size/(256<<10))*time.Second // 2 Mbit/s
}

// sizeOf returns the number of bytes of a bundle.
func sizeOf(b *fleet.Bundle) (n int64) {
	for _, data := range b.Files {
		n += int64(len(data))
	}
	return n
}

// unsignedNote says that a head has no signature.
func (o *operator) unsignedNote() string {
	if o.signed {
		return ""
	}
	return ", unsigned"
}

// read reads and checks the files.
func (p *fleetPush) read(ctx context.Context, cmd *cobra.Command, file string) (*fleet.Bundle, error) {
	if err := checkName(file); err != nil {
		return nil, &usageError{err}
	}
	shown := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	bundle, err := fleet.ReadBundle(ctx, file, p.profiles...)
	if err != nil {
		return nil, err
	}
	reports, err := bundle.Check(ctx, config.Options{Progress: shown.show})
	shown.clear()
	t := newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String())
	faults := printReports(t, reports, p.strict)
	if faults > 0 {
		return nil, fmt.Errorf("%s has %s, and nothing was pushed", safe(file), plural(faults, "fault"))
	}
	return bundle, err
}

// printReports prints the faults and warnings of all profiles, each once, and returns how
// many faults there are. With strict, warnings are faults.
func printReports(t terminal, reports []config.Report, strict bool) (faults int) {
	seen := make(map[string]bool)
	show := func(severity string, e *config.Error) {
		d := newDiagnostic(severity, e)
		if key := d.File + strconv.Itoa(d.Line) + ":" + strconv.Itoa(d.Column) + d.message; !seen[key] {
			seen[key] = true
			printDiagnostic(t, d)
			if severity == "error" || strict {
				faults++
			}
		}
	}
	for _, r := range reports {
		for e := range config.Errors(r.Err) {
			show("error", e)
		}
		for _, w := range r.Warnings {
			show("warning", (*config.Error)(w))
		}
	}
	return faults
}

// rollout returns the rollout that the flags describe, or nil.
func (p *fleetPush) rollout(cmd *cobra.Command) (*fleet.Rollout, error) {
	if len(p.steps) == 0 && len(p.labels) == 0 {
		if cmd.Flags().Changed("steps") {
			return nil, usagef("--steps is empty: write it like 5%%,25%%,100%%")
		}
		for _, name := range []string{"pause", "max-refused", "max-stricter", "no-wait"} {
			if err := unusedFlag(cmd.Flags(), name, "steps"); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	r := &fleet.Rollout{Labels: p.labels, Pause: p.pause, MaxRefused: p.maxRefused}
	last := 0.0
	for _, text := range p.steps {
		step, ok := percent(text)
		if !ok || step <= last {
			return nil, usagef("--steps has %q; write percentages above 0%% and in ascending order, as in 5%%,25%%,100%%", clip(text))
		}
		r.Steps = append(r.Steps, step)
		last = step
	}
	if len(r.Steps) == 0 {
		r.Steps = []float64{100}
	}
	switch {
	case p.pause < 0:
		return nil, usagef("--pause is %v; it must not be negative, as in 10m", p.pause)
	case p.maxRefused < 0:
		return nil, usagef("--max-refused is %d; it must not be negative", p.maxRefused)
	case p.maxStricter != "":
		part, ok := percent(p.maxStricter)
		if !ok {
			return nil, usagef("--max-stricter is %q; write a percentage above 0%% and at most 100%%, as in 0.1%%", clip(p.maxStricter))
		}
		r.MaxStricter = part / 100
	}
	return r, nil
}

// percent parses a percentage above 0% and at most 100%.
func percent(text string) (float64, bool) {
	digits, ok := strings.CutSuffix(strings.TrimSpace(text), "%")
	if !ok || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	p, err := strconv.ParseFloat(digits, 64)
	return p, err == nil && p > 0 && p <= 100
}

// base returns the head that a change replaces, or an empty one if there is no head.
func (o *operator) base(ctx context.Context) (*fleet.Head, error) {
	ctx, cancel := o.brief(ctx)
	defer cancel()
	head, err := o.Head(ctx)
	if fault, ok := errors.AsType[*fleet.Error](err); ok && (fault.Reason == reason.NoHead || fault.Reason == reason.Emptied) {
		return &fleet.Head{}, nil
	}
	if err != nil {
		return &fleet.Head{}, err
	}
	return head, nil
}

// isAway reports whether an error says nothing about the head, because etcd did not answer.
func isAway(err error) bool {
	fault, ok := errors.AsType[*fleet.Error](err)
	return err != nil && (!ok || fault.Reason == reason.Unavailable || fault.Reason == reason.Permission)
}

// question returns the question to ask before a change of the fleet.
func (o *operator) question(ctx context.Context, verb string, rollout *fleet.Rollout) (string, error) {
	ctx, cancel := o.brief(ctx)
	defer cancel()
	replicas, err := o.Replicas(ctx)
	if err != nil {
		return "", err
	}
	if rollout == nil {
		return fmt.Sprintf("%s to %s?", verb, plural(len(replicas), "replica")), nil
	}
	first, selected := *rollout, 0
	if len(first.Steps) > 0 {
		first.Percent = first.Steps[first.Step]
	}
	for _, r := range replicas {
		if hasLabels(r.Labels, first.Labels) {
			selected++
		}
	}
	if selected == 0 && len(replicas) > 0 {
		return "", fmt.Errorf("nothing was pushed: none of the %s that report has the labels %s; correct --labels",
			plural(len(replicas), "replica"), labelText(first.Labels))
	}
	return fmt.Sprintf("%s to %s, beginning with %s%%?", verb, plural(selected, "replica"), number(first.Percent)), nil
}

func hasLabels(have, want map[string]string) bool {
	for name, value := range want {
		if got, ok := have[name]; !ok || got != value {
			return false
		}
	}
	return true
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// agree asks at a terminal, unless yes is set. It returns an error if the answer is no, or if there
// is no terminal.
func agree(ctx context.Context, cmd *cobra.Command, yes bool, question, done string) error {
	if yes {
		return nil
	}
	stdin, ok := cmd.InOrStdin().(*os.File)
	if !ok || !isTerminal(stdin) {
		return fmt.Errorf("nothing was %s: there is no terminal to ask at; add --yes", done)
	}
	agreed, err := newAsk(cmd)(ctx, question)
	switch {
	case err != nil:
		return fmt.Errorf("nothing was %s: %w", done, err)
	case !agreed:
		return errors.New("nothing was " + done)
	}
	return nil
}
