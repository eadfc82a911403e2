// Package origin holds the grammar of web origins and of the patterns that
// match them, and the matcher that patterns compile to.
//
// An origin, as a browser serialises it (HTML, "ASCII serialization of an
// origin"; RFC 6454, section 6.2), is scheme://host or scheme://host:port: all
// in lower case, the host in ASCII, the scheme's default port left out. [Parse]
// accepts that and nothing else.
//
// A [Matcher] answers which of several owners (a policy, to the caller) a given
// origin belongs to. Its cost depends on the length of the origin, which is
// bounded, and on the number of different shapes among the patterns, but not on
// the number of patterns: exact origins are found by one hash, wildcard
// patterns by one hash for each length that a pattern's literal tail has. Tried
// one by one are regular expressions, ranges of ports of the same host, and
// patterns with several wildcards that end alike.
package origin
