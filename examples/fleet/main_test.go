package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// TestTour checks the output of the program.
func TestTour(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	if err := run(ctx, &out, false); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	got := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out.String(), "ADDRESS")
	got = regexp.MustCompile(`, -?[\d.]+m?s after`).ReplaceAllString(got, ", soon after")
	want := `
etcd runs inside this process, at http://ADDRESS

gin joined the fleet, and serves http://ADDRESS/items

echo joined the fleet, and serves http://ADDRESS/items

fiber joined the fleet, and serves http://ADDRESS/items

nothing was pushed yet, so no origin is allowed
  https://app.example.com   gin: hidden, echo: hidden, fiber: hidden

a push allows https://app.example.com:
  gin   has revision 1, soon after it was written
  echo  has revision 1, soon after it was written
  fiber has revision 1, soon after it was written
  https://app.example.com   gin: read, echo: read, fiber: read
  https://shop.example.com  gin: hidden, echo: hidden, fiber: hidden

a second push also allows https://shop.example.com:
  gin   has revision 2, soon after it was written
  echo  has revision 2, soon after it was written
  fiber has revision 2, soon after it was written
  https://shop.example.com  gin: read, echo: read, fiber: read

a push of a policy that allows everyone with credentials is refused:
  `
	rest := `
a rollback brings back the first policy, as a new revision:
  gin   has revision 3, soon after it was written
  echo  has revision 3, soon after it was written
  fiber has revision 3, soon after it was written
  https://shop.example.com  gin: hidden, echo: hidden, fiber: hidden
`
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, rest) || !strings.Contains(got, "allow_credentials") {
		t.Errorf("printed:\n%s\nwant:\n%s...%s", got, want, rest)
	}
}

// TestDeploy checks that the files for containers are YAML, and that the files that they mount and
// build exist.
func TestDeploy(t *testing.T) {
	documents := 0
	err := fs.WalkDir(os.DirFS("deploy"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(filepath.Join("deploy", name))
		if err != nil {
			return err
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var document map[string]any
			err := decoder.Decode(&document)
			if err != nil && err.Error() == "EOF" {
				return nil
			}
			if err != nil || len(document) == 0 {
				t.Errorf("deploy/%s, document %d: %v", name, documents+1, err)
				return nil
			}
			documents++
			if name == "kubernetes.yaml" && (document["kind"] == nil || document["apiVersion"] == nil) {
				t.Errorf("deploy/%s has a document without a kind: %v", name, document)
			}
		}
	})
	if err != nil || documents < 6 {
		t.Errorf("%d documents, %v", documents, err)
	}
	for _, name := range []string{"deploy/compose.yaml", "deploy/kubernetes.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, flag := range regexp.MustCompile(`"-([a-z-]+)[="]`).FindAllStringSubmatch(string(text), -1) {
			main, err := os.ReadFile("service/main.go")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(main), `"`+flag[1]+`", "`) {
				t.Errorf("%s gives the service the flag -%s, which it does not have", name, flag[1])
			}
		}
	}
}
