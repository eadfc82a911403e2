package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
)

func newSuggest() *cobra.Command {
	var s suggest
	cmd := &cobra.Command{
		Use:   "suggest [FILE] --from LOG|URL",
		Short: "Suggest the change of a file that allows what was refused",
		Long: `suggest reads which requests a service refused, and prints the smallest change of the
file that would allow them. LOG is a log that observe.Log wrote in JSON, or - for
standard input; URL is the address of an inspector. Without a FILE, suggest reads
cors.yaml.

Anyone can send requests with any origin, as often as they like, so how often an
origin was refused says nothing about it. An origin is safe if it has the registered
domain of one that the policy lists, or if it is on the visitor's own machine and the
policy lists such an origin. A common method, or a header, is safe if an allowed or
safe origin asks for it. An origin is questionable if it looks like one that the
policy lists, is http://, an IP address or null, has a host that strangers share, or
belongs to a stranger: add it only if you know it. Some requests cannot be allowed by
any policy, or only by a dangerous one; suggest says why.

The change has the safe entries. --known ORIGIN adds the questionable entries that
this origin needs, and may be repeated; --questionable adds all of them. --write
changes the file, after suggest has checked that the new text allows the requests.

Exit status: 0 if there is nothing to suggest, or if --write has made every
change; 1 if there are suggestions, 2 if a file cannot be read or has faults.`,
		Example: `  corskit suggest cors.yaml --from decisions.jsonl
  corskit suggest cors.yaml --from http://127.0.0.1:6060/
  zcat decisions.jsonl.gz | corskit suggest cors.yaml --from - --format json
  corskit suggest --profile prod cors.yaml --from decisions.jsonl \
      --known https://partner.example.net --write`,
		Args:              between(0, 1),
		ValidArgsFunction: completeFiles,
		RunE:              s.run,
	}
	s.source.flags(cmd)
	cmd.Flags().StringVar(&s.from, "from", "", "a log of observe.Log in JSON, - for standard input, or the URL of an inspector (required)")
	cmd.Flags().StringArrayVar(&s.known, "known", nil, "include the questionable entries that this origin needs; may be repeated")
	cmd.Flags().BoolVar(&s.questionable, "questionable", false, "include all questionable entries")
	cmd.Flags().BoolVar(&s.write, "write", false, "change the file")
	cmd.Flags().StringVar(&s.format, "format", "text", "output format: text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

type suggest struct {
	source       source
	from         string
	known        []string
	questionable bool
	write        bool
	format       string
}

// suggested is the JSON output.
type suggested struct {
	File        string   `json:"file"`
	Traffic     traffic  `json:"traffic"`
	Allowed     uint64   `json:"allowed"` // requests that the file now allows
	Suggestions []wish   `json:"suggestions"`
	Changes     []edited `json:"changes"`
	ByHand      []byHand `json:"byHand,omitempty"`
	Written     bool     `json:"written"`
	Notes       []string `json:"notes,omitempty"`

	left int // how many entries are questionable and not in the changes
}

// wish is a suggestion: the entries that would allow the requests of an origin.
type wish struct {
	Origin   string   `json:"origin"`
	Requests uint64   `json:"requests"`
	Example  string   `json:"example"` // method, host and path of one of the requests
	Mark     mark     `json:"mark"`
	Policy   string   `json:"policy,omitempty"`
	Add      []wanted `json:"add,omitempty"`
	Reason   string   `json:"reason,omitempty"` // if it is not suggested
}

// wanted is an entry to add.
type wanted struct {
	Key   string `json:"key"`
	Entry string `json:"entry"` // true for a flag
	opinion
}

// edited is a file that changes.
type edited struct {
	File string `json:"file"`
	Diff string `json:"diff"` // unified

	edit config.Edit
}

// byHand is a change that suggest cannot make.
type byHand struct {
	Policy  string   `json:"policy"`
	Key     string   `json:"key"`
	Entries []string `json:"entries"`
	Text    string   `json:"text"` // where to add them
}

func (s *suggest) run(cmd *cobra.Command, files []string) error {
	if err := oneOf("format", s.format, "text", "json"); err != nil {
		return err
	}
	files, err := orDefault(files)
	if err != nil {
		return err
	}
	if s.from == "" {
		return usagef("--from is required: a log of observe.Log in JSON, or the URL of an inspector")
	}
	c, err := s.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	var all demands
	result := suggested{File: files[0], Suggestions: []wish{}, Changes: []edited{}}
	if result.Traffic, err = all.read(cmd, s.from, c); err != nil {
		return err
	}
	result.Traffic.Forgotten, result.Allowed = all.refused.forgotten, all.allowed
	p := planner{ctx: cmd.Context(), load: s.loader(cmd, files[0]), known: s.known, questionable: s.questionable}
	if err := p.plan(c, all.list(&result.Traffic)); err != nil {
		return err
	}
	p.report(&result)
	result.Notes = result.Traffic.notes()
	if s.write {
		if err := writeEdits(result.Changes); err != nil {
			return err
		}
		result.Written = len(result.Changes) > 0
	}
	err = printResult(cmd, s.format, result)
	suggestions := slices.ContainsFunc(result.Suggestions, func(w wish) bool { return w.Mark != markNone })
	done := s.write && result.left == 0 && len(result.ByHand) == 0
	if err == nil && suggestions && !done {
		err = errNo
	}
	return err
}

// loader returns a configuration to which additions can be made.
func (s *suggest) loader(cmd *cobra.Command, path string) *patched {
	opts, _ := s.source.options(cmd)
	opts.Progress = nil
	return &patched{
		Files: config.Files{Dir: filepath.Dir(path)}, name: filepath.Base(path), opts: opts,
		edits: make(map[string]config.Edit), names: make(map[string]bool),
	}
}

// patched is a source of files with changes that suggest has not written.
type patched struct {
	config.Files
	name  string
	opts  config.Options
	edits map[string]config.Edit
	names map[string]bool // of documents that were loaded
}

// Load implements [config.Source].
func (p *patched) Load(ctx context.Context, name string, limit int64) (config.Document, error) {
	p.names[name] = true
	if e, ok := p.edits[name]; ok {
		return config.Document{Name: e.File, Data: slices.Clone(e.New), Revision: "edited"}, nil
	}
	return p.Files.Load(ctx, name, limit)
}

// add makes an addition.
func (p *patched) add(ctx context.Context, a config.Addition) error {
	e, err := config.Add(ctx, p, p.name, a, p.opts)
	if err != nil {
		return err
	}
	if err := p.isSingle(e.Name); err != nil {
		return err
	}
	if first, ok := p.edits[e.Name]; ok {
		e.Old = first.Old
	}
	p.edits[e.Name] = e
	return nil
}

// isSingle returns an error if the file has also been loaded by another name. The two texts
// would differ, and an addition to one policy would also change another.
func (p *patched) isSingle(name string) error {
	file, err := os.Stat(p.path(name))
	if err != nil {
		return err
	}
	for _, other := range slices.Sorted(maps.Keys(p.names)) {
		if info, err := os.Stat(p.path(other)); other != name && err == nil && os.SameFile(file, info) {
			return fmt.Errorf("%s and %s are the same file, and nothing was written; use one name for it", safe(other), safe(name))
		}
	}
	return nil
}

func (p *patched) path(name string) string {
	if name = filepath.FromSlash(name); filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}

func (p *patched) read(ctx context.Context) (*config.Config, error) {
	return config.Read(ctx, p, p.name, p.opts)
}
