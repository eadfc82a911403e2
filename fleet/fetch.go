package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/reason"
)

// Bounds on the concurrent requests of a replica, and on the time that it waits for a
// blob.
const (
	maxFetches  = 4
	blobTimeout = 10 * time.Second
)

// fetch returns the verified manifest of a reference, once the replica has all of its
// blobs. It fetches the missing ones from etcd.
func (f *keeper) fetch(ctx context.Context, ref Reference) (*manifest, error) {
	waited := false
	need := func(hashes ...string) error {
		missing := f.missingOf(hashes)
		if len(missing) > 0 && !waited {
			waited = true
			sleep(ctx, f.jitter())
		}
		return withRevision(f.fetchAll(ctx, missing), ref.Pushed)
	}
	if err := need(ref.Manifest); err != nil {
		return nil, err
	}
	data, err := f.have(ref.Manifest)
	if err != nil {
		return nil, withRevision(missingBlob(ref.Manifest), ref.Pushed)
	}
	m, err := f.opts.Shared.parse(data, ref)
	if err != nil {
		return nil, f.refuse(ref, err)
	}
	return m, need(m.blobs()...)
}

// assemble returns the bundle of a reference, verified.
func assemble(ref Reference, get func(hash string) ([]byte, error)) (*Bundle, error) {
	data, err := get(ref.Manifest)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data, ref)
	if err != nil {
		return nil, err
	}
	return m.assemble(get)
}

// jitter returns how long this replica waits before it asks etcd for blobs.
func (f *keeper) jitter() time.Duration {
	longest := f.opts.Jitter
	if longest == 0 {
		longest = min(time.Duration(f.replicas())*jitterPerReplica, maxJitter)
	}
	if longest <= 0 || f.calm {
		return 0
	}
	return rand.N(longest)
}

// have returns a verified blob that the replica has in memory, in the head or on the
// disk. If it has none, the error is errNoBlob.
func (f *keeper) have(hash string) ([]byte, error) {
	if data, ok := f.blobs[hash]; ok {
		return data, nil
	}
	if f.raw != nil {
		if data, ok := f.raw.Blobs[hash]; ok && verifyBlob(hash, data) == nil {
			return data, nil
		}
	}
	if data, ok := f.carried[hash]; ok && verifyBlob(hash, data) == nil {
		return data, nil
	}
	if data, err := f.on.blob(hash); err == nil {
		return data, nil
	}
	return nil, errNoBlob
}

var errNoBlob = errors.New("this replica does not have the blob")

// missingOf returns the hashes of blobs that the replica does not have.
func (f *keeper) missingOf(hashes []string) (missing []string) {
	for _, hash := range hashes {
		if _, err := f.have(hash); err != nil {
			missing = append(missing, hash)
		}
	}
	return missing
}

// fetchAll fetches blobs into memory, a few at a time. It returns the first fault.
func (f *keeper) fetchAll(ctx context.Context, hashes []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var first error
	var fetches sync.WaitGroup
	turns := make(chan struct{}, maxFetches)
	for _, hash := range hashes {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		fetches.Go(func() {
			defer func() { <-turns }()
			data, err := f.fetchBlob(ctx, hash)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				f.blobs[hash] = data
			} else if first == nil {
				first = err
				cancel()
			}
		})
	}
	fetches.Wait()
	if first == nil && len(hashes) > 0 && ctx.Err() != nil {
		first = unreachable("fetching blobs in time", ctx.Err())
	}
	return first
}

// fetchBlob fetches one blob. It first accepts the answer of any member of etcd, because
// it verifies the hash. If the blob is missing or wrong, that member may be behind the
// others, so fetchBlob then asks for an answer that they agree on.
func (f *keeper) fetchBlob(ctx context.Context, hash string) ([]byte, error) {
	data, err := f.getBlob(ctx, hash, clientv3.WithSerializable())
	if r := reasonOf(err); r == reason.MissingBlob || r == reason.Tampered {
		data, err = f.getBlob(ctx, hash)
	}
	return data, err
}

func (f *keeper) getBlob(ctx context.Context, hash string, opts ...clientv3.OpOption) ([]byte, error) {
	request, cancel := context.WithTimeout(ctx, blobTimeout)
	defer cancel()
	resp, err := f.etcd.Load().Get(request, f.keys.blob(hash), opts...)
	switch {
	case err != nil:
		return nil, unreachable("fetching a blob", err)
	case len(resp.Kvs) == 0:
		return nil, missingBlob(hash)
	}
	data := resp.Kvs[0].Value
	if err := verifyBlob(hash, data); err != nil {
		return nil, err
	}
	return data, nil
}
