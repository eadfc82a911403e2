// Package origin parses web origins and origin patterns, and compiles patterns
// into a matcher.
//
// A browser serializes an origin as scheme://host or scheme://host:port, in lower
// case, with the host in ASCII and without the scheme's default port (HTML, "ASCII
// serialization of an origin"; RFC 6454, section 6.2). [Parse] accepts only that
// form.
//
// A [Matcher] finds the owner of an origin. An owner is a number that the caller
// chooses, such as the index of a policy. The cost of a match depends on the length
// of the origin, which is bounded, and on the number of different shapes among the
// patterns, but not on the number of patterns. Exact origins take one hash lookup.
// Wildcard patterns take one for each different length of the text after their last
// wildcard. Regular expressions, port ranges of the same host, and patterns with
// several wildcards and the same ending are tried one by one.
package origin
