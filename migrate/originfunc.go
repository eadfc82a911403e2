package migrate

import "fmt"

// originFunc translates a function that decides about an origin.
func (t *Translation) originFunc(option string, v Value) {
	k := t.keep("AllowOriginFunc", option, v)
	k.Why = "it is a function that is not read"
	t.note(Note{Code: "function-kept", Change: Narrower, Field: option, Scope: Scope{Origins: []string{"null"}},
		Text: fmt.Sprintf("%s stays code; corskit never calls it for the origin \"null\"", option)})
}

// ignoredList notes a list that a function replaces.
func (t *Translation) ignoredList(list, function string) {
	t.note(Note{Code: "ignored-list", Change: Same, Wrong: true, Field: list,
		Text: fmt.Sprintf("%s ignores %s if %s is set, so the policy does not list it", t.site.Library.Name, list, function)})
}
