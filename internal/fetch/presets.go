package fetch

import (
	"slices"
	"strings"
)

// Preset lists the methods and headers that a protocol needs. Policies refer to it by its
// name, such as "@connect".
type Preset struct {
	Name            string
	Methods         []string
	RequestHeaders  []string // in lower case, as are ResponseHeaders
	ResponseHeaders []string
}

// presets are the lists that the protocols publish. A test in examples/presets compares
// them with the Go packages of the protocols.
var presets = []Preset{
	{
		// Package connectrpc.com/cors v0.1.0. It covers gRPC-Web too, which Connect's
		// servers speak.
		Name:    "@connect",
		Methods: []string{"GET", "POST"},
		RequestHeaders: []string{
			"content-type", "connect-protocol-version", "connect-timeout-ms", "grpc-timeout", "x-grpc-web", "x-user-agent",
		},
		ResponseHeaders: []string{"grpc-status", "grpc-message", "grpc-status-details-bin"},
	}, {
		// The part of connectrpc.com/cors v0.1.0 for gRPC-Web (grpc/grpc,
		// doc/PROTOCOL-WEB.md).
		Name:            "@grpc-web",
		Methods:         []string{"POST"},
		RequestHeaders:  []string{"content-type", "grpc-timeout", "x-grpc-web", "x-user-agent"},
		ResponseHeaders: []string{"grpc-status", "grpc-message", "grpc-status-details-bin"},
	}, {
		// Model Context Protocol, Streamable HTTP, revisions 2025-03-26 to 2026-07-28.
		// The last revision has no sessions, but has headers with the method and name of
		// a request.
		Name:    "@mcp",
		Methods: []string{"GET", "POST", "DELETE"},
		RequestHeaders: []string{
			"content-type", "mcp-protocol-version", "mcp-session-id", "last-event-id", "mcp-method", "mcp-name",
		},
		ResponseHeaders: []string{"mcp-session-id"},
	},
}

// LookupPreset returns the preset with a name. The caller must not change it.
func LookupPreset(name string) (p *Preset, ok bool) {
	if i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name }); i >= 0 {
		return &presets[i], true
	}
	return nil, false
}

// IsPresetName reports whether an entry is meant as the name of a preset: it begins with
// "@", which no token contains.
func IsPresetName(entry string) bool { return strings.HasPrefix(entry, "@") }

// MeantPreset returns the name of the preset that an unknown name probably means.
func MeantPreset(name string) (meant string, ok bool) {
	name = strings.NewReplacer("_", "-", " ", "").Replace(strings.ToLower(name))
	for i := range presets {
		if known := presets[i].Name; name == known || oneEdit(name, known) || name == strings.ReplaceAll(known, "-", "") {
			return known, true
		}
	}
	return "", false
}
