package browsermodel

import (
	"context"
	"fmt"
	"strings"

	"github.com/corskit/corskit/conformance/internal/text"
)

// Request is a request to a server.
type Request struct {
	Method string `json:"method"`
	// URL is an absolute URL. In cases of package conformance it may also be a path
	// on the server under test, or "*".
	URL string `json:"url"`
	// Header holds the field lines to send, including white space in values. Host
	// and Content-Length are added if they are absent.
	Header Fields `json:"header,omitempty"`
	Body   string `json:"body,omitempty"`
}

// Response is the answer to a [Request].
type Response struct {
	Status int    `json:"status"`
	Header Fields `json:"header,omitempty"`
	Body   string `json:"body,omitempty"`
}

// Transport sends one request and returns the answer. It must not follow redirects.
// It returns an error if there is no answer.
type Transport func(context.Context, Request) (Response, error)

// Exchange is a request and its answer, or the error if there is no answer.
type Exchange struct {
	Request   Request  `json:"request"`
	Response  Response `json:"response"`
	Preflight bool     `json:"preflight,omitempty"` // whether the request is a preflight
	Err       string   `json:"error,omitempty"`
}

// maxPrintedLines bounds how many field lines a message contains.
const maxPrintedLines = 24

// String returns a bounded description of the exchange, in several lines.
func (e Exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "> %s %s\n", text.Clip(e.Request.Method), text.Clip(e.Request.URL))
	printFields(&b, "> ", e.Request.Header)
	if e.Err != "" {
		fmt.Fprintf(&b, "< no answer: %s\n", text.Clip(e.Err))
		return b.String()
	}
	fmt.Fprintf(&b, "< %d\n", e.Response.Status)
	printFields(&b, "< ", e.Response.Header)
	if e.Response.Body != "" {
		fmt.Fprintf(&b, "< (body) %s\n", text.Clip(e.Response.Body))
	}
	return b.String()
}

func printFields(b *strings.Builder, prefix string, fields Fields) {
	for i, line := range fields {
		if i == maxPrintedLines {
			fmt.Fprintf(b, "%s... and %d more lines\n", prefix, len(fields)-i)
			return
		}
		fmt.Fprintf(b, "%s%s: %s\n", prefix, text.Clip(line.Name), text.Clip(line.Value))
	}
}
