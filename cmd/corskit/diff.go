package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

func newDiff() *cobra.Command {
	var d diff
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what a change of the configuration allows and refuses",
		Long: `diff compares what two configurations do, not how they are written: both engines
are asked about every origin and route that either file names, and about a
stranger's origin. For a pattern, a few origins that it matches stand for all.

CORS_* environment variables are left out unless --env is given.

Exit status: 0 if there is no difference, 1 if there is one, 2 if a file is not
sound.`,
		Example: `  corskit diff cors.yaml cors.new.yaml
  git show HEAD:cors.yaml > /tmp/old.yaml; corskit diff /tmp/old.yaml cors.yaml
  corskit diff --format json old.yaml new.yaml`,
		Args:              args(cobra.ExactArgs(2)),
		ValidArgsFunction: completeFiles,
		RunE:              d.run,
	}
	cmd.Flags().StringVar(&d.source.profile, "profile", "", "the profile of both files")
	cmd.Flags().BoolVar(&d.env, "env", false, "lay CORS_* environment variables over both files")
	cmd.Flags().StringVar(&d.format, "format", "text", "the output: text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

type diff struct {
	source source
	env    bool
	format string
}

// change is one difference, and all origins that it applies to.
type change struct {
	Route   string   `json:"route,omitempty"` // empty: every request
	Effect  string   `json:"effect"`          // allowed, refused or changed
	Origins []string `json:"origins"`         // as the files write them; ", such as" one, if not all that a pattern stands for
	Gained  []string `json:"gained,omitempty"`
	Lost    []string `json:"lost,omitempty"`
}

func (d *diff) run(cmd *cobra.Command, files []string) error {
	if err := oneOf("format", d.format, "text", "json"); err != nil {
		return err
	}
	d.source.noEnv = !d.env
	before, err := d.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	after, err := d.source.read(cmd, files[1])
	if err != nil {
		return err
	}
	changes := compare(cmd.Context(), before, after)
	if d.format == "json" {
		err = printJSON(cmd.OutOrStdout(), changes)
	} else {
		printChanges(out(cmd), changes)
		if expressionsDiffer(before, after) {
			t := out(cmd)
			t.printf("%s regular expressions differ, which are tried on a few origins only\n", t.style(yellow, "note:"))
		}
	}
	if err == nil && len(changes) > 0 {
		err = errNo
	}
	return err
}

// compare asks both configurations the same questions.
func compare(ctx context.Context, before, after *config.Config) []change {
	changes := []change{}
	patterns := samples(before, after)
	for _, r := range routesOf(ctx, before, after) {
		byText := make(map[string]int)        // index in changes
		byOutcome := make(map[[2]outcome]int) // the same, or none
		byOrigin := make(map[string]int, len(patterns))
		at := func(origin string) int {
			if i, known := byOrigin[origin]; known {
				return i
			}
			pair := [2]outcome{decide(ctx, before, r, origin), decide(ctx, after, r, origin)}
			i, known := byOutcome[pair]
			if !known {
				i = none
				if c := difference(before, after, pair); c.Effect != "" {
					c.Route = r.name
					text := strings.Join([]string{c.Effect, strings.Join(c.Gained, "\n"), strings.Join(c.Lost, "\n")}, "\x00")
					if i, known = byText[text]; !known {
						i = len(changes)
						byText[text] = i
						changes = append(changes, c)
					}
				}
				byOutcome[pair] = i
			}
			byOrigin[origin] = i
			return i
		}
		named := make(map[string]bool)
		name := func(i int, what string) {
			if i != none && !named[what] {
				named[what] = true
				changes[i].Origins = append(changes[i].Origins, what)
			}
		}
		for _, p := range patterns {
			first := at(p.origins[0])
			if !slices.ContainsFunc(p.origins, func(o string) bool { return at(o) != first }) {
				name(first, p.name)
				continue
			}
			told := map[int]bool{}
			for _, o := range p.origins {
				if i := at(o); !told[i] {
					told[i] = true
					name(i, p.name+", such as "+o)
				}
			}
		}
	}
	return changes
}

// none is the index of no change.
const none = -1

// outcome is what a configuration makes of a request.
type outcome struct {
	allowed bool
	policy  string
	status  int
}

func decide(ctx context.Context, c *config.Config, r routeSample, origin string) outcome {
	d := c.Engine().Decide(ctx, r.request(origin))
	return outcome{d.Allowed, d.Policy, d.Status}
}

// difference is the change from one outcome to the other. Its Effect is empty if
// there is none.
func difference(before, after *config.Config, pair [2]outcome) change {
	was, is := pair[0].rights(before), pair[1].rights(after)
	c := change{Gained: without(is, was), Lost: without(was, is)}
	switch {
	case pair[1].allowed && !pair[0].allowed:
		c.Effect = "allowed"
	case pair[0].allowed && !pair[1].allowed:
		c.Effect = "refused"
	case len(c.Gained)+len(c.Lost) > 0:
		c.Effect = "changed"
	}
	return c
}

func (o outcome) rights(c *config.Config) []string {
	if !o.allowed {
		if o.status != 0 {
			return []string{"an answer of 403"}
		}
		return nil
	}
	i := slices.IndexFunc(c.Policies, func(p core.Policy) bool { return p.Name == o.policy })
	if i < 0 {
		return nil
	}
	return rights(c.Policies[i])
}

// rights are what a policy lets its origins do, in words.
func rights(p core.Policy) []string {
	var list []string
	each := func(what string, values []string, always ...string) {
		var seen []string
		for _, v := range append(always, values...) {
			if !slices.Contains(seen, v) {
				seen = append(seen, v)
				list = append(list, what+" "+v)
			}
		}
	}
	each("method", p.AllowMethods, "GET", "HEAD", "POST")
	each("request header", lower(p.AllowHeaders))
	each("response header", lower(p.ExposeHeaders))
	if p.AllowCredentials {
		list = append(list, "credentials")
	}
	if p.AllowPrivateNetwork {
		list = append(list, "private network access")
	}
	switch {
	case p.MaxAge == core.NoPreflightCache:
		list = append(list, "max_age disabled")
	case p.MaxAge != 0:
		list = append(list, "max_age "+strconv.FormatInt(int64(p.MaxAge/time.Second), 10)+"s")
	}
	return list
}

func lower(values []string) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strings.ToLower(v)
	}
	return list
}

