package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitYes  = 0
	exitNo   = 1 // faults, a refusal, a difference: the output says which
	exitFail = 2 // no answer
)

// Errors that end a command after it has printed its answer.
var (
	errNo       = errors.New("no")
	errNoAnswer = errors.New("no answer")
)

func main() { os.Exit(command()) }

// command runs the command line of the process and returns its exit status.
func command() int {
	root, stdout := newRoot(), &output{file: os.Stdout}
	root.SetOut(stdout)
	return run(root, stdout, newTerminal(os.Stderr, "auto"))
}

func run(root *cobra.Command, stdout *output, stderr terminal) int {
	command, err := root.ExecuteC()
	if stdout.err != nil {
		err = stdout.err // the answer was not delivered
	}
	switch {
	case err == nil:
		return exitYes
	case errors.Is(err, errNo):
		return exitNo
	case errors.Is(err, errNoAnswer):
		return exitFail
	}
	fmt.Fprintf(stderr, "%s: %s\n", stderr.style(red, "corskit"), safe(err.Error()))
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(stderr, "Run '%s --help' for usage.\n", command.CommandPath())
	}
	return exitFail
}

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// args turns the errors of check into usage errors.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if err := check(cmd, list); err != nil {
			return &usageError{err}
		}
		return nil
	}
}

// exactly requires n arguments. Unlike [cobra.ExactArgs], it names them.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// between requires from least to most arguments.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if len(list) < least || len(list) > most {
			return usagef("got %s, want 'corskit %s'", plural(len(list), "argument"), cmd.Use)
		}
		return nil
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "corskit",
		Short: "Check, explain, try out and distribute CORS policies, and probe servers",
		Long: `corskit checks, explains, tries out and distributes CORS policies, and probes servers.

Policies are in a YAML, JSON or TOML file; CORS_* environment variables override
it. Start with 'corskit init'.

Exit status: 0 if the answer is yes or nothing is wrong, 1 if the answer is no
or something is wrong, 2 if there is no answer.`,
		Example: `  corskit demo
  corskit init
  corskit check cors.yaml
  corskit explain cors.yaml --origin https://app.example.com --method PUT
  corskit serve cors.yaml --framework gin --watch
  corskit probe http://localhost:8080/items --origin https://app.example.com
  corskit conform http://localhost:8080/ cors.yaml
  corskit diff cors.yaml cors.new.yaml
  corskit suggest cors.yaml --from decisions.jsonl
  corskit migrate ./...
  corskit export cors.yaml --to envoy
  corskit fleet push cors.yaml`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
		Args: args(func(cmd *cobra.Command, list []string) error {
			if len(list) > 0 {
				return unknownCommand(cmd, list[0])
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("corskit {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if words := cmd.Flags().Args(); cmd == root && len(words) > 0 {
			err = unknownCommand(cmd, words[0]) // the reason why its flags are unknown
		}
		return &usageError{err}
	})
	root.PersistentFlags().String("color", "auto", "when to use colour: auto, always or never; auto respects NO_COLOR")
	complete(root, "color", "auto", "always", "never")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		return oneOf("color", cmd.Flag("color").Value.String(), "auto", "always", "never")
	}
	root.AddCommand(newDemo(), newInit(), newSchema(), newCheck(), newExplain(), newServe(), newProbe(), newConform(), newDiff(),
		newSuggest(), newMigrate(), newExport(), newImport(), newFleet(), newVersion())
	return root
}

func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return fmt.Errorf("unknown command %q; did you mean %q?", clip(name), near[0])
	}
	return fmt.Errorf("unknown command %q", clip(name))
}

// complete lets shells complete the values of flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the program does not define the flag
	}
}

// completeFiles lets shells complete configuration files.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json", "toml"}, cobra.ShellCompDirectiveFilterFileExt
}

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return usagef("--%s is %q; it must be %s", flag, clip(value), list(allowed))
}
