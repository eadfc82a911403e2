package gateways_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corskit/corskit/gateways"
)

func TestTry(t *testing.T) {
	files, _ := filepath.Glob("testdata/sources/*")
	for _, f := range files {
		name, _, _ := strings.Cut(filepath.Base(f), ".")
		if !strings.Contains(os.Getenv("TRY"), name) || os.Getenv("TRY") == "" {
			continue
		}
		text, _ := os.ReadFile(f)
		x, err := gateways.Import(name, text)
		t.Logf("%s\n%s\n%v\n%v", f, x.Text, x.Notes, err)
	}
}
