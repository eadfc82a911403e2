package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

func newCheck() *cobra.Command {
	var c check
	cmd := &cobra.Command{
		Use:   "check [FILE...]",
		Short: "Report what is wrong in configuration files",
		Long: `check reads configuration files as a server would, with the file of the profile,
each origins_file and the CORS_* environment variables. Without a FILE, it reads
cors.yaml; - is standard input, in YAML or JSON. It reports all faults at once,
each with its file and line and usually a fix. A warning means that something is
legal but probably a mistake. Keys of the shadow begin with "shadow.".

Exit status: 0 if there are no faults, 1 if there are faults (with --strict,
also warnings), 2 if a FILE cannot be read.`,
		Example: `  corskit check cors.yaml
  corskit check --profile prod --strict cors.yaml
  corskit check --format github deploy/*.yaml
  kubectl get configmap cors -o jsonpath='{.data.cors\.yaml}' | corskit check -
  CORS_ALLOW_ORIGINS=https://app.example.com corskit check --env
  corskit check --env --map FRONTEND_URL=policies.default.allow_origins`,
		Args:              args(c.arguments),
		ValidArgsFunction: completeFiles,
		RunE:              c.run,
	}
	c.source.flags(cmd)
	cmd.Flags().StringVar(&c.format, "format", "text", "output format: text, json, or github for workflow annotations")
	cmd.Flags().BoolVar(&c.strict, "strict", false, "treat warnings as faults")
	cmd.Flags().BoolVar(&c.env, "env", false, "check only the environment, without a file")
	complete(cmd, "format", "text", "json", "github")
	return cmd
}

type check struct {
	source source
	format string
	strict bool
	env    bool
}

func (c *check) arguments(_ *cobra.Command, files []string) error {
	switch {
	case c.env && len(files) > 0:
		return errors.New("--env checks only the environment: remove the file names")
	case c.env && c.source.noEnv:
		return errors.New("--env and --no-env leave nothing to check")
	}
	inputs := 0
	for _, file := range files {
		if err := checkName(file); err != nil {
			return err
		}
		if file == standardInput {
			inputs++
		}
	}
	if inputs > 1 {
		return errors.New("standard input can be checked only once")
	}
	return nil
}

// standardInput is the name of the FILE that is standard input.
const standardInput = "-"

// inputSource is a source whose main document is standard input.
type inputSource struct {
	config.Files
	text []byte
}

// inputName is the name of the main document. Its extension selects the format: JSON
// is YAML too.
const inputName = "stdin.yaml"

// Load implements [config.Source].
func (s inputSource) Load(ctx context.Context, name string, limit int64) (config.Document, error) {
	if name != inputName {
		return s.Files.Load(ctx, name, limit)
	}
	if int64(len(s.text)) > limit {
		return config.Document{Name: "standard input", Revision: "read"}, config.ErrTooLarge
	}
	return config.Document{Name: "standard input", Data: s.text, Revision: "read"}, nil
}

// maxInput is the number of bytes of standard input that are read: more than any
// configuration has.
const maxInput = 2 << 20

// report checks a file or standard input.
func (c *check) report(cmd *cobra.Command, file string) (config.Report, error) {
	if file != standardInput {
		return c.source.report(cmd, file), nil
	}
	text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxInput))
	if err != nil {
		return config.Report{}, fmt.Errorf("standard input cannot be read: %w", err)
	}
	opts, done := c.source.options(cmd)
	defer done()
	return config.Check(cmd.Context(), inputSource{config.Files{Dir: "."}, text}, inputName, opts), nil
}

// diagnostic is a fault or a warning.
type diagnostic struct {
	Severity   string `json:"severity"` // error, warning or note
	File       string `json:"file,omitempty"`
	Line       int    `json:"line,omitempty"`
	Column     int    `json:"column,omitempty"`
	Variable   string `json:"variable,omitempty"`
	Key        string `json:"key,omitempty"`
	Value      string `json:"value,omitempty"`
	Code       string `json:"code"`
	Detail     string `json:"detail"`
	Suggestion string `json:"suggestion,omitempty"`

	message string
	place   config.Place
}

func newDiagnostic(severity string, e *config.Error) diagnostic {
	return diagnostic{
		Severity: severity, File: e.File, Line: e.Line, Column: e.Column, Variable: e.Variable, Key: e.Key,
		Value: clip(e.Value), Code: string(e.Reason), Detail: e.Detail, Suggestion: e.Suggestion,
		message: strings.TrimLeft(strings.TrimPrefix(e.Error(), e.Place.String()), ": "), place: e.Place,
	}
}

func diagnosticOf(e *config.Error) diagnostic { return newDiagnostic("error", e) }

// counts says how large a configuration or its shadow is.
type counts struct {
	Policies int `json:"policies"`
	Routes   int `json:"routes"`
	Origins  int `json:"origins"`
}

func countsOf(c *config.Config) counts {
	n := counts{Policies: len(c.Policies), Routes: len(c.Routes)}
	for _, p := range c.Policies {
		n.Origins += len(p.AllowOrigins)
	}
	return n
}

func (n counts) String() string {
	return policies(n.Policies) + ", " + plural(n.Origins, "origin") + ", " + plural(n.Routes, "route")
}

