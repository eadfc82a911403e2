package observe

import (
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// maxShown is the maximum length of a value that is shown, in bytes.
const maxShown = 512

// shown returns a value from a request in a form that is safe to show: shortened, and
// quoted if it has anything but printable ASCII. So it cannot move or hide other text.
func shown(s string) string {
	s, end := clip(s, maxShown)
	if whole, found := strings.CutSuffix(s, cut); found {
		s, end = whole, cut
	}
	if quoted := strconv.QuoteToASCII(s); quoted != `"`+s+`"` {
		return quoted + end
	}
	return s + end
}

// firstLines returns the first lines of a list, and how many more it has.
func firstLines(lines []string) []string {
	if more := len(lines) - maxFaults; more > 0 {
		lines = append(lines[:maxFaults:maxFaults], "and "+strconv.Itoa(more)+" more")
	}
	return lines
}

// inWords returns what a code means. refused is the refused method or header name, or "".
func inWords(code core.Code, refused string) string {
	switch code {
	case core.CodeMethodNotAllowed:
		return "the policy does not list the method " + shown(refused)
	case core.CodeHeaderNotAllowed:
		return "the policy does not list the header " + shown(refused)
	}
	if words, ok := meanings[code]; ok {
		return words
	}
	return string(code)
}

var meanings = map[core.Code]string{
	core.CodeNoRoute:          "no route covers the request",
	core.CodePathAmbiguous:    "the path has several readings, which lead to different routes",
	core.CodeNoOrigin:         "not a CORS request",
	core.CodeAnyOrigin:        "the policy allows every origin",
	core.CodeOriginAllowed:    "the policy lists the origin",
	core.CodeOriginFunc:       "a function of the policy allows the origin",
	core.CodeOriginNotAllowed: "no policy allows the origin",
	core.CodeOriginRepeated:   "the request has several Origin lines",
	core.CodeSameOrigin:       "a page of the server's own origin",
	core.CodeMethodNotEchoed:  "the requested method is not one that browsers send",
	core.CodeHeadersNotEchoed: "the requested header names are not a list that may be echoed",
}
