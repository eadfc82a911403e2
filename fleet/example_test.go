package fleet_test

import (
	"context"
	"crypto/ed25519"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/observe"
)

// A service whose policy comes from a fleet. It serves before etcd can be reached, and its
// health check says what is wrong without failing: the last good policy goes on.
func ExampleJoin() {
	text, err := os.ReadFile("fleet.pub") // of corskit fleet keygen
	if err != nil {
		log.Fatal(err)
	}
	keys, err := fleet.ParsePublicKeys(text)
	if err != nil {
		log.Fatal(err)
	}
	client, err := clientv3.New(fleet.ClientConfig("https://etcd.example:2379"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	replica, err := fleet.Join(context.Background(), client, fleet.Options{
		Labels:   map[string]string{"service": "orders", "region": "eu"},
		CacheDir: "/var/cache/orders",
		Keys:     keys,
		Logger:   slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = replica.Close(ctx)
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := replica.Err(); err != nil {
			_, _ = w.Write([]byte("degraded: " + err.Error()))
		}
	})
	go func() { // for operators only
		inspector := observe.Handler(replica.Engine(), observe.HandlerOptions{Config: replica.ConfigStatus})
		log.Print(http.ListenAndServe("localhost:6060", inspector))
	}()
	log.Fatal(http.ListenAndServe(":8080", corshttp.Middleware(replica.Engine())(mux)))
}

// A client with a user and a password can only be made while etcd can be reached. Join makes
// it as soon as it can.
func ExampleOptions_connect() {
	replica, err := fleet.Join(context.Background(), nil, fleet.Options{
		CacheDir: "/var/cache/orders",
		Keys:     []ed25519.PublicKey{ /* ... */ },
		Connect: func(context.Context) (*clientv3.Client, error) {
			cfg := fleet.ClientConfig("https://etcd.example:2379")
			cfg.Username, cfg.Password = "orders", os.Getenv("ETCD_PASSWORD")
			return clientv3.New(cfg)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer replica.Close(context.Background())
}
