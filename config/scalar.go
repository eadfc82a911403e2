package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// boolean accepts only true and false, so that no typing error counts as false.
func (c *checker) boolean(n *document.Node, at document.Pos, key string) (any, bool) {
	if n.Kind == document.Bool && (n.Text == "true" || n.Text == "false") {
		return n.Text == "true", true
	}
	c.mismatch(n, at, key, "true or false", truth(n.Text))
	return nil, false
}

// truth returns the suggestion for text instead of true or false.
func truth(text string) string {
	switch strings.ToLower(unquoted(text)) {
	case "true", "yes", "y", "on", "1", "t", "enable", "enabled":
		return "write true"
	case "false", "no", "n", "off", "0", "f", "disable", "disabled":
		return "write false"
	}
	if advice := notRendered(text); advice != "" {
		return advice
	}
	return "write true or false"
}

// version accepts the only version of the file format.
func (c *checker) version(n *document.Node, at document.Pos, key string) (any, bool) {
	fix := "write " + strconv.Itoa(fileVersion)
	switch {
	case n.Kind == document.Float:
		c.mismatch(n, at, key, "a whole number", fix)
	case n.Kind != document.Int:
		c.mismatch(n, at, key, "a number", fix)
	case n.Text != strconv.Itoa(fileVersion):
		c.fault(key, at, reason.Value, n.Text, "not a supported version of the file format", fix+", or upgrade corskit")
	default:
		return fileVersion, true
	}
	return nil, false
}

// durationRule and noCaching are suggestions for a max_age.
const (
	durationRule = `write a duration such as "10m", "600s" or "1h30m", or "disabled"`
	noCaching    = `write "disabled" to turn off preflight caching`
	atMost       = `write "2h": Chromium honours no more`
	maxMaxAge    = 2 * time.Hour // core warns of more
)

// duration accepts a positive duration with a unit, or "disabled".
func (c *checker) duration(n *document.Node, at document.Pos, key string) (any, bool) {
	switch {
	case n.Kind == document.Int || n.Kind == document.Float || n.Kind == document.Text && isNumber(n.Text):
		fix := durationRule
		if isDigits(n.Text) && strings.Trim(n.Text, "0") != "" {
			fix = "write " + strconv.Quote(n.Text+"s") + " for seconds"
		}
		if seconds, err := strconv.ParseInt(n.Text, 10, 64); isDigits(n.Text) && (err != nil || seconds > int64(maxMaxAge/time.Second)) {
			fix = atMost
		}
		c.fault(key, at, reason.Unit, n.Text, "a duration without a unit", fix)
		return nil, false
	case n.Kind != document.Text:
		c.mismatch(n, at, key, "a duration", durationRule)
		return nil, false
	case n.Text == disabled:
		return core.NoPreflightCache, true
	}
	d, err := time.ParseDuration(n.Text)
	switch {
	case err != nil:
		c.fault(key, at, reason.Value, n.Text, "not a duration", durationMeant(n.Text))
	case d == 0:
		c.fault(key, at, reason.Value, n.Text, "zero is ambiguous", noCaching+", or remove the key for the default of the browser")
	case d < 0:
		c.fault(key, at, reason.Value, n.Text, "a negative duration", noCaching)
	default:
		return d, true
	}
	return nil, false
}

// durationMeant returns the suggestion for text that is not a duration.
func durationMeant(text string) string {
	short := shortDuration(text)
	d, err := time.ParseDuration(short)
	switch {
	case notRendered(text) != "":
		return notRendered(text)
	case slices.Contains([]string{disabled, "off", "none", "never", "no", "false"}, strings.ToLower(unquoted(text))):
		return noCaching
	case err != nil || d <= 0 || d%time.Second != 0:
		return durationRule
	case d > maxMaxAge:
		return atMost
	}
	return wording.DidYouMean(short)
}

var longUnit = regexp.MustCompile(`^([0-9]+) *(s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hour|hours|d|day|days)$`)

// shortDuration returns the spelling of a duration such as "10 minutes", "1h 30m" or
// "1d" in a file. It may not be a duration.
func shortDuration(text string) string {
	text = strings.ToLower(unquoted(text))
	m := longUnit.FindStringSubmatch(text)
	switch {
	case m == nil && isDigits(text):
		return text + "s"
	case m == nil:
		return strings.ReplaceAll(text, " ", "")
	}
	number, unit := m[1], m[2][:1]
	if unit == "d" {
		days, err := strconv.Atoi(number)
		if err != nil || days > 1000 {
			return ""
		}
		number, unit = strconv.Itoa(days*24), "h"
	}
	return number + unit
}

// spellDuration returns the spelling of a max_age in a file.
func spellDuration(d time.Duration) string {
	switch d {
	case 0:
		return ""
	case core.NoPreflightCache:
		return disabled
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return err == nil
}

// text accepts text that is not blank.
func (c *checker) text(n *document.Node, at document.Pos, key string) (any, bool) {
	switch {
	case n.Kind != document.Text:
		c.mismatch(n, at, key, "text", inQuotes(n))
	case strings.TrimSpace(n.Text) == "":
		c.fault(key, at, reason.Empty, n.Text, "empty", "set a value, or remove the key")
	default:
		return n.Text, true
	}
	return nil, false
}

// inQuotes returns the suggestion for a scalar that is not text in its format.
func inQuotes(n *document.Node) string {
	if n.Kind == document.List || n.Kind == document.Table {
		return ""
	}
	return "write " + wording.Quote(n.Text) + ", in quotes"
}
