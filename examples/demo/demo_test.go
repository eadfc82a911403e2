package demo

import (
	"io"
	"strings"
	"testing"
)

func TestBadOrigin(t *testing.T) {
	err := Run(t.Context(), io.Discard, nil, Addresses{Listen: "127.0.0.1:0"}, "https://app.example.com/")
	if err == nil || !strings.Contains(err.Error(), `did you mean "https://app.example.com"?`) {
		t.Error(err)
	}
}

func TestBadAddress(t *testing.T) {
	err := Run(t.Context(), io.Discard, nil, Addresses{Listen: "nowhere"}, "https://app.example.com")
	if err == nil || !strings.Contains(err.Error(), "-listen") {
		t.Error(err)
	}
}

func TestBadInspector(t *testing.T) {
	err := Run(t.Context(), io.Discard, nil, Addresses{Listen: "127.0.0.1:0", Inspect: "nowhere"}, "https://app.example.com")
	if err == nil || !strings.Contains(err.Error(), "-inspect") {
		t.Error(err)
	}
}

func TestBadPage(t *testing.T) {
	err := Run(t.Context(), io.Discard, nil, Addresses{Listen: "127.0.0.1:0", Page: "nowhere"}, "https://app.example.com")
	if err == nil || !strings.Contains(err.Error(), "-page") {
		t.Error(err)
	}
}
