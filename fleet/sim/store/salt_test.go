package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/corskit/corskit/fleet"
)

// TestFirstStepSelects checks that even with few replicas and small percentages, the
// first step selects one of the replicas with the labels.
func TestFirstStepSelects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(policy("https://a.example"))
	for i := range 4 {
		region := []string{"eu", "us"}[i/3] // one in us
		w.put(fmt.Sprintf("status/web-%d", i), fmt.Sprintf(
			`{"instance":"web-%d","labels":{"region":%q},"state":"acked","head":1,"active":{"revision":1}}`, i, region))
	}
	for range 10 {
		for _, labels := range []map[string]string{nil, {"region": "us"}} {
			h := w.push(policy("https://b.example"), rollout(fleet.Rollout{Steps: []float64{0.1, 100}, Labels: labels}))
			selected := 0
			for i := range 4 {
				if h.Rollout.Selects(fmt.Sprintf("web-%d", i), map[string]string{"region": []string{"eu", "us"}[i/3]}) {
					selected++
				}
			}
			if selected == 0 {
				t.Errorf("with labels %v, salt %s selects no replica", labels, h.Rollout.Salt)
			}
		}
	}
	for want, r := range map[string]fleet.Rollout{
		"Rollout.Labels":  {Percent: 100, Labels: map[string]string{"region": "mars"}},
		"Rollout.Percent": {Percent: 1e-12},
	} {
		_, err := w.store.Push(w.ctx(), policy("https://c.example"), fleet.PushOptions{Rollout: &r})
		if option, ok := errors.AsType[*fleet.OptionError](err); !ok || option.Field != want {
			t.Errorf("a rollout that selects nobody: error %v, want one for %s", err, want)
		}
	}
}

// TestFollowProvesEachStep uses a given salt with which the first step selects no
// replica.
func TestFollowProvesEachStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(policy("https://a.example"))
	w.replicas(2)
	pushed := w.push(policy("https://b.example"), rollout(fleet.Rollout{Salt: "s", Steps: []float64{0.001, 100}}))
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	err := w.store.Follow(ctx, fleet.FollowOptions{Progress: func(p fleet.Progress) {
		if p.Replicas == 2 {
			cancel()
		}
		if p.Head.Revision != pushed.Revision || !p.Next.IsZero() {
			t.Errorf("Follow does not wait: %+v", p)
		}
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "none of 2 replicas is selected") {
		t.Errorf("Follow: error %v, want one that says that no replica is selected", err)
	}
}
