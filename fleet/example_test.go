package fleet_test

import (
	"context"
	"log"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
)

// An operator pushes a configuration to 5 percent of the replicas, then to 25 percent, then
// to all. The rollout halts automatically if a replica refuses the configuration.
func ExampleStore() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	client, err := clientv3.New(fleet.ClientConfig("https://etcd.example:2379"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	text, err := os.ReadFile("fleet.key")
	if err != nil {
		log.Fatal(err)
	}
	key, err := fleet.ParsePrivateKey(text)
	if err != nil {
		log.Fatal(err)
	}
	store, err := fleet.NewStore(client, fleet.StoreOptions{Key: key, Author: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	bundle, err := fleet.ReadBundle(ctx, "cors.yaml")
	if err != nil {
		log.Fatal(err)
	}
	head, err := store.Push(ctx, bundle, fleet.PushOptions{
		Message: "allow the new shop",
		Rollout: &fleet.Rollout{Steps: []float64{5, 25, 100}, Pause: 10 * time.Minute},
	})
	if err != nil {
		log.Fatal(err) // who else has pushed, or why replicas would refuse the policy
	}
	err = store.Follow(ctx, fleet.FollowOptions{
		Revision: head.Revision,
		Progress: func(p fleet.Progress) { log.Printf("%d of %d replicas have taken it", p.Acked, p.Selected) },
	})
	if err != nil {
		log.Fatal(err) // which replica refused it, and why
	}
}
