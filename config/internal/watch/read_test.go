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
	const piece = 1 << 12
	// granularity is that of file time stamps, at worst.
	const granularity = 10 * time.Millisecond
	name := filepath.Join(t.TempDir(), "cors.yaml")
	texts := [2][]byte{bytes.Repeat([]byte("a"), 1<<18), bytes.Repeat([]byte("b"), 1<<18)}
	if err := os.WriteFile(name, texts[0], 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	start := time.Now()
	var begun, done atomic.Int64 // pieces
	var last atomic.Int64        // when the writing of the last piece that is done began
	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 1; !stop.Load(); i++ {
			text := texts[i%2]
			for at := 0; at < len(text); at += piece {
				begun.Add(1)
				now := time.Since(start)
				if _, err := file.WriteAt(text[at:at+piece], int64(at)); err != nil {
					t.Error(err)
					return
				}
				last.Store(int64(now))
				done.Add(1)
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	read, refused, fresh, paused := 0, 0, 0, 0
	for n := 0; n < 300 || refused == 0 && n < 100_000; n++ {
		before, latest := begun.Load(), time.Duration(last.Load())
		data, _, isFresh, err := readOnce(name, 1<<20)
		during := done.Load() > before // a piece was written from its beginning to its end
		since := time.Since(start) - latest
		switch {
		case errors.Is(err, errUnsteady):
			refused++
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(data, texts[0]), bytes.Equal(data, texts[1]):
			read++
		case isFresh:
			fresh++
		case during:
			t.Errorf("read %d: a mixture of two texts, although the file changed during the read", n)
		case since < attemptPause-granularity:
			t.Errorf("read %d: a mixture of two texts, %v after the last change", n, since)
		default:
			paused++
		}
	}
	stop.Store(true)
	writer.Wait()
	t.Logf("%d whole, %d refused, %d fresh, %d while the writer paused", read, refused, fresh, paused)
	if refused == 0 {
		t.Error("no read was disturbed, so this test tests nothing")
	}
}
