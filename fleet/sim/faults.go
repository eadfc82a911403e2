package main

import (
	"context"
	"errors"
	"time"

	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
)

// faultTime is how long a fault lasts.
const faultTime = 3 * time.Second

// faultsByName has functions that start a fault and return a function that ends it. The
// faults do not affect the store.
var faultsByName = map[string]func(context.Context, *etcdtest.Cluster) (heal func() error, err error){
	"cut":     network(faultproxy.Faults{Refuse: true}, true),
	"silent":  network(faultproxy.Faults{Stall: faultproxy.Both}, false),
	"restart": restart,
}

// network disturbs the connections of the replicas.
func network(faults faultproxy.Faults, cut bool) func(context.Context, *etcdtest.Cluster) (func() error, error) {
	return func(_ context.Context, c *etcdtest.Cluster) (func() error, error) {
		for _, m := range c.Members {
			m.Client.Set(faults)
			if cut {
				m.Client.Cut()
			}
		}
		return func() error {
			for _, m := range c.Members {
				m.Client.Heal()
			}
			return nil
		}, nil
	}
}

// restart restarts every member, one after the other. The replicas do not see the push
// before the fault ends.
func restart(ctx context.Context, c *etcdtest.Cluster) (func() error, error) {
	var all []error
	for _, m := range c.Members {
		all = append(all, m.Restart(ctx))
	}
	_, err := c.Leader(ctx)
	heal, err2 := network(faultproxy.Faults{Refuse: true}, true)(ctx, c)
	return heal, errors.Join(append(all, err, err2)...)
}
