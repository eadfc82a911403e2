package core

import (
	"context"
	"strings"
)

// Source is a request as an adapter sees it. [Engine.Resolve] asks it only for
// what the policies in force need, so that an adapter gathers nothing in vain.
//
// Strings and slices may be views of memory that the framework reuses. They must
// stay valid until the adapter has written the outcome's headers.
type Source interface {
	// Context returns the context of the request. It is asked for only if an
	// AllowOriginFunc is called.
	Context() context.Context

	// Method returns the method as sent.
	Method() string

	// Target returns where the request is sent to.
	Target() Target

	// Lines returns the lines of a header field, one element per line, and none
	// if the field is absent. The name is in canonical form, such as "Origin". At
	// most 17 lines are looked at; a source may leave out the others.
	Lines(name string) []string

	// Transient reports whether the strings are views of memory that is reused
	// after the request. The engine then copies what it passes to an
	// AllowOriginFunc.
	Transient() bool
}

// Target is the host and the path of a request. See the fields of the same
// names of [Request].
type Target struct {
	Host, Path, RawPath string
	FoldPath            bool
}

// The request header fields that a decision may depend on.
const (
	fieldOrigin         = "Origin"
	fieldRequestMethod  = "Access-Control-Request-Method"
	fieldRequestHeaders = "Access-Control-Request-Headers"
	fieldRequestPrivate = "Access-Control-Request-Private-Network"
	fieldFetchSite      = "Sec-Fetch-Site"
)

// NewRequest returns all facts about a request, for [Engine.Explain]. It copies
// the strings of a transient source.
func NewRequest(src Source) Request {
	t := src.Target()
	r := Request{
		Method: src.Method(), Host: t.Host, Path: t.Path, RawPath: t.RawPath, FoldPath: t.FoldPath,
		Origin:                             src.Lines(fieldOrigin),
		AccessControlRequestMethod:         src.Lines(fieldRequestMethod),
		AccessControlRequestHeaders:        src.Lines(fieldRequestHeaders),
		AccessControlRequestPrivateNetwork: src.Lines(fieldRequestPrivate),
		SecFetchSite:                       src.Lines(fieldFetchSite),
	}
	if src.Transient() {
		r.detach()
	}
	return r
}

// detach replaces all strings by copies.
func (r *Request) detach() {
	for _, s := range []*string{&r.Method, &r.Host, &r.Path, &r.RawPath} {
		*s = strings.Clone(*s)
	}
	for _, lines := range []*[]string{
		&r.Origin, &r.AccessControlRequestMethod, &r.AccessControlRequestHeaders,
		&r.AccessControlRequestPrivateNetwork, &r.SecFetchSite,
	} {
		if *lines == nil {
			continue
		}
		copied := make([]string, len(*lines))
		for i, line := range *lines {
			copied[i] = strings.Clone(line)
		}
		*lines = copied
	}
}

// The functions below read one fact of a request: of src or, if src is nil, of r.
// They take both, because a Request that were a Source would escape to the heap.

func method(src Source, r *Request) string {
	if src != nil {
		return src.Method()
	}
	return r.Method
}

func target(src Source, r *Request) Target {
	if src != nil {
		return src.Target()
	}
	return Target{r.Host, r.Path, r.RawPath, r.FoldPath}
}

func lines(src Source, r *Request, name string) []string {
	if src != nil {
		return src.Lines(name)
	}
	switch name {
	case fieldOrigin:
		return r.Origin
	case fieldRequestMethod:
		return r.AccessControlRequestMethod
	case fieldRequestHeaders:
		return r.AccessControlRequestHeaders
	case fieldRequestPrivate:
		return r.AccessControlRequestPrivateNetwork
	default:
		return r.SecFetchSite
	}
}
