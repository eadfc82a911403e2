package presets

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/cors"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/corskit/corskit/core"
)

// stands returns the names that a preset means, in lower case and sorted.
func stands(preset string) (methods, allow, expose []string) {
	entry := []string{preset}
	p := core.Policy{AllowMethods: entry, AllowHeaders: entry, ExposeHeaders: entry}.Expand()
	return normal(p.AllowMethods), normal(p.AllowHeaders), normal(p.ExposeHeaders)
}

func normal(names []string) []string {
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	slices.Sort(lower)
	return lower
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestConnect compares @connect with the lists of connectrpc.com/cors, and @grpc-web with these
// lists without the headers of Connect's own protocol.
func TestConnect(t *testing.T) {
	methods, allow, expose := stands("@connect")
	equal(t, "@connect, methods", methods, normal(cors.AllowedMethods()))
	equal(t, "@connect, request headers", allow, normal(cors.AllowedHeaders()))
	equal(t, "@connect, response headers", expose, normal(cors.ExposedHeaders()))

	methods, allow, expose = stands("@grpc-web")
	equal(t, "@grpc-web, methods", methods, []string{"post"})
	equal(t, "@grpc-web, request headers", allow, slices.DeleteFunc(normal(cors.AllowedHeaders()), func(name string) bool {
		return strings.HasPrefix(name, "connect-")
	}))
	equal(t, "@grpc-web, response headers", expose, normal(cors.ExposedHeaders()))
}

// recorder notes the methods and header names of requests and responses.
type recorder struct {
	mu                      sync.Mutex
	methods, sent, answered map[string]bool
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.methods[strings.ToLower(request.Method)] = true
	for name := range request.Header {
		r.sent[strings.ToLower(name)] = true
	}
	if err == nil {
		for name := range response.Header {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "mcp-") {
				r.answered[lower] = true
			}
		}
	}
	return response, err
}

// TestMCP records what a client and a server of the SDK send, with sessions and without
// them, and compares that with @mcp.
func TestMCP(t *testing.T) {
	r := &recorder{methods: make(map[string]bool), sent: make(map[string]bool), answered: make(map[string]bool)}
	converse(t, r, "2026-07-28", mcp.StreamableHTTPOptions{Stateless: true})
	converse(t, r, "2025-11-25", mcp.StreamableHTTPOptions{})
	converse(t, r, "2025-03-26", mcp.StreamableHTTPOptions{})
	methods, allow, expose := stands("@mcp")
	equal(t, "methods", methods, keys(r.methods))
	equal(t, "response headers", expose, keys(r.answered))
	// Scripts may always send accept, and browsers send their own user-agent. A client sends
	// last-event-id only after a stream was interrupted.
	delete(r.sent, "accept")
	delete(r.sent, "user-agent")
	r.sent["last-event-id"] = true
	equal(t, "request headers", allow, keys(r.sent))
}

func keys(set map[string]bool) (names []string) {
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// converse lets a client call a tool of a server that speaks one version of the protocol.
func converse(t *testing.T, r *recorder, version string, options mcp.StreamableHTTPOptions) {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "server"}, &mcp.ServerOptions{SupportedProtocolVersions: []string{version}})
	mcp.AddTool(server, &mcp.Tool{Name: "greet"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{}, nil, nil
		})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &options)
	listening := httptest.NewServer(handler)
	defer listening.Close()
	client := mcp.NewClient(&mcp.Implementation{Name: "client"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: listening.URL, HTTPClient: &http.Client{Transport: r},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "greet"}); err != nil {
		t.Error(err)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
}
