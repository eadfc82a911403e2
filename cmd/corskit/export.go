package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/gateways"
)

func newExport() *cobra.Command {
	var e export
	cmd := &cobra.Command{
		Use:   "export [FILE] --to TARGET",
		Short: "Write a policy for a gateway",
		Long: `export writes the policies of a file for a gateway, cloud service or proxy.

A setting that the target cannot express is an error, with its line, the limit of the
target and a fix. export never writes a wider policy. With --lossy narrower, it writes
a narrower one if there is one, and lists what is lost.

Before it prints the text, export reads it back. It compares the gateway's answers
with those of the file for every origin, method and header, as a browser judges them.

Targets:
` + targetList(true) + `
Exit status: 0 if the text is written, 1 if the target cannot express the
policy, 2 if there is no answer.`,
		Example: `  corskit export cors.yaml --to envoy
  corskit export cors.yaml --to gateway-api -o routes.yaml
  corskit export cors.yaml --to s3 --route /public/
  corskit export cors.yaml --to kong --lossy narrower`,
		Args:              between(0, 1),
		ValidArgsFunction: completeFiles,
		RunE:              e.run,
	}
	e.source.flags(cmd)
	cmd.Flags().StringVar(&e.to, "to", "", "the target (required)")
	cmd.Flags().StringVar(&e.lossy, "lossy", "", "narrower: leave out what the target cannot express, and list it")
	cmd.Flags().StringVar(&e.route, "route", "",
		"export only this route: its index, as in 0, or its host and path, as in api.example.com/public/")
	e.output.flags(cmd)
	completeTargets(cmd, "to", true)
	complete(cmd, "lossy", "narrower")
	return cmd
}

type export struct {
	source           source
	to, lossy, route string
	output           textOutput
}

// textOutput holds the flags for where a text is written.
type textOutput struct {
	file  string
	force bool
}

func (o *textOutput) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.file, "output", "o", "", "the file to write instead of standard output")
	cmd.Flags().BoolVar(&o.force, "force", false, "overwrite an existing file")
}

// check returns an error if --output does not name a file.
func (o *textOutput) check(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("output") {
		return nil
	}
	if err := checkName(o.file); err != nil {
		return &usageError{fmt.Errorf("--output: %w", err)}
	}
	return nil
}

func (o *textOutput) write(cmd *cobra.Command, text []byte) error {
	if o.file == "" {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	if err := writeNew(o.file, string(text), o.force); err != nil {
		return err
	}
	newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String()).printf("wrote %s\n", safe(o.file))
	return nil
}

func (e *export) run(cmd *cobra.Command, files []string) error {
	if err := e.check(cmd); err != nil {
		return err
	}
	files, err := orDefault(files)
	if err != nil {
		return err
	}
	cfg, err := e.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	o := gateways.ExportOptions{}
	if e.lossy != "" {
		o.Lossy = gateways.NarrowerOnly
	}
	if cmd.Flags().Changed("route") {
		if o.Route, err = findRoute(cfg, e.route); err != nil {
			return err
		}
	}
	t := newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String())
	x, err := gateways.Export(cfg, e.to, o)
	if err != nil {
		return refusedExport(t, err)
	}
	for _, l := range x.Losses {
		severity := "warning"
		if l.Note {
			severity = "note"
		}
		printDiagnostic(t, newDiagnostic(severity, &config.Error{Place: l.Place, Value: l.Entry, Detail: l.Text}))
	}
	return e.output.write(cmd, x.Text)
}

func (e *export) check(cmd *cobra.Command) error {
	if e.to == "" {
		return usagef("--to is required; it must be %s", list(targetNames(true)))
	}
	if err := oneOf("to", e.to, targetNames(true)...); err != nil {
		return err
	}
	if cmd.Flags().Changed("lossy") {
		if err := oneOf("lossy", e.lossy, "narrower"); err != nil {
			return err
		}
	}
	return e.output.check(cmd)
}

// refusedExport prints why a policy is not exported.
func refusedExport(t terminal, err error) error {
	found := false
	for e := range gateways.Errors[*gateways.ExportError](err) {
		found = true
		fix := e.Fix
		if e.Narrower {
			fix += ", or add --lossy narrower: " + e.Lost
		}
		printDiagnostic(t, newDiagnostic("error", &config.Error{
			Place: e.Place, Value: e.Entry, Detail: "not exported to " + e.Target + ": " + e.Limit, Suggestion: fix,
		}))
	}
	if found {
		return errNo
	}
	return err
}

