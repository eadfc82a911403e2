package main

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/benchmarks"
	"github.com/corskit/corskit/conformance/hosts"
)

// framework is a framework of the table.
type framework struct {
	name  benchmarks.Framework
	title string
	own   string // the subject that users of the framework compare corskit with; may be ""
	fast  bool   // whether it is built on fasthttp
}

// frameworks are the frameworks that corskit has adapters for, net/http first.
var frameworks = func() (all []framework) {
	for _, h := range hosts.All() {
		f := framework{name: benchmarks.Framework(h.Name), title: h.Title, fast: h.FastHTTP}
		if peers := peersOf(f.name); len(peers) > 0 && f.name != benchmarks.NetHTTP {
			f.own = peers[0]
		}
		all = append(all, f)
	}
	return all
}()

// peersOf returns the names of a framework's subjects from other libraries.
func peersOf(f benchmarks.Framework) []string {
	return slices.DeleteFunc(subjectsOf(f), func(s string) bool {
		return s == benchmarks.Bare || s == benchmarks.Ours || s == benchmarks.Floor
	})
}

// peerTitle is like the function peerTitle, but distinguishes the versions of a
// framework.
func (f framework) peerTitle(subject string) string {
	if strings.HasSuffix(subject, "-middleware") {
		return f.title + "'s own"
	}
	return peerTitle(subject)
}

// peerTitle is the name by which people know a subject.
func peerTitle(subject string) string {
	if title, ok := peerTitles[subject]; ok {
		return title
	}
	return subject
}

var peerTitles = map[string]string{
	"jub0bs-cors": "jub0bs/cors", "rs-cors": "rs/cors", "rs-cors-func": "rs/cors, a function", "go-chi-cors": "go-chi/cors",
	"gorilla-handlers": "gorilla/handlers", "gin-contrib-cors": "gin-contrib/cors",
	"echo-middleware": "echo's own", "fiber-middleware": "fiber's own",
}
