package config

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// loader makes policies of what a source holds and the environment says. Its
// name is empty if the environment is all there is.
type loader struct {
	src  Source
	name string
	opts Options
}

// state is what one load has found.
type state struct {
	policies []core.Policy
	routes   []core.Route // nil if every policy applies to every request
	used     map[string]bool
	revision Revision
	warnings []*Warning

	seen   map[string]string // the revision of every document asked for
	files  []string          // as messages call them, in the order of reading
	merged *merged           // nil if a file could not be decoded
	lists  map[string]*originList
	faults faults
}

// tries bounds how often a load begins anew because a document has changed
// since it began.
const tries = 4

// load reads and checks everything. What it finds wrong is in the state.
func (l *loader) load(ctx context.Context) *state {
	environ := l.opts.Environ
	if environ == nil {
		environ = os.Environ()
	}
	for try := 1; ; try++ {
		s := &state{seen: make(map[string]string), lists: make(map[string]*originList)}
		names := l.read(ctx, s, environ)
		if l.steady(ctx, s, names) || ctx.Err() != nil {
			s.faults.files = s.files
			return s
		}
		if try == tries {
			s.faults.add(&Error{
				Place: Place{File: s.files[0]}, Reason: ReasonRead, Detail: "keeps changing while it is read",
				Suggestion: "replace files as a whole, by renaming a new one over the old",
			})
			return s
		}
	}
}

// steady reports whether the documents that were read first are still the same
// now that all are read, so that all are of one moment: a mounted ConfigMap
// swaps its files together.
func (l *loader) steady(ctx context.Context, s *state, names []string) bool {
	if len(s.seen) < 2 {
		return true
	}
	for _, name := range names {
		if doc, _ := l.src.Load(ctx, name, maxFileSize); s.seen[name] != "" && doc.Revision != s.seen[name] {
			return false
		}
	}
	return true
}

// read fills the state and returns the names of the configuration files.
func (l *loader) read(ctx context.Context, s *state, environ []string) (names []string) {
	vars := variables(environ, &s.faults)
	profile, from := profileOf(vars, l.opts, &s.faults)
	sum := sha256.New()
	mix := func(parts ...string) {
		for _, p := range parts {
			var n [8]byte
			binary.BigEndian.PutUint64(n[:], uint64(len(p)))
			sum.Write(n[:])
			sum.Write([]byte(p))
		}
	}
	for _, v := range vars {
		mix("variable", v.name, v.value)
	}
	mix("profile", profile)

	var layers []*layer
	decoded := true
	if l.name != "" {
		names = append(names, l.name)
		if ext := path.Ext(l.name); profile != "" {
			names = append(names, strings.TrimSuffix(l.name, ext)+"."+profile+ext)
		}
	} else if profile != "" {
		e := &Error{
			Place: from, Value: profile, Reason: reasonValue,
			Detail: "a profile chooses among files, and there is none", Suggestion: "unset it",
		}
		if from.Variable == "" {
			e.Detail, e.Suggestion = "the profile option chooses among files, and there is none", "leave the option out"
		}
		s.faults.add(e)
	}
	known := make(spellings)
	for i, name := range names {
		d, fault := l.document(ctx, s, name, maxFileSize)
		if fault != nil {
			if i > 0 && fault.Reason == ReasonNotFound {
				fault.Detail += ", though the profile is " + strconv.Quote(profile)
				fault.Suggestion = "create it, or choose another profile"
				if from.Variable != "" {
					fault.Suggestion += " with " + from.Variable
				}
			}
			s.faults.add(fault)
			decoded = false
			continue
		}
		mix("document", name, string(d.Data))
		root, unread := d.Decode(name)
		if unread != nil {
			s.faults.add(documentFault(d, unread))
			decoded = false
			continue
		}
		layers = append(layers, checkDocument(d, root, known, &s.faults))
	}

	var declared []string
	for _, l := range layers {
		declared = append(declared, l.policies...)
	}
	files := s.files
	if !decoded {
		files = nil // what they declare is not known
	}
	layers = append(layers, checkVariables(vars, known, declared, files, &s.faults))
	if !decoded {
		return names
	}
	m, err := merge(layers)
	if err != nil {
		s.faults.add(internal(err))
		return names
	}
	if len(m.order) == 0 {
		if len(s.faults.list) == 0 {
			s.faults.add(l.nothing(s))
		}
		return names
	}
	for _, policy := range m.order {
		file := m.Policies[policy].OriginsFile
		if _, known := s.lists[file]; file == "" || known {
			continue
		}
		s.lists[file] = nil
		place := m.places[joinKey(joinKey(keyPolicies, policy), keyOriginsFile)].place(-1)
		d, fault := l.document(ctx, s, file, maxOriginsFileSize)
		if fault != nil {
			fault.Detail = strings.TrimPrefix(wording.Name(fault.File)+": "+fault.Detail, ": ")
			fault.Place, fault.Value = place, file
			s.faults.add(fault)
			continue
		}
		mix("origins", file)
		sum.Write(d.Data)
		list, fault := parseOrigins(d, l.opts.progress)
		if fault != nil {
			s.faults.add(fault)
			continue
		}
		s.faults.unseen = list.shorten() || s.faults.unseen
		s.lists[file] = list
	}
	s.merged = m
	s.policies = m.policies(s.lists)
	if m.Routes != nil {
		s.routes, s.used = m.routes(s.policies, &s.faults)
	}
	s.revision = Revision{Hash: hex.EncodeToString(sum.Sum(nil)), Time: time.Now(), Source: "environment"}
	if l.name != "" {
		s.revision.Source = s.files[0]
	}
	return names
}

