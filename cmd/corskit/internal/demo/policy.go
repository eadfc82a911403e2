package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// starterPolicy is the policy of a demo without a file. %d is the port of the pages.
const starterPolicy = `# Change something, and the verdicts follow.
policies:
  app:
    allow_origins: ["http://localhost:%[1]d"]
    allow_methods: [PUT]
    allow_headers: [content-type, x-request-id]
    expose_headers: [x-request-id]
    allow_credentials: true
    max_age: 10m

  previews: # subdomains of localhost, no cookies
    allow_origins: ["http://*.localhost:%[1]d"]
    allow_methods: [PUT]
    allow_headers: [content-type, x-request-id]
`

// Bounds of the policy.
const (
	maxPolicy = 256 << 10 // bytes
	maxFaults = 50
)

// options make the demo ignore environment variables: it is about its file.
var options = config.Options{Environ: []string{}}

// policyFile is the file with the policy. It is watched, and edited.
type policyFile struct {
	path    string
	replace func(path string, text []byte) error
	watcher *config.Watcher

	editing sync.Mutex // held while the file is replaced

	mu      sync.Mutex
	checked document  // the last text that was checked
	found   string    // the hash of another text that was found since
	at      time.Time // when it was found
}

// document is the text of the file, and what is wrong with it.
type document struct {
	Text   string  `json:"text"`
	Hash   string  `json:"hash"`
	Faults []fault `json:"faults"`
	// Loaded is when the policy in force was read, and Revision the beginning of its hash.
	Loaded   time.Time `json:"loaded"`
	Revision string    `json:"revision"`
}

// fault is something wrong with the text.
type fault struct {
	Line   int    `json:"line"`   // counted from 1; 0 if it is not known
	Column int    `json:"column"` // likewise, in characters
	Text   string `json:"text"`
}

// quiet is how long the file must be unchanged before it is read. Verdicts follow within a
// second, which leaves no time for more.
const quiet = 50 * time.Millisecond

// openPolicy watches a file until ctx is done.
func openPolicy(ctx context.Context, path string, replace func(string, []byte) error) (*policyFile, error) {
	dir, name := filepath.Split(path)
	w, err := config.WatchSource(ctx, config.Files{Dir: dir, Quiet: quiet}, name, options)
	if err != nil {
		return nil, err
	}
	return &policyFile{path: path, replace: replace, watcher: w}, nil
}

// engine returns the engine with the policy in force.
func (p *policyFile) engine() *core.Engine { return p.watcher.Engine() }

// document returns the file as it is now.
func (p *policyFile) document(ctx context.Context) document {
	d := p.read(ctx)
	revision := p.watcher.Status().Revision
	d.Loaded, d.Revision = revision.Time, revision.Hash[:min(12, len(revision.Hash))]
	return d
}

// settle is how long the text of the file must stay the same before the page shows it: editors
// may empty a file before they write it.
const settle = 80 * time.Millisecond

// read reads the file, and checks it if it has changed.
func (p *policyFile) read(ctx context.Context) document {
	text, err := readBounded(p.path)
	if err != nil {
		return document{Faults: []fault{{Text: shown(err.Error())}}}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	hash := hashOf(text)
	if hash != p.checked.Hash && hash != p.found {
		p.found, p.at = hash, time.Now()
	}
	if hash != p.checked.Hash && (p.checked.Hash == "" || time.Since(p.at) >= settle) {
		p.checked = document{Text: string(text), Hash: hash, Faults: p.check(ctx, text)}
	}
	return p.checked
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxPolicy {
		return nil, fmt.Errorf("%s has more than %d KiB, too much to edit on a page", path, maxPolicy>>10)
	}
	return os.ReadFile(path)
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// edited is a [config.Source] of files that replaces the text of one file.
type edited struct {
	config.Files
	name, path string
	text       []byte
}

// Load implements [config.Source].
func (e edited) Load(ctx context.Context, name string, limit int64) (config.Document, error) {
	if name == e.name {
		return config.Document{Name: e.path, Data: e.text, Revision: "edited"}, nil
	}
	return e.Files.Load(ctx, name, limit)
}

// check returns what is wrong with a text for the file.
func (p *policyFile) check(ctx context.Context, text []byte) []fault {
	dir, name := filepath.Split(p.path)
	report := config.Check(ctx, edited{config.Files{Dir: dir}, name, p.path, text}, name, options)
	faults := []fault{}
	for e := range config.Errors(report.Err) {
		if len(faults) == maxFaults {
			break
		}
		f := fault{Line: e.Line, Column: e.Column, Text: e.Detail}
		if e.Value != "" {
			f.Text = shown(e.Value) + ": " + f.Text
		}
		if e.Key != "" {
			f.Text = shown(e.Key) + ": " + f.Text
		}
		if e.Suggestion != "" {
			f.Text += "; " + e.Suggestion
		}
		if e.File != p.path {
			f.Line, f.Column, f.Text = 0, 0, shown(e.Error()) // in another file
		}
		faults = append(faults, f)
	}
	if report.Err != nil && len(faults) == 0 {
		faults = append(faults, fault{Text: shown(report.Err.Error())})
	}
	return faults
}

// errChanged says that the file is not the one that was edited.
var errChanged = errors.New("the file has changed meanwhile; nothing was written")

// edit replaces the text of the file whose hash is base. If the new text has faults, it
// returns them, and the file stays.
func (p *policyFile) edit(ctx context.Context, base string, text []byte) ([]fault, error) {
	p.editing.Lock()
	defer p.editing.Unlock()
	old, err := readBounded(p.path)
	if err != nil {
		return nil, err
	}
	if hashOf(old) != base {
		return nil, errChanged
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n') // the watcher waits longer for a file without a final newline, which may be incomplete
	}
	if faults := p.check(ctx, text); len(faults) > 0 {
		return faults, nil
	}
	if err := p.replace(p.path, text); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checked = document{Text: string(text), Hash: hashOf(text), Faults: []fault{}} // it need not settle
	return []fault{}, nil
}
