package core

import "strconv"

// Warning is something legal in a policy or route that was probably not meant.
type Warning struct {
	Policy     string // the policy's name; empty where none is concerned
	Field      string // the Go name of the field
	Index      int    // the entry's index in a list field, else -1
	Value      string // the entry as given
	Code       Code
	Detail     string // what is odd, for people
	Suggestion string // what to do, for people
}

// String names the policy, the field, the entry and the advice in one line.
func (w Warning) String() string {
	e := PolicyError{Policy: w.Policy, Field: w.Field, Index: w.Index, Value: w.Value, Detail: w.Detail, Suggestion: w.Suggestion}
	return e.Error()
}

// maxWarnings bounds the warnings of one code, for lists of a million origins.
const maxWarnings = 100

// warnings collects, and drops what is beyond maxWarnings of one code.
type warnings struct {
	list  []Warning
	count map[Code]int
}

func (ws *warnings) add(w Warning) {
	if ws.count == nil {
		ws.count = make(map[Code]int)
	}
	n := ws.count[w.Code]
	ws.count[w.Code]++
	if n < maxWarnings {
		ws.list = append(ws.list, w)
	}
}

func (ws *warnings) all() []Warning {
	list := ws.list
	for i := len(list) - 1; i >= 0; i-- {
		if more := ws.count[list[i].Code] - maxWarnings; more > 0 {
			list[i].Detail += " (and " + strconv.Itoa(more) + " more of these)"
			ws.count[list[i].Code] = 0
		}
	}
	return list
}
