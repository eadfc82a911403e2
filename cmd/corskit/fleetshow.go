package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

func newFleetShow() *cobra.Command {
	var s fleetShow
	cmd := &cobra.Command{
		Use:   "show [REVISION]",
		Short: "Print the policy of the fleet",
		Long: `show prints the main file of the policy in force or, with a REVISION, of the policy
that this revision brought. During a rollout, the policy in force is the one that the
rollout replaces. etcd keeps the files of the last 10 changes.

With --out, show writes all files to a directory: the main file, the files of its
profiles and the origins files. It does not overwrite files.`,
		Example: `  corskit fleet show
  corskit fleet show 41 --out revision-41`,
		Args: between(0, 1),
		RunE: s.run,
	}
	s.connection.flags(cmd)
	cmd.Flags().StringVarP(&s.out, "out", "o", "", "write all files to this directory, created if needed")
	_ = cmd.MarkFlagDirname("out") // the flag exists
	return cmd
}

type fleetShow struct {
	connection connection
	out        string
}

func (s *fleetShow) run(cmd *cobra.Command, list []string) error {
	revision, err := revisionArg(list)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("out") && s.out == "" {
		return usagef("--out is empty: name a directory")
	}
	return s.connection.with(cmd, func(ctx context.Context, o *operator) error { return s.show(ctx, cmd, o, revision) })
}

// show prints or writes the files of a revision, or of the policy in force if it is zero.
func (s *fleetShow) show(ctx context.Context, cmd *cobra.Command, o *operator, revision uint64) error {
	brief, cancel := o.brief(ctx)
	defer cancel()
	head, err := o.Head(brief)
	if err != nil {
		return err
	}
	ref := head.Stable
	if revision > 0 {
		if ref, err = o.Target(brief, head, revision); err != nil {
			return err
		}
	}
	long, cancel := context.WithTimeout(ctx, o.timeout+transferTime(ref.Size))
	defer cancel()
	bundle, err := o.Bundle(long, ref)
	if err != nil {
		return err
	}
	if s.out != "" {
		return s.write(out(cmd), bundle)
	}
	if revision == 0 && head.Candidate != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "this is revision %d; 'corskit fleet show %d' prints the policy of the rollout\n",
			ref.Pushed, head.Candidate.Pushed)
	}
	t := out(cmd)
	text := string(bundle.Files[bundle.Entry])
	if t.interactive {
		text = withoutControls(text)
	}
	_, err = t.Write([]byte(text))
	return err
}

// withoutControls replaces the characters that could control a terminal.
func withoutControls(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// write writes all files to the directory. It does not follow links out of the directory.
func (s *fleetShow) write(t terminal, bundle *fleet.Bundle) error {
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.out)
	if err != nil {
		return err
	}
	defer root.Close()
	names := slices.Sorted(maps.Keys(bundle.Files))
	for _, name := range names {
		if _, err := root.Lstat(name); err == nil {
			return fmt.Errorf("%s has %s already, and nothing was written: choose another directory", safe(s.out), safe(name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("nothing was written: %w", err)
		}
	}
	for _, name := range names {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(bundle.Files[name])
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		t.printf("wrote %s\n", safe(path.Join(s.out, name)))
	}
	return nil
}
