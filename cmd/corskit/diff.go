package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func newDiff() *cobra.Command {
	var d diff
	cmd := &cobra.Command{
		Use:   "diff OLD [NEW]",
		Short: "Report what a configuration change allows and refuses",
		Long: `diff compares what two configurations do, not how they are written. It makes an engine
from each file and asks both about every origin and route that either file names, and
about an origin that neither names. A pattern or regular expression matches many
origins: diff groups them by the other entries that match them, and asks about one
origin of each group, so it misses no difference. A note names the entries that are
too complex for that.

With one file, diff compares the policies in force with the shadow of the file. With
two files, it also compares their shadows, if either has one. For a file without a
shadow, its policies take the place of the shadow.

With --traffic, diff asks both about the requests in a log that observe.Log wrote, or
about those that an inspector remembers, and counts the requests whose answer changes.

CORS_* environment variables are ignored unless --env is given.

Exit status: 0 if there is no difference, 1 if there is one, 2 if a file has
faults.`,
		Example: `  corskit diff cors.yaml cors.new.yaml
  git show HEAD:cors.yaml > /tmp/old.yaml; corskit diff /tmp/old.yaml cors.yaml
  corskit diff cors.yaml  # what its shadow would change
  corskit diff cors.yaml cors.new.yaml --traffic decisions.jsonl
  corskit diff --format json old.yaml new.yaml`,
		Args:              between(1, 2),
		ValidArgsFunction: completeFiles,
		RunE:              d.run,
	}
	cmd.Flags().StringVar(&d.source.profile, "profile", "", "the profile for both files, such as prod to merge their .prod files")
	cmd.Flags().BoolVar(&d.env, "env", false, "apply CORS_* environment variables to both files")
	cmd.Flags().StringVar(&d.traffic, "traffic", "",
		"compare the answers to these requests: a log of observe.Log in JSON, - for standard input, or the URL of an inspector")
	cmd.Flags().StringVar(&d.format, "format", "text", "output format: text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

type diff struct {
	source  source
	env     bool
	traffic string
	format  string
}

// change is one difference, and the origins to which it applies.
type change struct {
	Shadow  bool     `json:"shadow,omitempty"` // a change of the shadow, which allows and refuses nothing
	Route   string   `json:"route,omitempty"`  // empty if there are no routes
	Effect  string   `json:"effect"`           // allowed, refused or changed
	Origins []string `json:"origins"`          // entries or port ranges; "p, such as o" if the change applies only to some origins of p
	Gained  []string `json:"gained,omitempty"`
	Lost    []string `json:"lost,omitempty"`
}

// compared is the JSON output.
type compared struct {
	Changes []change `json:"changes"`
	Notes   []string `json:"notes,omitempty"`

	was, is map[string]string // how the files spell max_age, by seconds as in "600s"
	shadow  bool              // whether a file is compared with its own shadow
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
	after := before.Shadow
	if len(files) > 1 {
		if after, err = d.source.read(cmd, files[1]); err != nil {
			return err
		}
	} else if after == nil {
		return usagef("%s has no shadow to compare with: name a second file", safe(files[0]))
	}
	if d.traffic != "" {
		return d.runTraffic(cmd, before, after)
	}
	progress := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	result := compared{was: spellings(before, readFile), is: spellings(after, readFile), shadow: len(files) == 1}
	result.Changes, result.Notes = compare(cmd.Context(), before, after, progress.show)
	if len(files) > 1 {
		result.compareShadows(cmd.Context(), before, after, progress.show)
	}
	progress.clear()
	return d.print(cmd, result, len(result.Changes))
}

// print prints a result. Its error is errNo if there are changes.
func (d *diff) print(cmd *cobra.Command, result printable, changes int) error {
	err := printResult(cmd, d.format, result)
	if err == nil && changes > 0 {
		err = errNo
	}
	return err
}

// compareShadows adds the changes of the shadow, if there is one.
func (d *compared) compareShadows(ctx context.Context, before, after *config.Config, progress func(config.Progress)) {
	if before.Shadow == nil && after.Shadow == nil {
		return
	}
	changes, notes := compare(ctx, shadowOf(before), shadowOf(after), progress)
	for _, c := range changes {
		c.Shadow = true
		d.Changes = append(d.Changes, c)
	}
	d.Notes = append(d.Notes, slices.DeleteFunc(notes, func(n string) bool { return slices.Contains(d.Notes, n) })...)
}

// shadowOf returns the shadow of a configuration or, if it has none, the configuration:
// that is what would be in force if the shadow were.
func shadowOf(c *config.Config) *config.Config {
	if c.Shadow != nil {
		return c.Shadow
	}
	return c
}

func (d *diff) runTraffic(cmd *cobra.Command, before, after *config.Config) error {
	result, err := compareTraffic(cmd, d.traffic, before, after)
	if err != nil {
		return err
	}
	return d.print(cmd, result, len(result.Changes))
}

// compare returns the changes from one configuration to another.
func compare(
	ctx context.Context, before, after *config.Config, progress func(config.Progress),
) (changes []change, notes []string) {
	changes = []change{}
	if reflect.DeepEqual(before.Policies, after.Policies) && reflect.DeepEqual(before.Routes, after.Routes) {
		return changes, nil
	}
	patterns, notes := samples(progress, before, after)
	known := make(map[string][]change) // by the governing policies
	routes := routesOf(ctx, progress, before, after)
	for i, r := range routes {
		progress(config.Progress{Phase: "comparing", Done: i, Total: len(routes)})
		list, ok := known[r.policies]
		if !ok {
			list = compareRoute(ctx, before, after, patterns, r)
			known[r.policies] = list
		}
		for _, c := range list {
			c.Route = r.name
			changes = append(changes, c)
		}
	}
	return changes, notes
}

// compareRoute compares the answers to the requests of one route.
func compareRoute(ctx context.Context, before, after *config.Config, patterns []originSample, r routeSample) []change {
	c := comparison{
		ctx: ctx, before: before, after: after, route: r,
		byOrigin: make(map[string]int, len(patterns)), byOutcome: make(map[[2]outcome]int), byText: make(map[string]int),
	}
	var list []named
	for _, p := range patterns {
		list = append(list, c.names(p, patterns)...)
	}
	c.addNames(list)
	return c.changes
}

// comparison collects the changes for one route. The maps hold indices in
// changes, or the constant none.
type comparison struct {
	ctx           context.Context
	before, after *config.Config
	route         routeSample

	changes   []change
	byOrigin  map[string]int
	byOutcome map[[2]outcome]int // rights is slow, and outcomes repeat
	byText    map[string]int     // of changes that differ at most in their origins
}

// changeFor returns the index of the change that applies to an origin, or none.
func (c *comparison) changeFor(origin string) int {
	if i, known := c.byOrigin[origin]; known {
		return i
	}
	pair := [2]outcome{decide(c.ctx, c.before, c.route, origin), decide(c.ctx, c.after, c.route, origin)}
	i, known := c.byOutcome[pair]
	if !known {
		was, is := rights(c.ctx, c.before, c.route, origin), rights(c.ctx, c.after, c.route, origin)
		i = c.add(difference(pair, was, is))
		c.byOutcome[pair] = i
	}
	c.byOrigin[origin] = i
	return i
}

// add returns the index of a change, and adds it if it is new. It returns none if
// nothing changes.
func (c *comparison) add(d change) int {
	if d.Effect == "" {
		return none
	}
	text := strings.Join([]string{d.Effect, strings.Join(d.Gained, "\n"), strings.Join(d.Lost, "\n")}, "\x00")
	i, known := c.byText[text]
	if !known {
		i = len(c.changes)
		c.byText[text] = i
		c.changes = append(c.changes, d)
	}
	return i
}

// none is the index if nothing changes.
const none = -1

// outcome is the result of a request under a configuration.
type outcome struct {
	allowed bool
	policy  string
	status  int
}

func decide(ctx context.Context, c *config.Config, r routeSample, origin string) outcome {
	d := c.Engine().Decide(ctx, r.request(origin))
	return outcome{d.Allowed, d.Policy, d.Status}
}

// difference returns the change between two outcomes and their rights. Its Effect
// is empty if nothing changes.
func difference(pair [2]outcome, was, is []string) change {
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

// sampleMethod is a method that no file lists.
const sampleMethod = "CORSKIT-SAMPLE"

// rights returns what an origin may do, in words, according to the answers to a
// request and a preflight.
func rights(ctx context.Context, c *config.Config, r routeSample, origin string) []string {
	request := r.request(origin)
	actual := c.Engine().Decide(ctx, request)
	if !actual.Allowed {
		if actual.Status != 0 {
			return []string{"rejection with status 403"}
		}
		return nil
	}
	request.Method = "OPTIONS"
	request.AccessControlRequestMethod = []string{sampleMethod}
	request.AccessControlRequestHeaders = []string{sampleLabel + ",authorization"}
	request.AccessControlRequestPrivateNetwork = []string{"true"}
	asked := c.Engine().Decide(ctx, request)

	var list []string
	each := func(what, names string) {
		for name := range strings.SplitSeq(names, ",") {
			name = strings.TrimSpace(name)
			if name == sampleMethod || name == sampleLabel {
				name = "*" // with credentials, the engine echoes the name for *
			}
			if right := what + " " + name; name != "" && !slices.Contains(list, right) {
				list = append(list, right)
			}
		}
	}
	each("method", "GET,HEAD,POST,"+asked.AllowMethods)
	each("request header", asked.AllowHeaders)
	each("response header", actual.ExposeHeaders)
	list = slices.DeleteFunc(list, func(right string) bool {
		name, ok := strings.CutPrefix(right, "response header ")
		return ok && len(browsermodel.Readable(browsermodel.Header(name), true)) > 0 // readable without being listed
	})
	if actual.AllowCredentials != "" {
		list = append(list, "credentials")
	}
	if asked.AllowPrivateNetwork != "" {
		list = append(list, "private network access")
	}
	for _, header := range otherHeaders(origin, actual.Headers(), asked.Headers()) {
		list = append(list, "the header "+header)
	}
	switch asked.MaxAge {
	case "":
	case "0":
		list = append(list, maxAgeRight+"disabled")
	default:
		list = append(list, maxAgeRight+asked.MaxAge+"s")
	}
	return list
}

// without returns the rights in list that others do not include. "*" includes every
// name but authorization (Fetch, CORS non-wildcard request-header name).
func without(list, others []string) []string {
	var kept []string
	for _, right := range list {
		all := right[:strings.LastIndexByte(right, ' ')+1] + "*"
		if !slices.Contains(others, right) && (right == "request header authorization" || !slices.Contains(others, all)) {
			kept = append(kept, right)
		}
	}
	return kept
}

// maxListed is the largest number of origins printed for one change.
const maxListed = 10

func (d compared) print(t terminal) {
	if len(d.Changes) == 0 {
		t.printf("no difference\n")
	}
	if d.shadow && len(d.Changes) > 0 {
		t.printf("if the shadow were in force:\n")
	}
	for _, c := range d.Changes {
		mark, how, what := "~", yellow, "permissions change"
		switch c.Effect {
		case "allowed":
			mark, how, what = "+", green, "may now read responses"
		case "refused":
			mark, how, what = "-", red, "may no longer read responses"
		}
		if c.Shadow {
			mark += " in the shadow,"
		}
		where := ""
		if c.Route == elsewhere {
			where = " " + elsewhere
		} else if c.Route != "" {
			where = " at " + safe(c.Route)
		}
		t.printf("%s\n", t.style(how, mark+" "+what+where))
		for i, o := range c.Origins {
			if i == maxListed {
				t.printf("    ... and %d more\n", len(c.Origins)-i)
				break
			}
			t.printf("    %s\n", safe(o))
		}
		d.printRights(t, c)
	}
	for _, n := range d.Notes {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
}

// printRights prints what a change gives and takes.
func (d compared) printRights(t terminal, c change) {
	gained, now := cutMaxAge(c.Gained, d.is)
	lost, before := cutMaxAge(c.Lost, d.was)
	for _, g := range grouped(gained) {
		t.printf("  %s\n", t.style(green, "+ "+safe(g)))
	}
	if c.Effect != "refused" { // otherwise, the origin loses everything
		for _, l := range grouped(lost) {
			t.printf("  %s\n", t.style(red, "- "+safe(l)))
		}
	}
	switch {
	case c.Effect == "refused", now == "" && before == "":
	case c.Effect == "allowed":
		t.printf("  %s\n", t.style(green, "+ "+maxAgeRight+safe(now)))
	default:
		t.printf("  %s\n", t.style(yellow, "~ max_age: "+safe(cmp.Or(before, "none"))+" -> "+safe(cmp.Or(now, "none"))))
	}
}

// maxAgeRight is the beginning of the right to cache preflights.
const maxAgeRight = "max_age "

// cutMaxAge removes the right to cache preflights, and returns its duration as the file spells
// it.
func cutMaxAge(rights []string, spelled map[string]string) (others []string, duration string) {
	for _, r := range rights {
		if d, ok := strings.CutPrefix(r, maxAgeRight); ok {
			duration = cmp.Or(spelled[d], d)
		} else {
			others = append(others, r)
		}
	}
	return others, duration
}

var maxAgeInFile = regexp.MustCompile(`max_age["']?\s*[:=]\s*["']?([0-9][0-9.a-z]*)`)

// spellings returns how the files of a configuration spell the durations of max_age, by
// seconds. If there are several spellings, the last one counts.
func spellings(c *config.Config, read func(name string) []byte) map[string]string {
	spelled := make(map[string]string)
	for _, file := range c.Files {
		if !slices.Contains([]string{".yaml", ".yml", ".json", ".toml"}, filepath.Ext(file)) {
			continue // a list of origins, which may be long
		}
		for _, m := range maxAgeInFile.FindAllSubmatch(read(file), -1) {
			if d, err := time.ParseDuration(string(m[1])); err == nil {
				spelled[strconv.FormatInt(int64(d/time.Second), 10)+"s"] = string(m[1])
			}
		}
	}
	return spelled
}

// readFile returns the text of a file, or nothing if it cannot be read: then print prints
// seconds.
func readFile(name string) []byte {
	text, _ := os.ReadFile(name)
	return text
}

// grouped joins the rights of one kind into one line.
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
