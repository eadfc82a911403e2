package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/fleet"
)

// showChange prints what a bundle changes against the policy in force, and reports whether
// its files are the same.
func (p *fleetPush) showChange(
	ctx context.Context, cmd *cobra.Command, o *operator, base *fleet.Head, bundle *fleet.Bundle,
) (same bool, err error) {
	t := out(cmd)
	if base.Revision == 0 {
		t.printf("nothing is in force yet\n")
		return false, nil
	}
	printRollout(t, base)
	before, err := o.files(ctx, base.Stable)
	if err != nil {
		return false, err
	}
	if before == nil {
		printNoFiles(t, base.Stable)
		return false, nil
	}
	if sameFiles(before, bundle) {
		return true, nil
	}
	t.printf("compared with revision %d, in force since %s:\n", base.Stable.Pushed, moment(base.Time))
	printBundleDiff(ctx, cmd, before, bundle)
	return false, nil
}

// showUnverified prints what a bundle changes against a head that cannot be verified, if that
// head can be read.
func (o *operator) showUnverified(ctx context.Context, cmd *cobra.Command, bundle *fleet.Bundle) {
	t := out(cmd)
	brief, cancel := o.brief(ctx)
	defer cancel()
	head, err := o.claimed.Head(brief)
	if err != nil {
		t.printf("%s the head in force cannot be read: no difference can be shown\n", t.style(yellow, "note:"))
		return
	}
	note := t.style(yellow, "note:") + fmt.Sprintf(" revision %d cannot be verified with these keys", head.Revision)
	long, cancel := context.WithTimeout(ctx, o.timeout+transferTime(head.Stable.Size))
	defer cancel()
	files, err := o.claimed.Bundle(long, head.Stable)
	switch {
	case err != nil:
		t.printf("%s; no difference can be shown\n", note)
	case sameFiles(files, bundle):
		t.printf("%s; it has the same files\n", note)
	default:
		t.printf("%s; the difference is against what it claims\n", note)
		printRollout(t, head)
		printBundleDiff(ctx, cmd, files, bundle)
	}
}

// printNoFiles says why there is no difference to print.
func printNoFiles(t terminal, ref fleet.Reference) {
	t.printf("%s the files of revision %d are damaged or missing: no difference can be shown\n", t.style(yellow, "note:"), ref.Pushed)
}

// files returns a bundle, or nil if it is damaged or missing.
func (o *operator) files(ctx context.Context, ref fleet.Reference) (*fleet.Bundle, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout+transferTime(ref.Size))
	defer cancel()
	b, err := o.Bundle(ctx, ref)
	if err != nil && !isAway(err) {
		return nil, nil
	}
	return b, err
}

func sameFiles(a, b *fleet.Bundle) bool {
	if a.Entry != b.Entry || len(a.Files) != len(b.Files) {
		return false
	}
	for name, data := range a.Files {
		other, ok := b.Files[name]
		if !ok || string(other) != string(data) {
			return false
		}
	}
	return true
}

// printBundleDiff prints the differences of two bundles, for each profile. Profiles with the
// same differences share one list.
func printBundleDiff(ctx context.Context, cmd *cobra.Command, before, after *fleet.Bundle) {
	t := out(cmd)
	shown := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	var all []profileDiff
	profiles := slices.Clone(after.Profiles)
	for _, profile := range before.Profiles {
		if !slices.Contains(profiles, profile) {
			profiles = append(profiles, profile)
		}
	}
	for _, profile := range profiles {
		d := diffProfile(ctx, profile, before, after, shown.show)
		if i := slices.IndexFunc(all, func(other profileDiff) bool { return other.text == d.text }); i >= 0 {
			all[i].profiles = append(all[i].profiles, profile)
		} else {
			d.profiles = []string{profile}
			all = append(all, d)
		}
	}
	shown.clear()
	for _, d := range all {
		if len(all) > 1 {
			t.printf("%s\n", t.style(bold, profileNames(d.profiles)+":"))
		}
		if d.note != "" {
			t.printf("%s %s\n", t.style(yellow, "note:"), d.note)
			continue
		}
		d.result.print(t)
	}
}

// profileDiff is the difference of two bundles for a profile.
type profileDiff struct {
	profiles []string
	result   compared
	note     string // why there is no result
	text     string // to compare
}

func diffProfile(ctx context.Context, profile string, before, after *fleet.Bundle, show func(config.Progress)) profileDiff {
	var d profileDiff
	was, err := readProfile(ctx, before, profile)
	is, err2 := readProfile(ctx, after, profile)
	switch {
	case err != nil && err2 != nil:
		d.note = "neither policy is valid"
	case err != nil:
		d.note = "only the new policy is valid: replicas refuse the one in force"
	case err2 != nil:
		d.note = "only the policy in force is valid: replicas will refuse the new one"
	default:
		d.result = compared{was: spellingsIn(was, before), is: spellingsIn(is, after)}
		d.result.Changes, d.result.Notes = compare(ctx, was, is, show)
		d.result.compareShadows(ctx, was, is, show)
	}
	d.text = d.note + fmt.Sprintf("%+v", d.result)
	return d
}

func readProfile(ctx context.Context, b *fleet.Bundle, profile string) (*config.Config, error) {
	return config.Read(ctx, b.Source(), b.Entry, config.Options{Profile: profile, Environ: []string{}})
}

// spellingsIn returns how the files of a bundle spell durations.
func spellingsIn(c *config.Config, b *fleet.Bundle) map[string]string {
	return spellings(c, func(name string) []byte { return b.Files[name] })
}

func profileNames(profiles []string) string {
	var names []string
	for _, p := range profiles {
		if p == "" {
			names = append(names, "without a profile")
		} else {
			names = append(names, "with profile "+safe(p))
		}
	}
	return strings.Join(names, ", ")
}
