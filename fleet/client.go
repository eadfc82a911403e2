package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/corskit/corskit/reason"
)

// ClientConfig returns the configuration of a client that reconnects within a second or
// two after etcd is available again: it tries to connect at least every second, and
// detects a connection on which nothing arrives any more. The defaults of clientv3 wait
// up to two minutes between attempts, and for 20 seconds on each. Set TLS, Username and
// other fields that you need on the result:
//
//	cfg := fleet.ClientConfig("https://etcd-0.example:2379", "https://etcd-1.example:2379")
//	cfg.TLS = tlsConfig
//	client, err := clientv3.New(cfg)
//
// [Join] and [NewStore] refuse an empty endpoint, which may come from an unset variable.
//
// The client logs nothing, because replicas log each fault. Set Logger to change that.
//
// If Username is set, clientv3.New authenticates immediately, and fails if etcd cannot be
// reached. A service that must start without etcd passes [Options.Connect] instead of a
// client, or uses a client certificate.
func ClientConfig(endpoints ...string) clientv3.Config {
	const second = time.Second
	return clientv3.Config{
		Endpoints:   endpoints,
		DialTimeout: 5 * second,
		Logger:      zap.NewNop(),
		// etcd ends connections with more than one ping in five seconds; gRPC sends at most
		// one in ten. These pings need no stream, because an idle client is the rule here.
		DialOptions: []grpc.DialOption{
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * second, Timeout: 3 * second}),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: second / 10, Multiplier: 1.6, Jitter: 0.2, MaxDelay: second},
				MinConnectTimeout: second,
			}),
		},
		// Callers repeat their requests. These repetitions only bridge a change of
		// leader.
		BackoffWaitBetween: second / 5, BackoffJitterFraction: 0.5,
	}
}

// checkEndpoints returns an error if a client has an empty endpoint: etcd's client
// accepts it, and never connects.
func checkEndpoints(client *clientv3.Client) *OptionError {
	for i, e := range client.Endpoints() {
		if strings.TrimSpace(e) == "" {
			return &OptionError{
				Field: fmt.Sprintf("Endpoints[%d]", i), Value: e, Detail: "empty",
				Suggestion: "give ClientConfig the address of etcd, such as http://127.0.0.1:2379; perhaps a variable is not set",
			}
		}
	}
	return nil
}

// unreachable returns the fault for a failed request to etcd. what names the purpose of
// the request, such as "reading the head".
func unreachable(what string, err error) *Error {
	if isPermission(err) {
		return &Error{
			Reason: reason.Permission, Detail: "etcd does not permit " + what, Err: err,
			Suggestion: "grant the role that corskit fleet roles shows, or correct the user and password",
		}
	}
	e := &Error{Reason: reason.Unavailable, Detail: "etcd does not answer (" + what + ")", Err: err}
	switch {
	case errors.Is(err, rpctypes.ErrNoLeader):
		e.Detail = "etcd has no leader (" + what + ")"
	case errors.Is(rpctypes.Error(err), rpctypes.ErrNoSpace):
		e.Detail = "etcd has no space left (" + what + ")"
		e.Suggestion = "compact and defragment etcd, then disarm its alarm"
	case status.Code(err) == codes.ResourceExhausted:
		e.Detail = "etcd is out of a resource, or has too many requests (" + what + ")"
	}
	return e
}

// isPermission reports whether etcd refused a user, a password or an access.
func isPermission(err error) bool {
	for _, refusal := range []error{
		rpctypes.ErrPermissionDenied, rpctypes.ErrAuthFailed, rpctypes.ErrInvalidAuthToken, rpctypes.ErrUserEmpty,
		rpctypes.ErrUserNotFound, rpctypes.ErrAuthOldRevision, rpctypes.ErrRoleNotFound,
	} {
		if errors.Is(rpctypes.Error(err), refusal) {
			return true
		}
	}
	code := status.Code(err)
	return code == codes.PermissionDenied || code == codes.Unauthenticated
}

// isGone reports whether an error says that a lease no longer exists.
func isGone(err error) bool { return errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseNotFound) }

// sleep waits, and reports whether ctx is not done.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
