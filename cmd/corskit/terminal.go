package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

// style is an SGR code.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
	cyan   style = "36"
)

// terminal is a stream for people to read, with or without colour.
type terminal struct {
	io.Writer
	interactive bool // the stream is a terminal
	colour      bool
}

// newTerminal returns a terminal that writes to w. mode is the value of --color.
func newTerminal(w io.Writer, mode string) terminal {
	t := terminal{Writer: w}
	switch w := w.(type) {
	case *os.File:
		t.interactive = isTerminal(w)
	case *output:
		t.interactive = isTerminal(w.file)
	}
	switch mode {
	case "always":
		t.colour = true
	case "auto":
		// NO_COLOR counts if it is set and not empty: https://no-color.org
		t.colour = t.interactive && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return t
}

// output is a file that remembers its first write error, such as a full disk.
type output struct {
	file *os.File
	err  error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.file.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

func isTerminal(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd())
}

// out returns the standard output of a command.
func out(cmd *cobra.Command) terminal {
	return newTerminal(cmd.OutOrStdout(), cmd.Flag("color").Value.String())
}

func (t terminal) style(s style, text string) string {
	if !t.colour || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// codesURL is where each code is explained, below its own name.
const codesURL = "https://github.com/corskit/corskit/blob/main/docs/codes.md#"

// code returns a code. In a terminal, it is a link to what docs/codes.md says about it.
func (t terminal) code(code string) string {
	if !t.interactive || !t.colour {
		return code
	}
	return "\x1b]8;;" + codesURL + code + "\x1b\\" + code + "\x1b]8;;\x1b\\"
}

func (t terminal) printf(format string, args ...any) { fmt.Fprintf(t, format, args...) }

// printable is a result that people read as text, and programs as JSON.
type printable interface{ print(terminal) }

// printResult prints a result in the format "json" or "text".
func printResult(cmd *cobra.Command, format string, result printable) error {
	if format == "json" {
		return printJSON(cmd.OutOrStdout(), result)
	}
	result.print(out(cmd))
	return nil
}

// printJSON prints v as indented JSON. It escapes what a terminal could interpret as a
// command: encoding/json escapes only the control characters below U+0020.
func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}

// escapeJSON escapes what a terminal could interpret as a command.
func escapeJSON(text []byte) []byte {
	escaped := make([]byte, 0, len(text))
	for _, r := range string(text) { // all that is not ASCII is in strings
		if r < 0x7f || unicode.IsPrint(r) {
			escaped = utf8.AppendRune(escaped, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			escaped = fmt.Appendf(escaped, `\u%04x`, unit)
		}
	}
	return escaped
}

// annotation prints a GitHub Actions workflow command, which GitHub shows next to
// the line. level is error, warning or notice.
func annotation(w io.Writer, level, file string, line, column int, title, message string) {
	var properties []string
	add := func(name, value string) {
		value = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(value)
		properties = append(properties, name+"="+value)
	}
	if file != "" {
		add("file", file)
	}
	if line > 0 {
		add("line", strconv.Itoa(line))
	}
	if column > 0 {
		add("col", strconv.Itoa(column))
	}
	add("title", title)
	message = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(message)
	fmt.Fprintf(w, "::%s %s::%s\n", level, strings.Join(properties, ","), message)
}

// maxShown is the largest number of bytes shown of an untrusted string.
const maxShown = 300

// clip shortens s to at most maxShown bytes and a note of its length.
func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "... (" + strconv.Itoa(len(s)) + " bytes)"
}

// safe clips s, and quotes it if a terminal could interpret any part as a command.
func safe(s string) string {
	s = clip(s)
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(s)
	}
	return s
}

// list joins values as in "a, b or c".
func list(values []string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:len(values)-1], ", ") + " or " + values[len(values)-1]
}

// plural returns n and the noun, with an s unless n is 1.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
