package main

import (
	"context"
	"regexp/syntax"
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
stranger's origin. For a pattern, one origin that it matches stands for all.

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
	Origins []string `json:"origins"`         // as the files write them
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
	}
	if err == nil && len(changes) > 0 {
		err = errNo
	}
	return err
}

// compare asks both configurations the same questions.
func compare(ctx context.Context, before, after *config.Config) []change {
	changes := []change{}
	index := make(map[string]int)
	origins := samples(before, after)
	for _, r := range routesOf(before, after) {
		for _, o := range origins {
			was, is := permitted(ctx, before, r, o.origin), permitted(ctx, after, r, o.origin)
			c := change{Route: r.name, Gained: without(is.rights, was.rights), Lost: without(was.rights, is.rights)}
			switch {
			case is.allowed && !was.allowed:
				c.Effect = "allowed"
			case was.allowed && !is.allowed:
				c.Effect = "refused"
			case len(c.Gained)+len(c.Lost) > 0:
				c.Effect = "changed"
			default:
				continue
			}
			key := strings.Join([]string{r.name, c.Effect, strings.Join(c.Gained, "\n"), strings.Join(c.Lost, "\n")}, "\x00")
			i, known := index[key]
			if !known {
				i = len(changes)
				index[key] = i
				changes = append(changes, c)
			}
			changes[i].Origins = append(changes[i].Origins, o.name)
		}
	}
	return changes
}

// permission is what one origin may do.
type permission struct {
	allowed bool
	rights  []string
}

func permitted(ctx context.Context, c *config.Config, r routeSample, origin string) permission {
	d := c.Engine().Decide(ctx, core.Request{
		Method: "GET", Host: r.host, Path: r.path, Origin: []string{origin}, SecFetchSite: []string{"cross-site"},
	})
	if !d.Allowed {
		if d.Status != 0 {
			return permission{rights: []string{"an answer of 403"}}
		}
		return permission{}
	}
	i := slices.IndexFunc(c.Policies, func(p core.Policy) bool { return p.Name == d.Policy })
	if i < 0 {
		return permission{allowed: true}
	}
	return permission{true, rights(c.Policies[i])}
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

// routeSample is a request that stands for those of a route.
type routeSample struct{ name, host, path string }

func routesOf(configs ...*config.Config) []routeSample {
	list := []routeSample{{"", defaultHost, "/"}}
	for _, c := range configs {
		for _, r := range c.Routes {
			s := routeSample{r.Host + r.Path, r.Host, r.Path}
			if s.host == "" {
				s.host = defaultHost
			}
			if s.path == "" {
				s.path = "/"
			}
			if strings.HasSuffix(s.path, "/") && s.path != "/" {
				s.path += "corskit-sample"
			}
			if !slices.ContainsFunc(list, func(have routeSample) bool { return have.host == s.host && have.path == s.path }) {
				list = append(list, s)
			}
		}
	}
	if len(list) > 1 {
		list[0].name = "elsewhere"
	}
	return list
}

// originSample is an origin that stands for those of a pattern.
type originSample struct{ name, origin string }

// sampleLabel stands for what * may stand for inside a host.
const sampleLabel = "corskit-sample"

// stranger is an origin that nobody has (RFC 2606).
const stranger = "https://corskit-sample.invalid"

func samples(configs ...*config.Config) []originSample {
	list := []originSample{{"any other origin", stranger}}
	seen := map[string]bool{stranger: true}
	for _, c := range configs {
		for _, p := range c.Policies {
			for _, pattern := range p.AllowOrigins {
				if o := sample(pattern); o != "" && !seen[o] {
					seen[o] = true
					list = append(list, originSample{pattern, o})
				}
			}
		}
	}
	return list
}

// sample returns an origin that a pattern matches, or "" if it finds none.
func sample(pattern string) string {
	switch {
	case pattern == "*":
		return stranger
	case pattern == "@loopback":
		return "http://127.0.0.1:49151"
	case strings.HasPrefix(pattern, "regexp:"):
		re, err := syntax.Parse(strings.TrimPrefix(pattern, "regexp:"), syntax.Perl)
		if err != nil {
			return ""
		}
		return match(re.Simplify())
	}
	pattern = strings.TrimSuffix(pattern, ":*")
	if i := strings.LastIndexByte(pattern, ':'); i >= 0 && !strings.Contains(pattern[i:], "]") && !strings.Contains(pattern[i:], "/") {
		if low, _, isRange := strings.Cut(pattern[i+1:], "-"); isRange {
			pattern = pattern[:i+1] + low
		}
	}
	return strings.ReplaceAll(pattern, "*", sampleLabel)
}

// match returns a string that an expression matches, preferring small letters.
func match(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= 'a' && 'a' <= re.Rune[i+1] {
				return "a"
			}
		}
		if len(re.Rune) > 0 {
			return string(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture, syntax.OpPlus:
		return match(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(match(re.Sub[0]), re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(match(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return match(re.Sub[0])
	}
	return ""
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
