package config_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

// store is a source like etcd: documents with revisions, and notifications.
type store struct {
	mu      sync.Mutex
	docs    map[string]string
	number  map[string]int
	changed chan struct{} // closed and replaced with each change
	broken  int           // the number of Watch calls that fail
}

func newStore() *store {
	return &store{docs: make(map[string]string), number: make(map[string]int), changed: make(chan struct{})}
}

func (s *store) put(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.docs[name] = text
	s.number[name]++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *store) Load(_ context.Context, name string, limit int64) (config.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.docs[name]
	if !ok {
		return config.Document{Name: "store:" + name}, fs.ErrNotExist
	}
	doc := config.Document{Name: "store:" + name, Data: []byte(text), Revision: fmt.Sprint(s.number[name])}
	if int64(len(text)) > limit {
		return config.Document{Name: doc.Name, Revision: doc.Revision}, config.ErrTooLarge
	}
	return doc, nil
}

func (s *store) Watch(ctx context.Context, seen map[string]string) error {
	for {
		s.mu.Lock()
		if s.broken > 0 {
			s.broken--
			s.mu.Unlock()
			return errors.New("connection lost")
		}
		changed := s.changed
		for name, revision := range seen {
			now := ""
			if s.number[name] > 0 {
				now = fmt.Sprint(s.number[name])
			}
			if now != revision {
				s.mu.Unlock()
				return nil
			}
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func TestWatchSource(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.put("cors.yaml", stateText(0))
	s.broken = 1
	results := make(chan config.Result, 100)
	w, err := config.WatchSource(context.Background(), s, "cors.yaml", config.Options{
		Environ: []string{}, OnReload: func(r config.Result) { results <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Status().Revision.Source != "store:cors.yaml" {
		t.Errorf("source %q", w.Status().Revision.Source)
	}
	for k := 1; k <= 50; k++ {
		s.put("cors.yaml", stateText(k))
		select {
		case r := <-results:
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if !w.Engine().AllowsOrigin(fmt.Sprintf("https://s%d.example", k)) {
				t.Fatalf("state %d is not in force", k)
			}
		case <-time.After(patience):
			t.Fatalf("no reload within %v", patience)
		}
	}
	// A new document is a change too.
	s.put("cors.yaml", "policies: {p: {origins_file: list}}\n")
	if r := <-results; r.Err == nil || !strings.Contains(r.Err.Error(), "store:list: no such file") {
		t.Errorf("got %v", r.Err)
	}
	s.put("list", "https://listed.example\n")
	if r := <-results; r.Err != nil || !w.Engine().AllowsOrigin("https://listed.example") {
		t.Errorf("got %v", r.Err)
	}
}

// shifting is a source whose two documents change at every read, until it has been
// read often enough.
type shifting struct{ reads, steady int }

func (s *shifting) Load(_ context.Context, name string, _ int64) (config.Document, error) {
	s.reads++
	k := min(s.reads, s.steady)
	text := "policies: {p: {origins_file: list}}\n"
	if name == "list" {
		text = fmt.Sprintf("https://s%d.example\n", k)
	}
	return config.Document{Data: []byte(text), Revision: fmt.Sprint(k)}, nil
}

func (s *shifting) Watch(ctx context.Context, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestDocumentsOfOneMoment(t *testing.T) {
	none := config.Options{Environ: []string{}}
	c, err := config.Read(context.Background(), &shifting{steady: 5}, "cors.yaml", none)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Engine().AllowsOrigin("https://s5.example") {
		t.Errorf("got %q", c.Policies[0].AllowOrigins)
	}
	_, err = config.Read(context.Background(), &shifting{steady: 1 << 30}, "cors.yaml", none)
	if err == nil || !strings.Contains(err.Error(), "keeps changing while it is read") {
		t.Errorf("got %v", err)
	}
}

func TestForeignSourceIsBounded(t *testing.T) {
	s := newStore()
	s.put("cors.yaml", strings.Repeat("# x\n", 1<<19))
	_, err := config.Read(context.Background(), s, "cors.yaml", config.Options{Environ: []string{}})
	if err == nil || err.Error() != "store:cors.yaml: more than 1 MiB; move long lists of origins to an origins_file" {
		t.Errorf("got %v", err)
	}
}
