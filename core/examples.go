package core

import (
	"slices"

	"github.com/corskit/corskit/internal/language"
	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/reason"
)

// examplesSteps bounds the work of Examples to a fraction of a second.
const examplesSteps = 1 << 21

// Examples returns sample origins that an entry of AllowOrigins matches. It puts two of
// these origins into the same group if the same other entries match both, and returns one
// origin of each group. http:// origins other than loopback are in groups of their own.
// So if an answer depends only on which entries match the origin, the examples get every
// answer that the entry's origins can get. If there are no examples, the entry matches no
// origin.
//
// Examples is exact, for regular expressions too. Its error is a [*PolicyError]: an entry
// is not valid, or the entries are too complex ([reason.Undecided]). In the second case, some
// examples may be missing. The error's Index is 0 for entry, and i+1 for others[i].
func Examples(entry string, others ...string) ([]string, error) {
	patterns, err := parseEntry(0, entry)
	if err != nil {
		return nil, err
	}
	apart := insecurity()
	for i, other := range others {
		more, err := parseEntry(i+1, other)
		if err != nil {
			return nil, err
		}
		if other != "*" { // "*" matches every origin, so it makes no groups
			apart = append(apart, more...)
		}
	}
	var all []string
	if entry == "null" || entry == "*" {
		all = append(all, "null")
	}
	budget := language.NewBudget(examplesSteps)
	for _, p := range patterns {
		some, err := language.Examples(budget, p, apart...)
		all = append(all, some...)
		if err != nil {
			if member, _ := language.Member(language.NewBudget(examplesSteps), p); member != "" {
				all = append(all, member)
			}
			e := finding{"", "AllowOrigins", 0, entry}.error(reason.Undecided, "too complex to tell which origins it matches",
				"write simpler entries")
			return unique(all), &e
		}
	}
	return unique(all), nil
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// parseEntry parses an entry into its patterns. "null" has none.
func parseEntry(index int, entry string) (all []*origin.Pattern, err error) {
	f := origin.ParsePattern(entry, func(p origin.Pattern) {
		if p.Kind != origin.Null {
			all = append(all, &p)
		}
	})
	if f != nil {
		e := finding{"", "AllowOrigins", index, entry}.error(f.Reason, text(f.Detail), text(f.Suggestion))
		err = &e
	}
	return all, err
}
