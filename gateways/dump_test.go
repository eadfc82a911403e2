package gateways_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corskit/corskit/gateways"
)

func TestDump(t *testing.T) {
	dir := os.Getenv("DUMP")
	if dir == "" {
		t.Skip()
	}
	for name, text := range serverConfigs {
		for _, target := range []string{"nginx", "haproxy", "caddy"} {
			out, err := gateways.Export(readConfig(t, text), target, gateways.ExportOptions{})
			if err != nil {
				t.Log(err)
				continue
			}
			base := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			os.WriteFile(base+".yaml", []byte(text), 0o644)
			os.WriteFile(base+"."+target, out.Text, 0o644)
		}
	}
}
