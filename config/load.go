package config

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// loader makes policies from the documents of a source and the environment. Its name
// is empty if there is only the environment.
type loader struct {
	src    Source
	name   string
	opts   Options
	values map[string]any // in place of the document, if not nil

	defaults *core.Policy // the policy below the environment; nil if there is none
}

// state is the result of one load.
type state struct {
	part           // the policies in force; its warnings become those of all parts
	shadow   *part // nil if there is none
	revision Revision

	overridden map[string]override // by path
	mapping    *mapping            // nil if a file could not be decoded
	filed      bool                // there is a file, so variables are not the only way to set keys

	digest digest
	seen   map[string]string // the revision of every document requested
	files  []string          // names as in messages, in the order of reading
	lists  map[string]*originList
	faults faults

	shadowed *core.Engine // of the shadow policies; nil if there are none
}

// tries bounds how often a load starts again because a document has changed.
const tries = 4

// load reads and checks everything. Faults are in the state.
func (l *loader) load(ctx context.Context) *state {
	environ := l.opts.Environ
	if environ == nil {
		environ = os.Environ()
	}
	for try := 1; ; try++ {
		s := &state{digest: newDigest(), seen: make(map[string]string), lists: make(map[string]*originList)}
		s.whole = s
		names := l.read(ctx, s, environ)
		if l.steady(ctx, s, names) || ctx.Err() != nil {
			s.faults.files = s.files
			return s
		}
		if try == tries {
			s.faults.add(&Error{
				Place: Place{File: s.files[0]}, Reason: reason.Read, Detail: "keeps changing while it is read",
				Suggestion: "replace files by renaming new ones over them",
			})
			return s
		}
	}
}

// steady reports whether the documents that were read first are still unchanged. If
// not, the documents may belong to different versions of the configuration: a mounted
// ConfigMap swaps its files together.
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
	p := profileOf(environ, l.opts, &s.faults)
	s.digest.add("profile", p.name)
	switch {
	case l.name == "":
		p.refuse(&s.faults)
	case l.values != nil:
		p.refuse(&s.faults)
		names = append(names, l.name)
	default:
		names = append(names, l.name)
		if p.name != "" {
			names = append(names, p.file(l.name))
		}
	}
	known := make(spellings)
	layers, complete := l.layers(ctx, s, names, p, known)
	under := files{exist: l.name != "", names: s.files}
	if l.defaults != nil {
		under.names = []string{defaultsName}
	}
	for _, layer := range layers {
		under.declared = append(under.declared, layer.policies...)
	}
	if !complete {
		under.names = nil // the policies that they declare are unknown
	}
	m := mappingOf(layers, l.opts, under, known, &s.faults)
	vars := variables(environ, m, &s.faults)
	for _, v := range vars {
		s.digest.add("variable", v.name, v.value, m.targets[v.name].path())
	}
	layers = append(layers, checkVariables(vars, m, known, under, &s.faults))
	s.overridden = overridden(layers) // before they are merged
	if l.defaults != nil {            // to override its origins is the purpose of variables
		delete(s.overridden, policyKey(l.defaults.Name, keyAllowOrigins))
	}
	if complete {
		s.mapping, s.filed = m, under.exist
		l.merge(ctx, s, layers, m)
		l.mergeShadow(ctx, s, layers)
		s.revision = Revision{Hash: s.digest.String(), Time: time.Now(), Source: "environment"}
		if l.name != "" {
			s.revision.Source = s.files[0]
		}
	}
	return names
}

// layers reads and checks the configuration files. It reports whether all of them
// could be decoded.
func (l *loader) layers(ctx context.Context, s *state, names []string, p profile, known spellings) (layers []*layer, complete bool) {
	complete = true
	shadow := make(spellings)
	if l.defaults != nil {
		layers = append(layers, l.defaultsLayer(s, known))
	}
	for i, name := range names {
		d, root, fault := l.decode(ctx, s, name)
		if fault == nil {
			root, fault = l.opts.section(d, root)
			if fault != nil && i > 0 {
				continue // the profile does not change the section
			}
		}
		if fault != nil {
			if i > 0 && fault.Reason == reason.NotFound {
				p.notFound(fault)
			}
			s.faults.add(fault)
			complete = false
			continue
		}
		layers = append(layers, checkDocument(d, root, known, shadow, &s.faults))
	}
	return layers, complete
}

// decode loads and decodes one configuration file.
func (l *loader) decode(ctx context.Context, s *state, name string) (*document.Document, *document.Node, *Error) {
	if l.values != nil {
		s.files = append(s.files, name)
		root, fault := mapNode(l.values)
		if fault != nil {
			return nil, nil, fault
		}
		s.digest.add("map")
		_ = json.NewEncoder(s.digest).Encode(root) // a hash takes everything, and so does the encoder of a Node
		return &document.Document{Name: name, Loose: true}, root, nil
	}
	d, fault := l.document(ctx, s, name, maxFileSize)
	if fault != nil {
		return nil, nil, fault
	}
	s.digest.add("document", name, string(d.Data))
	root, unread := d.Decode(name)
	if unread != nil {
		return nil, nil, documentFault(d, unread)
	}
	return d, root, nil
}

