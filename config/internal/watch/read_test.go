package watch

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestReadIsOfOneMoment reads a file while another goroutine overwrites it in
// pieces. Each read must return one of the two texts, report that the file changes
// or is fresh, or have met a writer that paused for so long that no read can tell.
func TestReadIsOfOneMoment(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cors.yaml")
	texts := [2][]byte{bytes.Repeat([]byte("a"), pieces*pieceSize), bytes.Repeat([]byte("b"), pieces*pieceSize)}
	if err := os.WriteFile(name, texts[0], 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var log pieceLog
	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 1; !stop.Load(); i++ {
			for at := range pieces {
				log.begin()
				if _, err := file.WriteAt(texts[i%2][:pieceSize], int64(at*pieceSize)); err != nil {
					t.Error(err)
					return
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	read, refused, fresh, paused := 0, 0, 0, 0
	for n := 0; n < 300 || refused == 0 && n < 100_000; n++ {
		data, _, isFresh, err := readOnce(name, 1<<20)
		switch {
		case errors.Is(err, errUnsteady):
			refused++
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(data, texts[0]), bytes.Equal(data, texts[1]):
			read++
		case isFresh:
			fresh++
		case log.paused(data):
			paused++
		default:
			t.Errorf("read %d: a mixture of two texts, and the writer did not pause there", n)
		}
	}
	stop.Store(true)
	writer.Wait()
	t.Logf("%d whole, %d refused, %d fresh, %d while the writer paused", read, refused, fresh, paused)
	if refused == 0 {
		t.Error("no read was disturbed, so this test tests nothing")
	}
}

// The writer of TestReadIsOfOneMoment writes a text in pieces.
const (
	pieces    = 64
	pieceSize = 1 << 12
)

// pieceLog has the times at which the writing of each piece began.
type pieceLog struct {
	mu    sync.Mutex
	began []time.Time
}

func (l *pieceLog) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began = append(l.began, time.Now())
}

// paused reports whether the writer paused when the file had the given content, for so long
// that a read cannot tell. Time stamps of files are up to 10 ms old.
func (l *pieceLog) paused(data []byte) bool {
	const granularity = 10 * time.Millisecond
	written := bytes.LastIndexByte(data, data[0])/pieceSize + 1
	if other := bytes.TrimLeft(data, string(data[:1])); len(other)%pieceSize != 0 || len(data) != written*pieceSize+len(other) {
		return false // no state that the writer left
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for last := written - 1; last < len(l.began); last += pieces {
		end := time.Now()
		if last+2 < len(l.began) {
			end = l.began[last+2] // the next piece may have begun without a byte of it in the file
		}
		text := byte('a' + (last/pieces+1)%2)
		if text == data[0] && end.Sub(l.began[last]) >= attemptPause-granularity {
			return true
		}
	}
	return false
}
