// Command fleet shows how a fleet works. It starts an etcd inside the process, and three services,
// on gin, echo and fiber. It gives them a policy, changes the policy, tries to push one that is
// refused, and rolls back.
//
//	go run ./examples/fleet
//
// With -stay, the services run until Ctrl-C, so that you can try 'corskit fleet'. For production,
// see deploy/, which runs the program in service/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/examples/fleet/services"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/dev"
	"github.com/corskit/corskit/reason"
)

func main() {
	stay := flag.Bool("stay", false, "keep the services running until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *stay); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// The policies of the tour.
const (
	first = `policies:
  web: {allow_origins: ["https://app.example.com"]}
`
	second = `policies:
  web: {allow_origins: ["https://app.example.com", "https://shop.example.com"]}
`
	broken = `policies:
  web: {allow_origins: ["*"], allow_credentials: true}
`
)

// tour is the fleet, and the output that describes it.
type tour struct {
	out      io.Writer
	store    *fleet.Store
	services []*service
}

// service is one of the three services.
type service struct {
	framework, url string
	replica        *fleet.Replica
}

func run(ctx context.Context, out io.Writer, stay bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	etcd, err := dev.Start(ctx, dev.Options{})
	if err != nil {
		return err
	}
	defer etcd.Close()
	client, err := clientv3.New(fleet.ClientConfig(etcd.Endpoint()))
	if err != nil {
		return err
	}
	defer client.Close()
	store, err := fleet.NewStore(client, fleet.StoreOptions{Author: "examples/fleet"})
	if err != nil {
		return err
	}
	t := &tour{out: out, store: store}
	t.say("etcd runs inside this process, at %s", etcd.Endpoint())
	ended, err := t.start(ctx, client)
	if err != nil {
		return err
	}
	if err := t.show(ctx); err != nil {
		return err
	}
	if stay {
		t.say("try it: the services run until Ctrl-C")
		fmt.Fprintf(out, "  export CORSKIT_FLEET_ENDPOINTS=%s\n  corskit fleet status\n  corskit fleet history\n", etcd.Endpoint())
		<-ctx.Done()
	}
	cancel()
	var errs []error
	for range t.services {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// start starts the services. The channel receives the result of each when it ends.
func (t *tour) start(ctx context.Context, client *clientv3.Client) (<-chan error, error) {
	ended := make(chan error, len(services.Frameworks))
	for _, framework := range services.Frameworks {
		replica, err := fleet.Join(ctx, client, fleet.Options{Instance: framework + "-1",
			Labels: map[string]string{"framework": framework}})
		if err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s := &service{framework: framework, url: "http://" + l.Addr().String(), replica: replica}
		t.services = append(t.services, s)
		go func() {
			err := services.Serve(ctx, l, framework, replica)
			<-replica.Done() // after ctx is done and the replica has removed its status
			ended <- err
		}()
		t.say("%s joined the fleet, and serves %s/items", framework, s.url)
	}
	return ended, nil
}

func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.out, "\n"+format+"\n", args...) }

// show pushes the policies, and prints what happens.
func (t *tour) show(ctx context.Context) error {
	t.say("nothing was pushed yet, so no origin is allowed")
	if err := t.ask(ctx, "https://app.example.com"); err != nil {
		return err
	}
	t.say("a push allows https://app.example.com:")
	if err := t.push(ctx, first, "the app may read"); err != nil {
		return err
	}
	if err := t.ask(ctx, "https://app.example.com", "https://shop.example.com"); err != nil {
		return err
	}
	t.say("a second push also allows https://shop.example.com:")
	if err := t.push(ctx, second, "the shop may read"); err != nil {
		return err
	}
	if err := t.ask(ctx, "https://shop.example.com"); err != nil {
		return err
	}
	t.say("a push of a policy that allows everyone with credentials is refused:")
	fault, ok := errors.AsType[*fleet.Error](t.push(ctx, broken, "oops"))
	if !ok || fault.Reason != reason.RefusedPolicy {
		return fmt.Errorf("the policy should be refused, but: %v", fault)
	}
	for e := range config.Errors(fault.Err) {
		fmt.Fprintf(t.out, "  %v\n", e)
	}
	t.say("a rollback brings back the first policy, as a new revision:")
	head, err := t.store.Rollback(ctx, 0, fleet.ChangeOptions{Message: "the shop is not ready"})
	if err != nil {
		return err
	}
	if err := t.follow(ctx, head); err != nil {
		return err
	}
	return t.ask(ctx, "https://shop.example.com")
}

// push pushes a policy, and waits until all services have it.
func (t *tour) push(ctx context.Context, text, message string) error {
	bundle, err := fleet.CollectBundle(ctx, config.Static{"cors.yaml": []byte(text)}, "cors.yaml")
	if err != nil {
		return err
	}
	head, err := t.store.Push(ctx, bundle, fleet.PushOptions{Message: message})
	if err != nil {
		return err
	}
	return t.follow(ctx, head)
}

// patience is how long the services may take, even on a busy machine.
const patience = 30 * time.Second

// follow waits until all services have the policy of the head, and prints what they report.
func (t *tour) follow(ctx context.Context, head *fleet.Head) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := t.store.Follow(ctx, fleet.FollowOptions{Revision: head.Stable.Pushed}); err != nil {
		return err
	}
	for _, s := range t.services {
		active := s.replica.Status().Active
		fmt.Fprintf(t.out, "  %-5s has revision %d, %v after it was written\n", s.framework, active.Revision,
			active.Since.Sub(head.Time).Round(time.Millisecond))
	}
	return nil
}

// ask sends a request from each origin to each service, and prints whether a browser lets
// the page read the response.
func (t *tour) ask(ctx context.Context, origins ...string) error {
	for _, origin := range origins {
		var verdicts []string
		for _, s := range t.services {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/items", nil)
			if err != nil {
				return err
			}
			r.Header.Set("Origin", origin)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			res.Body.Close()
			verdict := "hidden"
			if res.Header.Get("Access-Control-Allow-Origin") == origin {
				verdict = "read"
			}
			verdicts = append(verdicts, s.framework+": "+verdict)
		}
		fmt.Fprintf(t.out, "  %-25s %s\n", origin, strings.Join(verdicts, ", "))
	}
	return nil
}
