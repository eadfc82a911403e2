package config

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// Parts of core's suggestions that name entries.
const (
	listAdvice = "write one list entry for each"
	didYouMean = "did you mean "
	anOrigin   = "as browsers send it, such as https://app.example.com"
)

var (
	quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	coreList   = regexp.MustCompile(`^` + listAdvice + `(?: origin| \([^)]*\))?: ((?:"(?:[^"\\]|\\.)*"(?:, )?)+)`)
)

// entriesOf returns the entries that a text in place of a list probably means. If core
// cannot tell, it returns core's advice.
//
// The policy p has the flags of the same table. If they forbid the entries that are meant,
// entriesOf returns the entries and core's advice.
func entriesOf(f *Field, text string, p core.Policy) (entries []string, advice string) {
	if policyField(f.Key) == nil { // names of policies or variables
		entries = strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;\t\r\n\"'-[]", r) })
		valid := isName
		if f.Key == keyIgnoreVariables {
			valid = isVariable
		}
		if slices.ContainsFunc(entries, func(s string) bool { return !valid(s) }) {
			return nil, ""
		}
		return entries, ""
	}
	if tryList(f, []string{text}, core.Policy{}) == nil {
		return []string{text}, forbidden(f, []string{text}, p)
	}
	for pe := range core.PolicyErrors(tryList(f, []string{text}, p)) {
		switch {
		case coreList.MatchString(pe.Suggestion):
			entries = unquoteAll(coreList.FindStringSubmatch(pe.Suggestion)[1])
		case strings.HasPrefix(pe.Suggestion, didYouMean):
			entries = unquoteAll(pe.Suggestion)
		case pe.Reason == reason.NullOrigin && p.AllowCredentials:
			advice = "remove the key: no setting allows this origin together with credentials"
		case pe.Reason == reason.NullOrigin:
			advice = `write ["null"] and ` + pe.Spell(KeyOf).Suggestion
		default:
			advice = pe.Spell(KeyOf).Suggestion
			if quoted := quotedText.FindString(advice); quoted != "" && strings.HasPrefix(advice, "write "+quoted) {
				advice = strings.Replace(advice, quoted, "["+quoted+"]", 1)
			}
			advice = strings.Replace(advice, anOrigin, `as browsers send it, as in ["https://app.example.com"]`, 1)
		}
		break
	}
	if entries == nil || tryList(f, entries, core.Policy{}) != nil {
		return nil, advice
	}
	return entries, forbidden(f, entries, p)
}

// forbidden returns core's advice for entries that the flags of a policy forbid, or "".
func forbidden(f *Field, entries []string, p core.Policy) string {
	for pe := range core.PolicyErrors(tryList(f, entries, p)) {
		return pe.Spell(KeyOf).Suggestion
	}
	return ""
}

// flagsOf returns a policy with the flags that a table sets, as far as it can be read.
func flagsOf(table *Field, n *document.Node) (p core.Policy) {
	for _, pair := range n.Pairs {
		f := table.field(pair.Key)
		if f == nil || f.Type != booleanType || f.Goname == "" || pair.Value == nil {
			continue
		}
		set := pair.Value.Kind == document.Bool && pair.Value.Text == "true" || truth(pair.Value.Text) == "write true"
		reflect.ValueOf(&p).Elem().FieldByName(f.Goname).SetBool(set)
	}
	return p
}

// tryList returns core's error for a policy with the list.
func tryList(f *Field, list []string, p core.Policy) error {
	reflect.ValueOf(&p).Elem().FieldByName(f.Goname).Set(reflect.ValueOf(list))
	_, err := core.New(p)
	return err
}

func unquoteAll(text string) (all []string) {
	for _, quoted := range quotedText.FindAllString(text, -1) {
		if s, err := strconv.Unquote(quoted); err == nil {
			all = append(all, s)
		}
	}
	return all
}

// asList returns the suggestion for a scalar instead of a list.
func asList(f *Field, n *document.Node, p core.Policy) string {
	const general = "write a list in brackets, with one entry for each value"
	if n.Kind == document.Table || n.Kind == document.List {
		return ""
	}
	entries, advice := entriesOf(f, n.Text, p)
	list := jsonList(entries)
	switch {
	case strings.HasPrefix(advice, "list the origins that need credentials"):
		return `write the origins that need credentials, as in ["https://app.example.com"], or ["*"] and set allow_credentials to false`
	case slices.Equal(entries, []string{"*"}) && advice != "":
		return "write the names, as in " + f.Example + ": " + advice
	case entries != nil && advice != "" && len(list) < maxText/2:
		return "write " + list + "; also, " + advice
	case entries != nil && len(list) < maxText/2:
		return "write " + list
	case advice != "" && !strings.HasPrefix(advice, listAdvice):
		return advice
	}
	return general
}

func jsonList(entries []string) string {
	quoted := make([]string, len(entries))
	for i, entry := range entries {
		quoted[i] = strconv.Quote(entry)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// forVariable turns core's suggestion for an entry into one for a variable. The lists of
// variables have commas, and their values have no quotes.
func forVariable(value, suggestion string) string {
	if m := coreList.FindStringSubmatch(suggestion); m != nil {
		entries := unquoteAll(m[1])
		text, separate := strings.Join(entries, ","), "separate the entries with commas: "
		if len(entries) == 1 {
			separate = "write it as "
		}
		if strings.Count(text, ",") >= len(entries) {
			text, separate = jsonList(entries), "write the list as a JSON array: "
		}
		return separate + wording.Name(text) + suggestion[len(m[0]):]
	}
	if strings.HasPrefix(suggestion, listAdvice) {
		return "separate the entries with commas"
	}
	quoted := quotedText.FindString(suggestion)
	if s, err := strconv.Unquote(quoted); err == nil && strings.HasPrefix(suggestion, didYouMean) && isWrapped(value) {
		return "write it as " + wording.Name(s) + suggestion[len(didYouMean)+len(quoted)+len("?"):]
	}
	return suggestion
}

// isWrapped reports whether a value is in quotes or brackets. Compose files and some shells
// do not remove them.
func isWrapped(value string) bool {
	return len(value) > 1 && (value[0] == value[len(value)-1] && strings.ContainsRune("\"'`", rune(value[0])) ||
		value[0] == '[' && value[len(value)-1] == ']')
}

// unquoted removes quotes around a value.
func unquoted(s string) string {
	if s = strings.TrimSpace(s); isWrapped(s) && s[0] != '[' {
		return strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}

// notRendered returns the suggestion for a template in place of a value, or "".
func notRendered(text string) string {
	if strings.Contains(text, "{{") {
		return document.NotRendered
	}
	return ""
}
