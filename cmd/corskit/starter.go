package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of the configuration file",
		Long: `schema prints a JSON Schema (draft 2020-12) of the configuration file, for
editors and other tools. It has every key that this version of corskit reads.
A schema cannot express everything, such as which origins may be combined with
credentials: run 'corskit check' too.`,
		Example: `  corskit schema > cors.schema.json

  # first line of cors.yaml, for editors with the YAML language server:
  # yaml-language-server: $schema=cors.schema.json`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(config.JSONSchema())
			return err
		},
	}
}

func newInit() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented starter file",
		Long: `init writes a starter file that explains every key. FILE defaults to cors.yaml;
"-" is standard output. init overwrites an existing file only with --force.`,
		Example: `  corskit init
  corskit init deploy/cors.yaml
  corskit init -`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, list []string) error {
			name := defaultFile
			if len(list) > 0 {
				name = list[0]
			}
			if name == "-" {
				_, err := io.WriteString(cmd.OutOrStdout(), starter())
				return err
			}
			if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
				return usagef("the starter file is YAML: its name must end in .yaml or .yml")
			}
			if err := writeNew(name, starter(), force); err != nil {
				return err
			}
			t := out(cmd)
			t.printf("wrote %s; edit it, then run\n  corskit check %s\n", safe(name), safe(name))
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// writeNew writes a file. Unless force is set, the file must not exist.
func writeNew(name, text string, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(name, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists; use --force to overwrite it", name)
	}
	if err != nil {
		return err
	}
	if _, err := io.WriteString(file, text); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// active holds the keys that the starter file sets. The other keys are comments.
var active = map[string]bool{"version": true, "policies": true, "allow_origins": true}

// starter returns the starter file. It is generated from the schema, so it has
// every key and no other.
func starter() string {
	var b strings.Builder
	schema := config.Schema()
	comment(&b, "", schema.Doc)
	comment(&b, "", "To set a key that is commented out, remove the \"#\". The values are examples.")
	for _, f := range schema.Fields {
		b.WriteByte('\n')
		comment(&b, "", f.Doc)
		switch f.Type {
		case "map":
			fmt.Fprintf(&b, "%s:\n  default:\n", f.Key)
			for i, key := range f.Fields {
				if i > 0 {
					b.WriteByte('\n')
				}
				comment(&b, "    ", key.Doc)
				setting(&b, "    ", key)
			}
		case "tables":
			fmt.Fprintf(&b, "# %s:\n", f.Key)
			dash := "- "
			for _, key := range f.Fields {
				comment(&b, "#     ", key.Doc)
				value := key.Example
				if key.Key == "policies" {
					value = `["default"]`
				}
				fmt.Fprintf(&b, "#   %s%s: %s\n", dash, key.Key, value)
				dash = "  "
			}
		default:
			setting(&b, "", f)
		}
	}
	return b.String()
}

// setting writes one key with its example value.
func setting(b *strings.Builder, indent string, f config.Field) {
	mark := "# "
	if active[f.Key] {
		mark = ""
	}
	fmt.Fprintf(b, "%s%s%s: %s\n", indent, mark, f.Key, f.Example)
}

// commentWidth is the longest line of a comment, in bytes.
const commentWidth = 78

// comment writes text as wrapped comment lines.
func comment(b *strings.Builder, indent, text string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > commentWidth {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
