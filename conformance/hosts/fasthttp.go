package hosts

import (
	"bufio"
	"io"
	"net"
	"slices"
	"time"

	"github.com/corskit/corskit/conformance"
)

// What both versions of fiber build from.

// withExtensions returns the methods of a fiber application, given those that it
// knows by itself.
func withExtensions(known []string) []string {
	return append(slices.Clone(known), slices.DeleteFunc(slices.Clone(conformance.ExtensionMethods), func(m string) bool {
		return slices.Contains(known, m)
	})...)
}

// corsHeaders are the response headers that CORS middleware may set.
var corsHeaders = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network", "Vary",
}

func writeChunks(w *bufio.Writer) {
	for range 3 {
		_, _ = w.WriteString("chunk\n")
		_ = w.Flush()
	}
}

func writeEvents(p *conformance.Probe, query string) func(*bufio.Writer) {
	return func(w *bufio.Writer) {
		_, _ = w.WriteString("data: 1\n\n")
		_ = w.Flush()
		p.Pause(query)
		_, _ = w.WriteString("data: 2\n\n")
	}
}

// echoLine answers a line with itself.
func echoLine(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
		_, _ = io.WriteString(conn, line)
	}
}
