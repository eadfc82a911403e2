package main

import (
	"fmt"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// difference counts the headers of a response, and the members of its Vary, that
// only corskit (fewer) or only the other library (more) writes.
type difference struct {
	fewerHeaders, fewerVary int
	moreHeaders, moreVary   int
	vary                    int // the members of the other library's Vary
	shared                  int // headers whose values the other library shares between responses
}

// differenceOf reads a row of BenchmarkHeaders.
func differenceOf(record *benchfmt.Result) difference {
	count := func(unit string) int {
		n, _ := record.Value(unit)
		return int(n)
	}
	return difference{
		fewerHeaders: count("fewer-headers"), fewerVary: count("fewer-vary"),
		moreHeaders: count("more-headers"), moreVary: count("more-vary"), vary: count("vary"), shared: count("shared"),
	}
}

// less reports whether the other library does less than corskit: it writes less, or
// shares values between responses.
func (d difference) less() bool { return d.fewerHeaders > 0 || d.fewerVary > 0 || d.shared > 0 }

// String says what the other library does not do, or "".
func (d difference) String() string {
	var parts []string
	switch {
	case d.fewerHeaders == 1:
		parts = append(parts, "1 header fewer")
	case d.fewerHeaders > 1:
		parts = append(parts, fmt.Sprint(d.fewerHeaders, " headers fewer"))
	}
	switch {
	case d.fewerVary > 0 && d.vary == 0:
		parts = append(parts, "no Vary")
	case d.fewerVary > 0:
		parts = append(parts, "a shorter Vary")
	}
	if d.shared > 0 {
		parts = append(parts, "shared values")
	}
	return strings.Join(parts, ", ")
}
