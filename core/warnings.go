package core

import (
	"strconv"

	"github.com/corskit/corskit/reason"
)

// Warning is a setting of a policy or route that is legal but probably not intended. Its
// fields have the same meanings as those of [PolicyError]. For [PolicyError.Spell],
// convert a Warning to a PolicyError.
type Warning PolicyError

// String returns one line with the policy, the field, the entry, the warning and
// the advice.
func (w Warning) String() string {
	e := PolicyError(w)
	return e.Error()
}

// maxWarnings is the maximum number of warnings for one reason. Lists may have a
// million origins.
const maxWarnings = 100

// warnings collects warnings, up to maxWarnings for each reason.
type warnings struct {
	list  []Warning
	count map[reason.Reason]int
}

func (ws *warnings) add(w Warning) {
	if ws.count == nil {
		ws.count = make(map[reason.Reason]int)
	}
	n := ws.count[w.Reason]
	ws.count[w.Reason]++
	if n < maxWarnings {
		ws.list = append(ws.list, w)
	}
}

// all returns the warnings. The last one for a reason says how many were dropped.
func (ws *warnings) all() []Warning {
	list := ws.list
	for i := len(list) - 1; i >= 0; i-- {
		if more := ws.count[list[i].Reason] - maxWarnings; more > 0 {
			note := " (and " + strconv.Itoa(more) + " more of these)"
			list[i].Detail += note
			list[i].detail += text(note)
			ws.count[list[i].Reason] = 0
		}
	}
	return list
}
