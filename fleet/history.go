package fleet

import (
	"context"
	"crypto/ed25519"
	"strconv"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// HistoryEntry is an earlier head, or the present one.
type HistoryEntry struct {
	Revision uint64
	Head     *Head // nil if Err is not nil
	Err      error // why the entry cannot be trusted
}

// History returns the newest heads, newest first: at most n, or all that are kept if n is
// zero. The fleet keeps the last 100 heads, and the bundles of the last 10.
func (s *Store) History(ctx context.Context, n int) ([]HistoryEntry, error) {
	return s.history(ctx, n, s.opts.Keys)
}

// history is like History, but verifies heads with the given keys.
func (s *Store) history(ctx context.Context, n int, keys []ed25519.PublicKey) ([]HistoryEntry, error) {
	if n <= 0 || n > keepHistory {
		n = keepHistory
	}
	r, err := s.client.Get(ctx, s.layout.history(), clientv3.WithPrefix(), clientv3.WithLimit(int64(n)),
		clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))
	if err != nil {
		return nil, unreachable("reading the history", err)
	}
	var entries []HistoryEntry
	for _, pair := range r.Kvs {
		e := HistoryEntry{Revision: s.layout.revisionOf(string(pair.Key))}
		e.Head, e.Err = ParseHead(pair.Value, string(s.layout), keys...)
		if e.Err == nil && e.Head.Revision != e.Revision {
			e.Head, e.Err = nil, malformedHead(e.Head.Revision, "its key in the history has another revision", nil)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// revisionOf returns the revision in a key of the history, or zero.
func (l layout) revisionOf(key string) uint64 {
	digits := strings.TrimPrefix(key, l.history())
	revision, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(digits) != revisionWidth || revision > MaxRevision {
		return 0
	}
	return revision
}

// brought returns the bundle that a head brought: the candidate if the head has a
// rollout, and otherwise the stable one.
func (h *Head) brought() Reference {
	if h.Candidate != nil && h.Candidate.Pushed == h.Revision {
		return *h.Candidate
	}
	return h.Stable
}
