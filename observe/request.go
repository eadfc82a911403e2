package observe

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/core"
)

// The maximum lengths, in bytes, of the parts of a request that are kept. An http or
// https origin has at most 267 bytes.
const (
	maxOrigin = 320
	maxName   = 128 // the name of a method or header
	maxHost   = 272
	maxPath   = 512
	maxNames  = 1024 // all lines of Access-Control-Request-Headers
)

// cut marks the end of a value that was cut. No origin, method or header name contains it,
// so a value that was cut never equals one that may be allowed.
const cut = "…"

// clip returns s and "" if s has at most n bytes. Otherwise it returns a shorter
// beginning of s and cut, which together have at most n bytes.
func clip(s string, n int) (kept, end string) {
	if len(s) <= n {
		return s, ""
	}
	for n = max(n-len(cut), 0); n > 0 && !utf8.RuneStart(s[n]); n-- {
	}
	return s[:n], cut
}

// clipped returns s with at most n bytes.
func clipped(s string, n int) string {
	if len(s) <= n {
		return s // a concatenation would take longer
	}
	kept, end := clip(s, n)
	return kept + end
}

// withoutQuery returns a path up to the first question mark. A path has one if a Source
// returns the whole request target as the path.
func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// fields are the header fields that are kept. The limits are for all lines together.
var fields = [...]struct {
	name         string
	lines, limit int
}{
	{"Origin", 2, 2 * maxOrigin},
	{"Access-Control-Request-Method", 2, 2 * maxName},
	{"Access-Control-Request-Headers", 17, maxNames}, // the engine reads as many lines
	{"Access-Control-Request-Private-Network", 2, 16},
	{"Sec-Fetch-Site", 2, 32},
}

// appendRequest appends the parts of a request that are kept to b, for readRequest.
func appendRequest(b []byte, src core.Source) []byte {
	t := src.Target()
	b = appendText(b, src.Method(), maxName)
	b = appendText(b, t.Host, maxHost)
	b = appendText(b, withoutQuery(t.Path), maxPath)
	b = appendText(b, withoutQuery(t.RawPath), maxPath)
	fold := byte(0)
	if t.FoldPath {
		fold = 1
	}
	b = append(b, fold)
	for i := range fields {
		lines, limit := src.Lines(fields[i].name), fields[i].limit
		lines = lines[:min(len(lines), fields[i].lines)]
		b = append(b, byte(len(lines)))
		for _, line := range lines {
			b = appendText(b, line, limit)
			limit -= min(limit, len(line))
		}
	}
	return b
}

func appendText(b []byte, s string, n int) []byte {
	kept, end := clip(s, n)
	b = binary.BigEndian.AppendUint16(b, uint16(len(kept)+len(end)))
	return append(append(b, kept...), end...)
}

// readRequest returns the request that appendRequest wrote. Its strings share the memory
// of s. If s is empty, so is the request.
func readRequest(s string) (r core.Request) {
	if s == "" {
		return r
	}
	for _, text := range []*string{&r.Method, &r.Host, &r.Path, &r.RawPath} {
		*text, s = readText(s)
	}
	r.FoldPath, s = s[0] == 1, s[1:]
	for _, lines := range []*[]string{
		&r.Origin, &r.AccessControlRequestMethod, &r.AccessControlRequestHeaders,
		&r.AccessControlRequestPrivateNetwork, &r.SecFetchSite,
	} {
		n := s[0]
		s = s[1:]
		for range n {
			var line string
			line, s = readText(s)
			*lines = append(*lines, line)
		}
	}
	return r
}

func readText(s string) (text, rest string) {
	n := int(s[0])<<8 | int(s[1])
	return s[2 : 2+n], s[2+n:]
}
