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
// pieces. Each read must return one of the two texts, or an error.
func TestReadIsOfOneMoment(t *testing.T) {
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
	var stop atomic.Bool
	var stalls int // writes that took so long that no read can detect them
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 1; !stop.Load(); i++ {
			text, start := texts[i%2], time.Now()
			for at := 0; at < len(text); at += 1 << 12 {
				if _, err := file.WriteAt(text[at:at+1<<12], int64(at)); err != nil {
					t.Error(err)
					return
				}
			}
			if time.Since(start) >= attemptPause {
				stalls++
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	read, refused, mixed := 0, 0, 0
	for range 300 {
		data, _, fresh, err := readOnce(name, 1<<20)
		switch {
		case errors.Is(err, errUnsteady):
			refused++
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(data, texts[0]), bytes.Equal(data, texts[1]):
			read++
		case !fresh:
			mixed++
		}
	}
	stop.Store(true)
	writer.Wait()
	t.Logf("%d read, %d refused, %d mixed, %d stalls of the writer", read, refused, mixed, stalls)
	if mixed > 0 && stalls == 0 {
		t.Errorf("%d reads returned a mixture of two texts", mixed)
	}
	if refused == 0 {
		t.Error("no read was disturbed, so this test tests nothing")
	}
}