// nothing is the fault of a configuration without any policy.
func (l *loader) nothing(s *state) *Error {
	if l.name == "" {
		return &Error{
			Place: Place{Variable: variablePrefix + strings.ToUpper(keyAllowOrigins)}, Reason: reasonMissing,
			Detail: "not set, nor is any other variable of a policy", Suggestion: "set it; empty, it refuses every origin",
		}
	}
	return &Error{
		Place: Place{File: s.files[0]}, Reason: reasonMissing, Detail: "no policy in it",
		Suggestion: "add the key policies; a policy {} refuses every origin",
	}
}

// document loads one document and remembers its revision.
func (l *loader) document(ctx context.Context, s *state, name string, limit int64) (*document.Document, *Error) {
	fault := func(display string, reason core.Reason, detail, suggestion string, err error) *Error {
		return &Error{Place: Place{File: display}, Reason: reason, Detail: detail, Suggestion: suggestion, Err: err}
	}
	l.opts.progress(Progress{Phase: phaseReading, File: name})
	doc, err := l.src.Load(ctx, name, limit)
	if doc.Name == "" {
		doc.Name = name
	}
	if err == nil && doc.Revision == "" {
		hash := sha256.Sum256(doc.Data)
		doc.Revision = hex.EncodeToString(hash[:])
	}
	s.seen[name] = doc.Revision
	s.files = append(s.files, doc.Name)
	if err == nil && int64(len(doc.Data)) > limit {
		err = ErrTooLarge
	}
	switch {
	case err == nil:
		return &document.Document{Name: doc.Name, Data: doc.Data}, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault(doc.Name, ReasonNotFound, "no such file", "", err)
	case errors.Is(err, ErrTooLarge):
		fix := "list many origins in an origins_file"
		if limit == maxOriginsFileSize {
			fix = "use a pattern that stands for many"
		}
		return nil, fault(doc.Name, reasonTooLarge, fmt.Sprintf("more than %d MiB", limit>>20), fix, err)
	}
	detail := err.Error()
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		detail = at.Err.Error()
	}
	return nil, fault(doc.Name, ReasonRead, "cannot be read: "+wording.Foreign(detail), "", err)
}

