// Package language decides questions about the sets of origins that patterns match:
// whether a set is empty, which combinations of other patterns match its members, and
// whether it spans the domains of strangers.
//
// Patterns become automata that read an origin from its end, as DNS names are read. They
// are run together with the grammar of origins, so only origins count. Answers are
// exact, not judged by samples. Work is bounded by a [Budget]; a question that needs
// more remains undecided, and the caller is told so.
package language
