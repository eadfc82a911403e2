package gateways

import (
	"cmp"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// serverFile is what the models of files of nginx, HAProxy and Caddy have in common.
type serverFile struct {
	fileFaults
	origins []located
	facts   Facts
}

func newServerFile(source string) serverFile {
	return serverFile{fileFaults: fileFaults{source: source}}
}

// Facts implements [Model].
func (f *serverFile) Facts() Facts { return f.facts }

func (f *serverFile) located() []located { return f.origins }

// sortOrigins puts the origins in the order of the file, and into the facts.
func (f *serverFile) sortOrigins() {
	slices.SortStableFunc(f.origins, func(a, b located) int { return cmp.Compare(a.line, b.line) })
	f.facts.Origins = originsOf(f.origins)
}

// list adds the elements of lists to the facts, if the response field has methods or headers.
func (f *serverFile) list(field string, texts []string) {
	names := namesIn(texts)
	switch strings.ToLower(field) {
	case "access-control-allow-methods":
		f.facts.Methods = append(f.facts.Methods, names...)
	case "access-control-allow-headers":
		f.facts.Headers = append(f.facts.Headers, names...)
	case "access-control-expose-headers":
		f.facts.Exposed = append(f.facts.Exposed, names...)
	}
}

// requestFields are the request fields that conditions can compare.
var requestFields = map[string]func(core.Request) []string{
	"origin":                                 func(r core.Request) []string { return r.Origin },
	"host":                                   func(r core.Request) []string { return []string{r.Host} },
	"access-control-request-method":          func(r core.Request) []string { return r.AccessControlRequestMethod },
	"access-control-request-headers":         func(r core.Request) []string { return r.AccessControlRequestHeaders },
	"access-control-request-private-network": func(r core.Request) []string { return r.AccessControlRequestPrivateNetwork },
	"sec-fetch-site":                         func(r core.Request) []string { return r.SecFetchSite },
}

// fieldLines returns the lines of a request field, which belong to the request.
func fieldLines(r core.Request, name string) []string {
	if lines := requestFields[strings.ToLower(name)]; lines != nil {
		return lines(r)
	}
	return nil
}
