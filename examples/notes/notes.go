// Package notes is the small application of the examples. It keeps notes in memory.
package notes

import (
	"errors"
	"slices"
	"sync"
)

// Note is a note. Its text is never empty.
type Note struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

// Errors of a Store.
var (
	ErrNotFound = errors.New("no such note")
	ErrEmpty    = errors.New(`send JSON such as {"text": "..."}`)
)

// Store keeps notes. It is safe for concurrent use; the zero Store is empty.
type Store struct {
	mu   sync.Mutex
	last int
	byID map[int]Note
}

// List returns all notes, oldest first.
func (s *Store) List() []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Note, 0, len(s.byID))
	for _, n := range s.byID {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Note) int { return a.ID - b.ID })
	return all
}

// Create adds a note. It returns ErrEmpty if text is empty.
func (s *Store) Create(text string) (Note, error) {
	if text == "" {
		return Note{}, ErrEmpty
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[int]Note)
	}
	s.last++
	n := Note{s.last, text}
	s.byID[n.ID] = n
	return n, nil
}

// Replace changes the text of a note. It returns ErrEmpty if text is empty, and
// ErrNotFound if there is no such note.
func (s *Store) Replace(id int, text string) (Note, error) {
	if text == "" {
		return Note{}, ErrEmpty
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byID[id]; !ok {
		return Note{}, ErrNotFound
	}
	s.byID[id] = Note{id, text}
	return s.byID[id], nil
}

// Remove removes a note. It returns ErrNotFound if there is no such note.
func (s *Store) Remove(id int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byID[id]; !ok {
		return ErrNotFound
	}
	delete(s.byID, id)
	return nil
}
