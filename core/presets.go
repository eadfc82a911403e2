package core

import (
	"maps"
	"slices"
	"strings"

	"github.com/corskit/corskit/internal/fetch"
	"github.com/corskit/corskit/reason"
)

// entryOf maps each name that was listed so far to the entry that listed it.
type entryOf map[string]string

// preset returns the names that a preset, such as "@connect", adds to a list. all reports
// whether the list contains "*".
func (ps *policyScope) preset(field string, i int, entry string, seen entryOf, all bool) (added []string) {
	p, ok := fetch.LookupPreset(entry)
	if !ok {
		ps.unknownPreset(field, i, entry)
		return nil
	}
	names := presetNames(p, field)
	others := make(map[string]bool) // entries that listed the same names
	for _, name := range names {
		if seen[name] != "" {
			others[seen[name]] = true
			continue
		}
		seen[name] = entry
		added = append(added, name)
	}
	switch {
	case len(added) == 0:
		ps.listedBy(field, i, entry, slices.Sorted(maps.Keys(others))...)
	case all:
		ps.warn(field, i, entry, reason.CoveredByWildcard, `"*" already covers these names`, `list only "*"`)
	case !slices.ContainsFunc(names, func(name string) bool { return !fetch.IsSafelistedMethod(name) }):
		ps.warn(field, i, entry, reason.Safelisted,
			textf("no effect: browsers send %s without asking for permission", strings.Join(names, " and ")), "remove it")
	}
	return added
}

// unknownPreset adds the fault of an entry that looks like the name of a preset.
func (ps *policyScope) unknownPreset(field string, i int, entry string) {
	meant, ok := fetch.MeantPreset(entry)
	switch {
	case ok:
		ps.fault(field, i, entry, reason.UnknownPreset, "not the name of a preset", didYouMean(meant))
	case strings.EqualFold(entry, "@loopback"):
		ps.fault(field, i, entry, reason.UnknownPreset, "a preset of origins", "move it to "+nameAllowOrigins)
	default:
		ps.fault(field, i, entry, reason.UnknownPreset, "not the name of a preset",
			`the presets are "@connect", "@grpc-web" and "@mcp"; list other names without "@"`)
	}
}

// listedBy warns that other entries already list all names of an entry.
func (ps *policyScope) listedBy(field string, i int, entry string, others ...string) {
	if slices.Equal(others, []string{entry}) || !slices.ContainsFunc(append(others, entry), fetch.IsPresetName) {
		ps.again(field, i, entry, reason.Duplicate)
		return
	}
	ps.warn(field, i, entry, reason.Duplicate, "already listed, by "+quotedList(others), "remove it")
}

// presetNames returns the names that a preset adds to a field.
func presetNames(p *fetch.Preset, field string) []string {
	switch field {
	case "AllowMethods":
		return p.Methods
	case "AllowHeaders":
		return p.RequestHeaders
	}
	return p.ResponseHeaders
}

// Expand returns a copy of the policy in which AllowMethods, AllowHeaders and
// ExposeHeaders contain the names that presets add instead of the presets. Other entries
// are unchanged. The copy does not share these three lists with p.
func (p Policy) Expand() Policy {
	for field, list := range map[string]*[]string{
		"AllowMethods": &p.AllowMethods, "AllowHeaders": &p.AllowHeaders, "ExposeHeaders": &p.ExposeHeaders,
	} {
		var expanded []string
		for _, entry := range *list {
			names := []string{entry}
			if preset, ok := fetch.LookupPreset(entry); ok {
				names = presetNames(preset, field)
			}
			expanded = append(expanded, names...)
		}
		*list = expanded
	}
	return p
}

func isHeaderPreset(entry string) bool {
	_, ok := fetch.LookupPreset(entry)
	return ok
}