// compile makes an engine of the policies, or reloads the one it is given, and
// returns it. Where something is wrong it reports all of it and leaves the
// engine alone.
func (s *state) compile(engine *core.Engine, progress func(Progress)) (*core.Engine, error) {
	if s.merged == nil {
		return nil, s.faults.err()
	}
	total := 0
	for _, p := range s.policies {
		total += len(p.AllowOrigins)
	}
	progress(Progress{Phase: phaseCompiling, Total: total})
	certain := s.faults.within(keyPolicies)
	for _, p := range s.policies {
		if s.routes != nil && !s.used[p.Name] {
			_, err := core.New(p)
			s.refused(err)
			if certain {
				s.unused(p.Name)
			}
		}
	}
	if len(s.faults.list) > 0 || engine == nil {
		made, err := s.engine()
		s.refused(err)
		if err := s.faults.err(); err != nil {
			return nil, err
		}
		engine = made
	} else if err := s.reload(engine); err != nil {
		s.refused(err)
		return nil, s.faults.err()
	}
	s.warn(engine.Warnings())
	progress(Progress{Phase: phaseCompiling, Done: total, Total: total})
	return engine, nil
}

func (s *state) engine() (*core.Engine, error) {
	switch {
	case s.routes != nil:
		return core.NewRouted(s.routes...)
	case len(s.policies) > 0:
		return core.New(s.policies...)
	}
	return nil, nil // reported before
}

func (s *state) reload(engine *core.Engine) error {
	if s.routes != nil {
		return engine.ReloadRouted(s.routes...)
	}
	return engine.Reload(s.policies...)
}

// refused reports what core refuses, in the words of the file.
func (s *state) refused(err error) {
	found := false
	for pe := range core.PolicyErrors(err) {
		found = true
		if pe.Field == "Routes" && pe.Reason == core.ReasonNoPolicy {
			continue // reported before, with the name that is wrong
		}
		if s.faults.full() {
			s.faults.more++
			continue
		}
		if e := s.merged.torn(pe); e != nil {
			s.faults.add(e)
			continue
		}
		place := s.place(pe.Policy, pe.Field, pe.Index, pe.Value)
		if s.faults.at(place) {
			continue // what stands there is no list, text or duration to begin with
		}
		value := pe.Value
		if d, err := time.ParseDuration(value); err == nil && pe.Field == "MaxAge" {
			value = duration(d)
		}
		s.faults.add(&Error{
			Place: place, Value: value, Reason: ReasonPolicy,
			Detail: keyNames.Replace(pe.Detail), Suggestion: keyNames.Replace(pe.Suggestion), Err: pe,
		})
	}
	if err != nil && !found {
		s.faults.add(internal(err))
	}
}

func (s *state) place(policy, field string, index int, value string) Place {
	switch {
	case field == "Routes":
		return s.merged.routePlace(index, value)
	case policy == "":
		return Place{File: s.revision.Source, Key: keyPolicies}
	}
	return s.merged.place(policy, field, index, s.lists)
}

// warn takes over core's warnings.
func (s *state) warn(warnings []core.Warning) {
	known := make(map[string]bool)
	for _, w := range warnings {
		warning := &Warning{
			Place: s.place(w.Policy, w.Field, w.Index, w.Value), Value: w.Value, Reason: w.Reason,
			Detail: keyNames.Replace(w.Detail), Suggestion: keyNames.Replace(w.Suggestion),
		}
		if text := warning.String(); !known[text] {
			known[text] = true
			s.warnings = append(s.warnings, warning)
		}
	}
}

// unused warns of a policy that no route names. A fault anywhere but in a policy
// may be a route that is not seen, and then nobody knows.
func (s *state) unused(policy string) {
	s.warnings = append(s.warnings, &Warning{
		Place: s.merged.places[joinKey(keyPolicies, policy)].place(-1), Reason: ReasonUnusedPolicy,
		Detail: "no route names this policy", Suggestion: "name it in a route, or remove it",
	})
}

// sources returns the files once each.
func (s *state) sources() []string {
	list := slices.Clone(s.files)
	seen := make(map[string]bool)
	return slices.DeleteFunc(list, func(f string) bool {
		again := seen[f]
		seen[f] = true
		return again
	})
}
