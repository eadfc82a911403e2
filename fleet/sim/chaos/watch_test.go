package chaos

import (
	"context"
	"strings"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// watchFilter drops events on their way from etcd to a client.
type watchFilter struct {
	lose atomic.Bool
	lost atomic.Int64
}

func (f *watchFilter) install(cfg *clientv3.Config) {
	cfg.DialOptions = append(cfg.DialOptions, grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc,
		conn *grpc.ClientConn, method string, streamer grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := streamer(ctx, desc, conn, method, options...)
		if err == nil && strings.HasSuffix(method, "/Watch") {
			stream = &filteredStream{stream, f}
		}
		return stream, err
	}))
}

type filteredStream struct {
	grpc.ClientStream
	filter *watchFilter
}

func (s *filteredStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if answer, ok := message.(*etcdserverpb.WatchResponse); ok && err == nil && s.filter.lose.Load() && len(answer.Events) > 0 {
		s.filter.lost.Add(int64(len(answer.Events)))
		answer.Events = nil
	}
	return err
}