// findRoute returns the index of a route that is named by its index, or its host and path.
func findRoute(cfg *config.Config, name string) (*int, error) {
	if len(cfg.Routes) == 0 {
		return nil, usagef("--route: the file has no routes")
	}
	var names []string
	for i, r := range cfg.Routes {
		if name == strconv.Itoa(i) || name == r.Host+r.Path {
			return &i, nil
		}
		names = append(names, safe(r.Host+r.Path))
	}
	return nil, usagef("--route is %q; it must be %s", clip(name), list(names))
}

// targetNames returns the names of the targets of export, or of the sources of import.
func targetNames(export bool) (names []string) {
	for _, t := range gateways.Targets() {
		if export && t.Exports() || !export && t.Imports() {
			names = append(names, t.Name)
		}
	}
	return names
}

// targetList describes the targets of export, or the sources of import.
func targetList(export bool) string {
	var b strings.Builder
	for _, t := range gateways.Targets() {
		if slices.Contains(targetNames(export), t.Name) {
			fmt.Fprintf(&b, "  %-16s %s\n", t.Name, t.Help)
		}
	}
	return b.String()
}

// completeTargets lets shells complete the names of targets, with a description.
func completeTargets(cmd *cobra.Command, flag string, export bool) {
	var values []string
	for _, t := range gateways.Targets() {
		if slices.Contains(targetNames(export), t.Name) {
			values = append(values, t.Name+"\t"+t.Help)
		}
	}
	complete(cmd, flag, values...)
}

func newImport() *cobra.Command {
	var m importing
	cmd := &cobra.Command{
		Use:   "import FILE --from SOURCE",
		Short: "Make a policy from the file of a gateway",
		Long: `import reads the CORS settings of a gateway, cloud service or framework, and prints
them as a policy. Comments name the line that each setting comes from.

The policy is never wider than the source: import compares the two to make sure. A
setting that no policy can express, or that is wider than it looks, such as "*" with
credentials or an expression without anchors, is an error, with its line and what to
write instead. FILE may be "-" for standard input.

Sources:
` + targetList(false) + `
Exit status: 0 if the policy is written, 1 if the source is refused, 2 if there
is no answer.`,
		Example: `  corskit import envoy.yaml --from envoy
  kubectl get httproute shop -o yaml | corskit import - --from gateway-api
  corskit import nginx.conf --from nginx -o cors.yaml`,
		Args: exactly(1),
		RunE: m.run,
	}
	cmd.Flags().StringVar(&m.from, "from", "", "the source (required)")
	m.output.flags(cmd)
	completeTargets(cmd, "from", false)
	return cmd
}

type importing struct {
	from   string
	output textOutput
}

func (m *importing) run(cmd *cobra.Command, files []string) error {
	if m.from == "" {
		return usagef("--from is required; it must be %s", list(targetNames(false)))
	}
	if err := oneOf("from", m.from, targetNames(false)...); err != nil {
		return err
	}
	if err := m.output.check(cmd); err != nil {
		return err
	}
	text, err := readSource(cmd, files[0])
	if err != nil {
		return err
	}
	t := newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String())
	x, err := gateways.Import(m.from, text)
	found := false
	for e := range gateways.Errors[*gateways.ImportError](err) {
		found = true
		printDiagnostic(t, newDiagnostic("error", &config.Error{
			Place: sourcePlace(files[0], e.Line), Value: e.Entry, Detail: e.Problem, Suggestion: e.Fix,
		}))
	}
	switch {
	case found:
		return errNo
	case err != nil:
		return err
	}
	for _, n := range x.Notes {
		printDiagnostic(t, newDiagnostic("note", &config.Error{Place: sourcePlace(files[0], n.Line), Detail: n.Text}))
	}
	return m.output.write(cmd, x.Text)
}

func sourcePlace(file string, line int) config.Place {
	if file == "-" {
		file = "standard input"
	}
	return config.Place{File: file, Line: line}
}

// maxSource bounds the file of a gateway, in bytes. Package gateways refuses longer ones.
const maxSource = 1<<20 + 1

// readSource reads a file, or standard input for "-".
func readSource(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxSource))
	}
	if err := checkName(name); err != nil {
		return nil, &usageError{err}
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, maxSource))
}
