package config

import (
	"bytes"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// Addition is what [Add] adds to a policy.
type Addition struct {
	Policy string // its name
	// Key is the key of a list, such as "allow_origins", or of a boolean, such as
	// "dangerously_allow_null_origin", which becomes true.
	Key     string
	Entries []string // for a list: at least one
}

// Edit is a changed document of a configuration.
type Edit struct {
	Name     string // as [Source.Load] is given it
	File     string // as messages call it
	Old, New []byte
}

// Add adds entries to a policy of a configuration, in the document that sets the key: the
// file, that of the profile, or an origins_file. If none does, the key is added to the
// policy, in the last file that declares it. Everything else in the document stays as it
// is, comments too. Add writes nothing.
//
// Add reads the new text again and makes sure that, apart from the addition, the policies, the
// routes and the shadow are the same. Add does not check the entries: to do that, read the
// configuration with the new text.
//
// The errors are those of [Load], except that core does not check the policies. Add also
// returns an [*Error] with reason.Variable, whose Place names the variable, or with
// reason.Notation, whose Place says where to add the entries by hand.
func Add(ctx context.Context, src Source, name string, a Addition, opts ...Options) (Edit, error) {
	if err := named(src, name); err != nil {
		return Edit{}, err
	}
	l := &loader{src: src, name: name, opts: combine(opts)}
	before := l.load(ctx)
	if err := before.faults.err(); err != nil {
		return Edit{}, err
	}
	field := policyField(a.Key)
	if _, known := before.merged.index[a.Policy]; !known || field == nil || !slices.Contains([]string{listType, booleanType}, field.Type) ||
		(field.Type == listType) != (len(a.Entries) > 0) {
		return Edit{}, &Error{
			Place: Place{Key: policyKey(a.Policy, a.Key)}, Reason: reason.Value, Detail: "not a list or boolean of a policy",
			Suggestion: "name a policy of the file, and a key with a list or a boolean",
		}
	}
	for _, attempt := range before.attempts(l.texts(ctx, before), a) {
		after := (&loader{src: replacedSource{src, attempt}, name: name, opts: l.opts}).load(ctx)
		if len(after.faults.list) == 0 && isAddition(before, after, a) {
			return attempt, nil
		}
	}
	return Edit{}, before.refuse(a)
}

// texts returns the loaded documents, by their names in the source and by their names in
// messages, which several documents may share. If a document has changed since, its text
// differs from what was loaded, and the caller notices that.
func (l *loader) texts(ctx context.Context, s *state) map[string]Edit {
	all, shown := make(map[string]Edit), make(map[string]Edit)
	for _, name := range slices.Sorted(maps.Keys(s.seen)) {
		if d, fault := l.document(ctx, &state{seen: make(map[string]string)}, name, maxOriginsFileSize); fault == nil {
			all[name] = Edit{Name: name, File: d.Name, Old: d.Data}
			shown[d.Name] = all[name]
		}
	}
	for name, edit := range shown {
		if _, given := all[name]; !given {
			all[name] = edit
		}
	}
	return all
}

// attempts returns ways to make an addition, the best first. Some may not work.
func (s *state) attempts(texts map[string]Edit, a Addition) (all []Edit) {
	try := func(doc string, old []byte, change func(name string) ([]byte, bool)) {
		const mark = "\ufeff"
		edit := texts[doc]
		rest, marked := bytes.CutPrefix(edit.Old, []byte(mark))
		if !bytes.Equal(rest, old) {
			return // the document has changed
		}
		var ok bool
		if edit.New, ok = change(edit.Name); ok {
			if marked {
				edit.New = append([]byte(mark), edit.New...)
			}
			all = append(all, edit)
		}
	}
	at, set := s.merged.places[policyKey(a.Policy, a.Key)]
	switch {
	case set && at.variable != "":
		return nil
	case set:
		try(at.doc.Name, at.doc.Data, func(name string) ([]byte, bool) {
			if e := document.NewEditor(at.doc, name); a.Entries != nil {
				return e.Append(at.value, at.at, a.Entries)
			} else {
				return e.SetTrue(at.value)
			}
		})
		return all
	}
	file := s.merged.Policies[a.Policy].OriginsFile
	if list := s.lists[file]; list != nil && a.Key == keyAllowOrigins {
		try(file, []byte(list.text), func(string) ([]byte, bool) { return list.with(a.Entries), true })
	}
	if policy := s.merged.places[joinKey(keyPolicies, a.Policy)]; policy.doc != nil {
		try(policy.doc.Name, policy.doc.Data, func(name string) ([]byte, bool) {
			return document.NewEditor(policy.doc, name).Put(policy.value, a.Key, a.Entries, keysBefore(a.Key))
		})
	}
	return all
}

// keysBefore returns the keys of a policy that come before key in the schema.
func keysBefore(key string) (keys []string) {
	for i := range policyFields {
		if policyFields[i].Key == key {
			break
		}
		keys = append(keys, policyFields[i].Key)
	}
	return keys
}

// refuse returns the error for an addition that cannot be made.
func (s *state) refuse(a Addition) error {
	key := policyKey(a.Policy, a.Key)
	at, set := s.merged.places[key]
	if !set && a.Key == keyAllowOrigins {
		at, set = s.merged.places[policyKey(a.Policy, keyOriginsFile)]
	}
	if !set {
		at = s.merged.places[joinKey(keyPolicies, a.Policy)]
	}
	e := &Error{
		Place: at.placeAt(key, at.at), Reason: reason.Notation, Detail: "in a notation that is not changed automatically",
		Suggestion: "add " + addition(a) + " by hand",
	}
	if at.variable != "" {
		e.Reason, e.Detail, e.Suggestion = reason.Variable, "set by the variable", "add "+addition(a)+" to the variable"
		if len(a.Entries) > 0 && at.value == nil {
			e.Suggestion = "append " + wording.Name(","+strings.Join(a.Entries, ",")) + " to the variable"
		}
	}
	return e
}

// addition returns what to add, as in a file.
func addition(a Addition) string {
	if a.Entries == nil {
		return a.Key + ": true"
	}
	list := jsonList(a.Entries)
	return list[1 : len(list)-1]
}

// with returns the text of the list with more entries at the end.
func (l *originList) with(entries []string) []byte {
	newline := "\n"
	if strings.Contains(l.text, "\r\n") {
		newline = "\r\n"
	}
	text := []byte(l.text)
	if !strings.HasSuffix(l.text, "\n") {
		text = append(text, newline...)
	}
	for _, entry := range entries {
		text = append(append(text, entry...), newline...)
	}
	return text
}

// replacedSource is a source with a new text for one document.
type replacedSource struct {
	Source
	edit Edit
}

// Load implements [Source].
func (s replacedSource) Load(ctx context.Context, name string, limit int64) (Document, error) {
	if name != s.edit.Name {
		return s.Source.Load(ctx, name, limit)
	}
	return Document{Name: s.edit.File, Data: bytes.Clone(s.edit.New), Revision: "edited"}, nil
}

// isAddition reports whether an addition is all that differs between two states.
func isAddition(before, after *state, a Addition) bool {
	want := withoutFuncs(&before.part)
	got := withoutFuncs(&after.part)
	field := policyField(a.Key)
	for i := range want {
		if want[i].Name != a.Policy || i >= len(got) {
			continue
		}
		value := reflect.ValueOf(&want[i]).Elem().FieldByName(field.Goname)
		if a.Entries == nil {
			value.SetBool(true)
			continue
		}
		list := slices.Concat(value.Interface().([]string), a.Entries)
		now := reflect.ValueOf(got[i]).FieldByName(field.Goname).Interface().([]string)
		if slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(list))) {
			value.Set(reflect.ValueOf(now)) // the order of the entries does not matter
		}
	}
	if !reflect.DeepEqual(want, got) || !slices.Equal(routeLines(&before.part), routeLines(&after.part)) {
		return false
	}
	if before.shadow == nil || after.shadow == nil {
		return before.shadow == after.shadow
	}
	return reflect.DeepEqual(withoutFuncs(before.shadow), withoutFuncs(after.shadow)) &&
		slices.Equal(routeLines(before.shadow), routeLines(after.shadow))
}

// withoutFuncs returns the policies of a part without their functions, which cannot be
// compared, and are not in files.
func withoutFuncs(p *part) []core.Policy {
	policies := slices.Clone(p.policies)
	for i := range policies {
		policies[i].AllowOriginFunc = nil
	}
	return policies
}
