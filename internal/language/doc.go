// Package language decides questions about the sets of origins that patterns match:
// whether a set is empty, which combinations of other patterns match its members, and
// whether it spans the domains of strangers.
//
// Patterns become automata that read an origin from its end, as DNS names are read. An
// automaton runs together with the grammar of origins, so it matches only origins. Answers
// are exact, not based on samples. A [Budget] bounds the work. If a question needs more, the
// error is [ErrUndecided].
package language
