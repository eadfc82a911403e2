package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// DefaultPrefix is the prefix of a fleet's keys in etcd if none is set.
const DefaultPrefix = "/corskit/"

// Names below the prefix.
const (
	headName      = "head"
	historyName   = "history"
	blobsName     = "blobs"
	statusName    = "status"
	pushingName   = "pushing"
	maxPrefix     = 256
	revisionWidth = 20 // digits, so that keys sort as numbers
)

// layout is the prefix of a fleet's keys. It ends in a slash.
type layout string

func (l layout) head() string    { return string(l) + headName }
func (l layout) history() string { return string(l) + historyName + "/" }
func (l layout) revision(revision uint64) string {
	return fmt.Sprintf("%s%0*d", l.history(), revisionWidth, revision)
}
func (l layout) blobs() string                 { return string(l) + blobsName + "/" }
func (l layout) blob(sha256 string) string     { return l.blobs() + sha256 }
func (l layout) statuses() string              { return string(l) + statusName + "/" }
func (l layout) status(instance string) string { return l.statuses() + instance }
func (l layout) pushing() string               { return string(l) + pushingName + "/" }

// newLayout returns the layout of a prefix. It adds a final slash if there is none.
func newLayout(prefix string) (layout, *OptionError) {
	if prefix == "" {
		return DefaultPrefix, nil
	}
	fail := func(detail, suggestion string) (layout, *OptionError) {
		return "", &OptionError{Field: "Prefix", Value: prefix, Detail: detail, Suggestion: suggestion}
	}
	if len(prefix) > maxPrefix {
		return fail(fmt.Sprintf("longer than %d bytes", maxPrefix), "choose a short one, such as "+DefaultPrefix)
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(prefix, "/"), "/"), "/") {
		switch {
		case !isName(segment, maxPrefix) || strings.Trim(segment, ".") == "":
			return fail("not a path of letters, digits and any of -_.:@+", "write it like "+DefaultPrefix+"shop/")
		case slices.Contains([]string{headName, historyName, blobsName, statusName, pushingName}, segment):
			return fail(segment+" is a key of another fleet", "choose another name")
		}
	}
	return layout(strings.TrimSuffix(prefix, "/") + "/"), nil
}
