package core

import (
	"context"
	"strings"
)

// Source is how an adapter presents a request to the engine. [Engine.Resolve] calls only
// the methods that the current policies require, so a method should do its work when it
// is called, not in advance. Resolve may call a method more than once, always on its
// caller's goroutine.
//
// The strings and slices may refer to memory that the framework reuses, but must
// stay valid until the adapter has written the outcome's headers.
type Source interface {
	// Context returns the request's context, which is passed to AllowOriginFunc.
	Context() context.Context

	// Method returns the request method as sent. Methods are case-sensitive.
	Method() string

	// Target returns the host and path of the request.
	Target() Target

	// Lines returns the lines of the header field with the given canonical name,
	// such as "Origin". It returns one element per line, and none if the field is
	// absent. The engine reads at most 17 lines of Access-Control-Request-Headers
	// and two of any other field; a source may omit the rest.
	Lines(name string) []string

	// Transient reports whether the strings refer to memory that is reused after
	// the request. If so, the engine copies what it passes to AllowOriginFunc.
	Transient() bool
}

// Target is the host and path of a request. See the fields of [Request] with the
// same names.
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

// NewRequest returns the request that src describes, for use with [Engine.Explain].
// If src is transient, NewRequest copies its strings.
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

// detach replaces all strings with copies.
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

// facts is a Request with the context that was passed with it.
type facts struct {
	Request
	ctx context.Context
}

// Each function below reads one part of a request: from src or, if src is nil, from
// r. They take both, because converting a *Request to a Source would make the Request
// escape to the heap.

func method(src Source, r *facts) string {
	if src != nil {
		return src.Method()
	}
	return r.Method
}

func target(src Source, r *facts) Target {
	if src != nil {
		return src.Target()
	}
	return Target{r.Host, r.Path, r.RawPath, r.FoldPath}
}

func origins(src Source, r *facts) []string {
	if src != nil {
		return src.Lines(fieldOrigin)
	}
	return r.Origin
}

func lines(src Source, r *facts, name string) []string {
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
