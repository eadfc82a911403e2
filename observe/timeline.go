package observe

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/corskit/corskit/core"
)

// minutes is how many minutes a timeline keeps.
const minutes = 60

// timeline counts verdicts by minute. The zero value is ready to use.
type timeline struct {
	mu    sync.Mutex // held while a slot begins another minute
	slots [minutes]slot
}

// slot is one minute.
type slot struct {
	minute atomic.Int64 // since 1970
	counts [len(results)]atomic.Uint64
}

// results are the columns of a timeline.
var results = [...]core.Result{core.ResultAllowed, core.ResultRefused, core.ResultRejected, core.ResultNotCORS}

// Observe implements [core.Observer].
func (t *timeline) Observe(_ context.Context, o *core.Observation) { t.ObserveClass(o.Class) }

// ObserveClass implements [core.ClassObserver].
func (t *timeline) ObserveClass(c *core.Class) (whole bool) {
	t.count(c.Result, minuteOf(time.Now()))
	return false
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// count counts a result. When a slot begins another minute, a few concurrent results may be
// lost.
func (t *timeline) count(r core.Result, minute int64) {
	s := &t.slots[minute%minutes]
	if s.minute.Load() != minute {
		t.begin(s, minute)
	}
	for i, result := range results {
		if r == result {
			s.counts[i].Add(1)
			return
		}
	}
}

func (t *timeline) begin(s *slot, minute int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.minute.Load() == minute {
		return
	}
	for i := range s.counts {
		s.counts[i].Store(0)
	}
	s.minute.Store(minute)
}

// minuteView is one minute of a timeline.
type minuteView struct {
	Start    time.Time `json:"start"`
	Allowed  uint64    `json:"allowed"`
	Refused  uint64    `json:"refused"`
	Rejected uint64    `json:"rejected"`
	NotCORS  uint64    `json:"notCors"`
}

// view returns the minutes that had requests, up to now, the oldest first.
func (t *timeline) view(now int64) []minuteView {
	all := make([]minuteView, 0, minutes)
	for minute := now - minutes + 1; minute <= now; minute++ {
		s := &t.slots[minute%minutes]
		if s.minute.Load() != minute {
			continue
		}
		all = append(all, minuteView{
			time.Unix(minute*60, 0).UTC(), s.counts[0].Load(), s.counts[1].Load(), s.counts[2].Load(), s.counts[3].Load(),
		})
	}
	return all
}
