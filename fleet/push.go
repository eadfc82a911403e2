package fleet

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/reason"
)

type signer = ed25519.PrivateKey

// Bounds on what etcd keeps.
const (
	keepBundles = 10  // heads of the history whose bundles stay
	keepHistory = 100 // heads of the history
)

// markTTL is how long, in seconds, the mark of a dead push prevents the removal of blobs.
const markTTL = 60

// pushing is a key that exists while a push is in progress. While there is one, no store
// removes blobs, because a push relies on blobs that it has found.
type pushing struct {
	client *clientv3.Client
	key    string
	lease  clientv3.LeaseID
	stop   context.CancelFunc // of the keep-alive
	all    sync.WaitGroup
	once   sync.Once
}

// mark writes a mark for a push.
func (s *Store) mark(ctx context.Context) (*pushing, error) {
	lease, err := s.client.Grant(ctx, markTTL)
	if err != nil {
		return nil, unreachable("getting a lease", err)
	}
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	m := &pushing{client: s.client, key: s.layout.pushing() + randomName(), lease: lease.ID, stop: stop}
	_, err = s.client.Put(ctx, m.key, s.opts.Author, clientv3.WithLease(m.lease))
	if err != nil {
		m.end(ctx)
		return nil, unreachable("marking the push", err)
	}
	answers, err := s.client.KeepAlive(alive, m.lease)
	if err != nil {
		m.end(ctx)
		return nil, unreachable("keeping a lease", err)
	}
	m.all.Go(func() {
		for range answers { // the client closes it after stop
		}
	})
	return m, nil
}

// endTime is how long a push waits for etcd to remove its mark. If that fails, the lease
// expires.
const endTime = 2 * time.Second

// end removes the mark.
func (m *pushing) end(ctx context.Context) {
	m.once.Do(func() {
		m.stop()
		m.all.Wait()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		_, _ = m.client.Revoke(ctx, m.lease) // the lease expires otherwise
	})
}

// randomName returns 16 random letters and digits.
func randomName() string { return rand.Text()[:16] }

// upload stores the blobs that etcd does not have. It reads the existing ones, and stores
// damaged ones again. The manifest comes last.
func (s *Store) upload(ctx context.Context, p *packed) error {
	hashes := slices.DeleteFunc(slices.Sorted(maps.Keys(p.blobs)), func(h string) bool { return h == p.reference.Manifest })
	err := each(ctx, hashes, func(ctx context.Context, hash string) error { return s.uploadBlob(ctx, hash, p.blobs[hash]) })
	if err != nil {
		return err
	}
	return s.uploadBlob(ctx, p.reference.Manifest, p.blobs[p.reference.Manifest])
}

func (s *Store) uploadBlob(ctx context.Context, hash string, data []byte) error {
	if _, err := s.blob(ctx, hash); err == nil {
		return nil
	} else if r := reasonOf(err); r != reason.MissingBlob && r != reason.Tampered && r != reason.TooLarge {
		return err
	}
	if _, err := s.client.Put(ctx, s.layout.blob(hash), string(data)); err != nil {
		return unreachable("storing a blob", err)
	}
	return nil
}

// present returns an error unless etcd has all blobs of a bundle, undamaged.
func (s *Store) present(ctx context.Context, ref Reference) error {
	m, err := s.manifest(ctx, ref)
	if err != nil {
		return err
	}
	return each(ctx, m.blobs(), func(ctx context.Context, hash string) error {
		_, err := s.blob(ctx, hash)
		return err
	})
}

// collect removes blobs that neither the head nor the newest heads of the history need,
// and the oldest entries of the history. Each removal takes place only if the head is
// still the one that was read and there are no marks, so a concurrent push loses nothing.
func (s *Store) collect(ctx context.Context) error {
	now, err := s.read(ctx)
	if err != nil {
		return err
	}
	if now.head == nil {
		return now.err
	}
	var entries []string
	_, err = page(ctx, s.client, s.layout.history(), 0, func(pair *mvccpb.KeyValue) {
		entries = append(entries, string(pair.Key))
	}, clientv3.WithKeysOnly())
	if err != nil {
		return unreachable("reading the history", err)
	}
	heads := []*Head{now.head}
	recent, err := s.history(ctx, keepBundles, nil) // a head of an old key needs its blobs, too
	if err != nil {
		return err
	}
	for _, entry := range recent {
		if entry.Head != nil {
			heads = append(heads, entry.Head)
		}
	}
	for _, ref := range now.head.references() {
		if _, err := s.manifest(ctx, ref); err != nil {
			return err // without the head, it is not known which blobs are needed
		}
	}
	needed, err := s.needed(ctx, heads)
	if err != nil {
		return err
	}
	old := entries[:max(0, len(entries)-keepHistory)]
	_, err = page(ctx, s.client, s.layout.blobs(), 0, func(pair *mvccpb.KeyValue) {
		if hash := string(pair.Key)[len(s.layout.blobs()):]; !needed[hash] {
			old = append(old, string(pair.Key))
		}
	}, clientv3.WithKeysOnly(), clientv3.WithLimit(blobsAtOnce))
	if err != nil {
		return unreachable("reading the names of blobs", err)
	}
	return s.remove(ctx, now.modified, old)
}

// needed returns the hashes of the blobs of heads. A manifest that is missing or damaged
// needs none.
func (s *Store) needed(ctx context.Context, heads []*Head) (map[string]bool, error) {
	needed := make(map[string]bool)
	for _, h := range heads {
		for _, ref := range h.references() {
			if needed[ref.Manifest] {
				continue
			}
			needed[ref.Manifest] = true
			m, err := s.manifest(ctx, ref)
			if r := reasonOf(err); r == reason.Unavailable || r == reason.Permission {
				return nil, err
			}
			if err != nil {
				continue
			}
			for _, hash := range m.blobs() {
				needed[hash] = true
			}
		}
	}
	return needed, nil
}

// references returns the bundles of the head.
func (h *Head) references() []Reference {
	if h.Candidate == nil {
		return []Reference{h.Stable}
	}
	return []Reference{h.Stable, *h.Candidate}
}

// blobsAtOnce is the number of blobs whose names one request lists. etcd reads their
// contents too.
const blobsAtOnce = 100

// removeAtOnce is the number of keys that one request removes. etcd allows 128.
const removeAtOnce = 100

// remove removes keys, provided that the head was last changed at the given revision of
// etcd and no push is in progress.
func (s *Store) remove(ctx context.Context, head int64, keys []string) error {
	for batch := range slices.Chunk(keys, removeAtOnce) {
		var removals []clientv3.Op
		for _, key := range batch {
			removals = append(removals, clientv3.OpDelete(key))
		}
		r, err := s.client.Txn(ctx).If(
			clientv3.Compare(clientv3.ModRevision(s.layout.head()), "=", head),
			clientv3.Compare(clientv3.ModRevision(s.layout.pushing()), "=", 0).WithPrefix(),
		).Then(removals...).Commit()
		switch {
		case err != nil:
			return unreachable("removing old blobs", err)
		case !r.Succeeded:
			return &Error{Reason: reason.Conflicting, Detail: "someone else is pushing"}
		}
	}
	return nil
}
