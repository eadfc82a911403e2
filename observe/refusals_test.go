package observe_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

// observer is an Observer that calls a function.
type observer func(context.Context, *core.Observation)

func (f observer) Observe(ctx context.Context, o *core.Observation) { f(ctx, o) }

func BenchmarkRefusals(b *testing.B) {
	const many = 1 << 16
	for _, origins := range []int{1, 50, many} {
		requests := make([]core.Request, origins)
		for i := range requests {
			requests[i] = get(fmt.Sprintf("https://x%d.example.com", i))
		}
		for name, o := range map[string]core.Observer{
			"nothing":  observer(func(context.Context, *core.Observation) {}),
			"refusals": observe.NewRefusals(100),
		} {
			b.Run(fmt.Sprint(name, "/origins=", origins), func(b *testing.B) {
				e := core.MustNew(policy())
				e.Observe(o)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					e.Decide(ctx, requests[i%origins])
				}
			})
		}
	}
}