// merge makes the policies and routes of the layers.
func (l *loader) merge(ctx context.Context, s *state, layers []*layer, vars *mapping) {
	m, err := merge(layers)
	switch {
	case err != nil:
		s.faults.add(internal(err))
		return
	case l.values != nil && len(m.order) > 1 && m.Routes == nil:
		s.faults.add(unordered(m))
		return
	case len(m.order) == 0:
		if len(s.faults.list) == 0 {
			s.faults.add(l.nothing(s, vars))
		}
		return
	}
	l.fill(ctx, &s.part, m, func() {
		if l.defaults != nil {
			s.policies[m.index[l.defaults.Name]].AllowOriginFunc = l.defaults.AllowOriginFunc
		}
		l.addFuncs(s, m)
	})
}

// mergeShadow makes the policies and routes of the shadow.
func (l *loader) mergeShadow(ctx context.Context, s *state, layers []*layer) {
	var shadows []*layer
	var place Place
	for _, layer := range layers {
		if layer.shadow != nil {
			shadows = append(shadows, layer.shadow)
			place = layer.settings[keyShadow].place(-1)
		}
	}
	if len(shadows) == 0 {
		return
	}
	m, err := merge(shadows)
	if err != nil {
		s.faults.add(internal(err))
		return
	}
	m.key = keyShadow
	switch {
	case l.values != nil && len(m.order) > 1 && m.Routes == nil:
		s.faults.add(unordered(m))
	case len(m.order) > 0:
		s.shadow = &part{whole: s}
		l.fill(ctx, s.shadow, m, func() { l.addShadowFuncs(s.shadow) })
	case !s.faults.below(keyShadow): // otherwise the reason is known
		s.faults.add(&Error{
			Place: place, Reason: reason.Missing, Detail: "no policies",
			Suggestion: "add the key policies, or remove the key shadow",
		})
	}
}

// fill makes the policies and routes of a part. addFuncs adds functions to its policies.
func (l *loader) fill(ctx context.Context, p *part, m *merged, addFuncs func()) {
	s := p.whole
	for _, policy := range m.order {
		l.origins(ctx, s, m, policy)
	}
	p.merged = m
	p.policies = m.policies(s.lists)
	addFuncs()
	if m.Routes != nil {
		p.routes, p.used = m.routes(p.policies, &s.faults)
	}
}

// nothing returns the fault of a configuration without any policy.
func (l *loader) nothing(s *state, vars *mapping) *Error {
	if l.name == "" {
		return &Error{
			Place: Place{Variable: variablePrefix + strings.ToUpper(keyAllowOrigins)}, Reason: reason.Missing,
			Detail: "no variable sets a policy", Suggestion: "set this one" + vars.others() + " (an empty value refuses every origin)",
		}
	}
	return &Error{
		Place: Place{File: s.files[0]}, Reason: reason.Missing, Detail: "no policies",
		Suggestion: "add the key policies (a policy {} refuses every origin)",
	}
}

// internal reports an error that the schema should have prevented. It is a bug in
// this package.
func internal(err error) *Error {
	return &Error{Reason: reason.Syntax, Detail: fmt.Sprintf("cannot be decoded: %s", wording.Foreign(err.Error())), Err: err}
}

// origins reads the origins_file of a policy, unless it has been read.
func (l *loader) origins(ctx context.Context, s *state, m *merged, policy string) {
	file := m.Policies[policy].OriginsFile
	if _, known := s.lists[file]; file == "" || known {
		return
	}
	s.lists[file] = nil
	d, fault := l.document(ctx, s, file, maxOriginsFileSize)
	if fault != nil {
		fault.Detail = strings.TrimPrefix(wording.Name(fault.File)+": "+fault.Detail, ": ")
		fault.Place, fault.Value = m.places[policyKey(policy, keyOriginsFile)].place(-1), file
		s.faults.add(fault)
		return
	}
	s.digest.add("origins", file)
	s.digest.Write(d.Data)
	list, fault := parseOrigins(d, l.opts.progress)
	if fault != nil {
		s.faults.add(fault)
		return
	}
	s.faults.unseen = list.shorten() || s.faults.unseen
	s.lists[file] = list
}

// sources returns the names of the files, each once.
func (s *state) sources() []string {
	list := slices.Clone(s.files)
	seen := make(map[string]bool)
	return slices.DeleteFunc(list, func(f string) bool {
		again := seen[f]
		seen[f] = true
		return again
	})
}

// release drops the data that is only needed for messages about the state.
func (s *state) release() {
	s.merged, s.lists, s.shadowed = nil, nil, nil
	if s.shadow != nil {
		s.shadow.merged = nil
	}
}
