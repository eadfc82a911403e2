// Command counts prints how large the code is, package by package:
//
//	go run ./tools/counts            # the working tree
//	go run ./tools/counts main       # main, then the working tree: before and after
//	go run ./tools/counts -list      # where the long functions, wide lines and repeats are
//
// Its columns are
//
//   - exported: the exported names, methods of exported types included; "-" for a
//     command;
//   - lines: the lines of Go code, without tests;
//   - long: functions of more than 60 lines, without tests;
//   - wide: lines of more than 140 columns, tests included;
//   - repeats: lines, without tests, in runs of six or more that also occur at an
//     earlier place. Blank lines, comments, imports and lines without a letter are
//     ignored.
//
// In generated files, only exported names are counted. Folders named testdata are
// ignored.
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
)

func main() {
	list := flag.Bool("list", false, "print the places instead of the table")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: counts [-list] [REF]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), *list); err != nil {
		fmt.Fprintln(os.Stderr, "counts:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, ref string, list bool) error {
	files, err := workingTree()
	if err != nil {
		return err
	}
	after, err := count(files)
	if err != nil {
		return err
	}
	if list {
		for _, p := range after.places {
			fmt.Fprintln(w, p)
		}
		return nil
	}
	if ref == "" {
		return printTable(w, after.packages, nil)
	}
	if files, err = commit(ref); err != nil {
		return err
	}
	before, err := count(files)
	if err != nil {
		return err
	}
	return printTable(w, after.packages, before.packages)
}

// printTable writes the table. If before is not nil, every cell that changed shows both
// numbers.
func printTable(w io.Writer, after, before map[string]counts) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "package\texported\tlines\tlong\twide\trepeats")
	names := slices.Sorted(maps.Keys(after))
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var now, then counts
	for _, name := range names {
		row(t, name, after[name], before[name], before != nil)
		now.add(after[name])
		then.add(before[name])
	}
	row(t, "all", now, then, before != nil)
	return t.Flush()
}

func row(w io.Writer, name string, now, then counts, both bool) {
	cell := func(now, then int) string {
		if both && now != then {
			return fmt.Sprintf("%d -> %d", then, now)
		}
		return fmt.Sprint(now)
	}
	exported := cell(now.exported, then.exported)
	if now.command || then.command {
		exported = "-"
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, exported,
		cell(now.lines, then.lines), cell(now.long, then.long), cell(now.wide, then.wide), cell(now.repeats, then.repeats))
}
