package hosts

import (
	"bufio"
	"io"
	"net"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/conformance"
)

// withExtensions returns the methods of a fiber application that has routes of
// any method, given those that fiber knows by default.
func withExtensions(known []string) []string {
	return append(slices.Clone(known), slices.DeleteFunc(conformance.ExtensionMethods(), func(m string) bool {
		return slices.Contains(known, m)
	})...)
}

// mutateCORS overwrites and removes the headers that CORS middleware may set.
func mutateCORS(h *fasthttp.ResponseHeader) {
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
		"Access-Control-Allow-Private-Network", "Vary",
	} {
		for _, value := range h.PeekAll(name) {
			copy(value, "mutated")
		}
		h.Del(name)
	}
}

// writeChunks is the writer of a [Chunks] body.
func writeChunks(w *bufio.Writer) {
	for range 3 {
		_, _ = w.WriteString("chunk\n")
		_ = w.Flush()
	}
}

// writeEvents returns the writer of a [conformance.Events] body.
func writeEvents(p *conformance.Probe, query string) func(*bufio.Writer) {
	return func(w *bufio.Writer) {
		_, _ = w.WriteString("data: 1\n\n")
		_ = w.Flush()
		p.Pause(query)
		_, _ = w.WriteString("data: 2\n\n")
	}
}

// echoLine reads a line and writes it back.
func echoLine(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
		_, _ = io.WriteString(conn, line)
	}
}