// checked is the result for one file.
type checked struct {
	File     string `json:"file,omitempty"` // empty: the environment
	OK       bool   `json:"ok"`
	Revision string `json:"revision,omitempty"`
	counts
	Shadow      *counts      `json:"shadow,omitempty"`
	Diagnostics []diagnostic `json:"diagnostics"`

	name       string
	unreadable bool
}

func (c *check) run(cmd *cobra.Command, files []string) error {
	if err := oneOf("format", c.format, "text", "json", "github"); err != nil {
		return err
	}
	var results []checked
	if c.env {
		opts, done := c.source.options(cmd)
		read, err := config.ReadEnv(opts)
		done()
		r := config.Report{Config: read, Err: err}
		if read != nil {
			r.Warnings, r.Notes = read.Warnings, read.Notes
		}
		results = append(results, c.result("", r))
	} else {
		var err error
		if files, err = orDefault(files); err != nil {
			return err
		}
	}
	for _, file := range files {
		r, err := c.report(cmd, file)
		if err != nil {
			return err
		}
		results = append(results, c.result(file, r))
	}
	if err := c.print(out(cmd), results); err != nil {
		return err
	}
	sound := true
	for _, r := range results {
		if r.unreadable {
			return fmt.Errorf("%s cannot be read", r.name)
		}
		sound = sound && r.OK
	}
	if !sound {
		return errNo
	}
	return nil
}

const mapExample = "FRONTEND_URL=policies.default.allow_origins"

func (c *check) result(file string, r config.Report) checked {
	got := checked{File: file, name: file, OK: r.Err == nil, Diagnostics: []diagnostic{}}
	switch file {
	case "":
		got.name = "the environment"
	case standardInput:
		got.name = "standard input"
	}
	for e := range config.Errors(r.Err) {
		if e.File != "" && e.File == filepath.Clean(file) && (e.Reason == reason.NotFound || e.Reason == reason.Read) {
			got.unreadable = true
		}
		if file == "" && e.Reason == "missing" && len(c.source.variables) == 0 {
			with := *e
			with.Suggestion += "; a variable that only a program maps is not known here: name it, as in --map " + mapExample
			e = &with
		}
		got.Diagnostics = append(got.Diagnostics, diagnosticOf(e))
	}
	for _, w := range r.Warnings {
		got.OK = got.OK && !c.strict
		got.Diagnostics = append(got.Diagnostics, newDiagnostic("warning", (*config.Error)(w)))
	}
	for _, n := range r.Notes {
		got.Diagnostics = append(got.Diagnostics, newDiagnostic("note", (*config.Error)(n)))
	}
	if r.Config != nil {
		got.Revision, got.counts = r.Config.Revision.Hash, countsOf(r.Config)
		if r.Config.Shadow != nil {
			shadow := countsOf(r.Config.Shadow)
			got.Shadow = &shadow
		}
	}
	return got
}

func (c *check) print(t terminal, results []checked) error {
	switch c.format {
	case "json":
		return printJSON(t, results)
	case "github":
		for _, r := range results {
			for _, d := range r.Diagnostics {
				message := d.message
				if d.Variable != "" {
					message = safe(d.Variable) + ": " + message
				}
				level := d.Severity
				if level == "note" {
					level = "notice"
				}
				annotation(t, level, d.File, d.Line, d.Column, "CORS: "+d.Code, message)
			}
		}
		return nil
	}
	for _, r := range results {
		count := make(map[string]int)
		for _, d := range r.Diagnostics {
			printDiagnostic(t, d)
			count[d.Severity]++
		}
		faults := count["error"]
		verdict, how := "ok", green
		if !r.OK {
			verdict, how = "not ok", red
		}
		found := plural(faults, "fault") + ", " + plural(count["warning"], "warning")
		if faults == 0 {
			size := r.counts.String() + ", "
			if r.Shadow != nil {
				size = r.counts.String() + "; shadow: " + r.Shadow.String() + "; "
			}
			found = size + found
		}
		t.printf("%s: %s (%s)\n", safe(r.name), t.style(how, verdict), found)
	}
	return nil
}

// policies returns n and the noun.
func policies(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return strconv.Itoa(n) + " policies"
}

// printDiagnostic prints a fault as compilers do: the place, the message and the
// line.
func printDiagnostic(t terminal, d diagnostic) {
	how := red
	switch d.Severity {
	case "warning":
		how = yellow
	case "note":
		how = bold
	}
	place := config.Place{File: d.File, Line: d.Line, Column: d.Column, Variable: d.Variable}.String()
	if place != "" {
		place = t.style(bold, place) + ": "
	}
	t.printf("%s%s: %s\n", place, t.style(how, d.Severity), d.message)
	if d.Line == 0 || d.place.Excerpt.Text == "" {
		return
	}
	number := fmt.Sprintf("%5d", d.Line)
	t.printf("%s %s %s\n", t.style(dim, number), t.style(dim, "|"), d.place.Excerpt.Text)
	if d.place.Excerpt.Width > 0 {
		t.printf("%s %s %s%s\n", strings.Repeat(" ", len(number)), t.style(dim, "|"),
			strings.Repeat(" ", d.place.Excerpt.Start), t.style(how, strings.Repeat("^", d.place.Excerpt.Width)))
	}
}
