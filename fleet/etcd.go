package fleet

import (
	"context"
	"sync"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// pageSize is the number of keys in one answer of etcd.
const pageSize = 1000

// page reads all keys with a prefix at one revision of etcd, in order, in parts that fit
// an answer. If at is 0, page reads the newest revision. It returns the revision that it
// read.
func page(
	ctx context.Context, kv clientv3.KV, prefix string, at int64, use func(*mvccpb.KeyValue), opts ...clientv3.OpOption,
) (int64, error) {
	end := clientv3.GetPrefixRangeEnd(prefix)
	for from := prefix; ; {
		own := append([]clientv3.OpOption{
			clientv3.WithRange(end), clientv3.WithLimit(pageSize), clientv3.WithRev(at),
			clientv3.WithSort(clientv3.SortByKey, clientv3.SortAscend),
		}, opts...)
		r, err := kv.Get(ctx, from, own...)
		if err != nil {
			return 0, err
		}
		if at == 0 {
			at = r.Header.Revision
		}
		for _, pair := range r.Kvs {
			use(pair)
		}
		if !r.More || len(r.Kvs) == 0 {
			return at, nil
		}
		from = string(r.Kvs[len(r.Kvs)-1].Key) + "\x00"
	}
}

// parallel is the number of concurrent requests for blobs.
const parallel = 8

// each calls do for every item, a few concurrently, until a call fails. It returns the
// first error.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	next := make(chan T)
	for range min(parallel, len(items)) {
		all.Go(func() {
			for item := range next {
				if err := do(ctx, item); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for _, item := range items {
		select {
		case next <- item:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	all.Wait()
	return context.Cause(ctx)
}