func without(list, remove []string) []string {
	var kept []string
	for _, s := range list {
		if !slices.Contains(remove, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// maxListed bounds how many origins of one change are printed.
const maxListed = 10

func printChanges(t terminal, changes []change) {
	if len(changes) == 0 {
		t.printf("no difference\n")
		return
	}
	for _, c := range changes {
		mark, how, what := "~", yellow, "may do other things"
		switch c.Effect {
		case "allowed":
			mark, how, what = "+", green, "may now read responses"
		case "refused":
			mark, how, what = "-", red, "may no longer read responses"
		}
		where := ""
		if c.Route != "" {
			where = " of " + safe(c.Route)
		}
		t.printf("%s\n", t.style(how, mark+" "+what+where))
		for i, o := range c.Origins {
			if i == maxListed {
				t.printf("    ... and %d more\n", len(c.Origins)-i)
				break
			}
			t.printf("    %s\n", safe(o))
		}
		for _, g := range grouped(c.Gained) {
			t.printf("  %s\n", t.style(green, "+ "+safe(g)))
		}
		if c.Effect == "refused" {
			continue // all is lost
		}
		for _, l := range grouped(c.Lost) {
			t.printf("  %s\n", t.style(red, "- "+safe(l)))
		}
	}
}

// grouped puts the rights of a kind on one line.
func grouped(rights []string) []string {
	var lines []string
	last := ""
	for _, r := range rights {
		i := strings.LastIndexByte(r, ' ')
		if kind := r[:max(i, 0)]; kind != "" && kind == last {
			lines[len(lines)-1] += ", " + r[i+1:]
		} else {
			lines, last = append(lines, r), kind
		}
	}
	return lines
}
