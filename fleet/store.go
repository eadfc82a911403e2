package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Store is an operator's view of a fleet: it pushes policies, moves rollouts, and reads
// what replicas report. Its methods may be called concurrently. They wait for etcd until
// their context is done, so give them one with a deadline.
type Store struct {
	client *clientv3.Client
	layout layout
	opts   StoreOptions
}

// NewStore returns a store that uses a client. The caller must close the client. The
// error is an [*OptionError].
func NewStore(client *clientv3.Client, opts StoreOptions) (*Store, error) {
	if client == nil {
		return nil, &OptionError{Field: "client", Detail: "nil", Suggestion: "make one with clientv3.New"}
	}
	if fault := checkEndpoints(client); fault != nil {
		return nil, fault
	}
	opts, l, err := opts.complete()
	if err != nil {
		return nil, err
	}
	return &Store{client: client, layout: l, opts: opts}, nil
}

// snapshot is the head as it was read at one time.
type snapshot struct {
	head     *Head             // nil if err is not nil
	blobs    map[string][]byte // the blobs in the head's envelope; not verified
	signers  []string          // IDs of the keys that the head's signatures name; not verified without Keys
	raw      []byte
	modified int64 // the revision of etcd at which it was written; zero if the key does not exist
	err      error
}

// read returns the present head. It returns an error only if etcd fails; a fault of the
// head is in the snapshot.
func (s *Store) read(ctx context.Context) (*snapshot, error) {
	r, err := s.client.Get(ctx, s.layout.head())
	if err != nil {
		return nil, unreachable("reading the head", err)
	}
	if len(r.Kvs) == 0 {
		return s.snapshot(nil), nil
	}
	return s.snapshot(r.Kvs[0]), nil
}

// snapshot verifies the head in a key of etcd. pair is nil if there is none.
func (s *Store) snapshot(pair *mvccpb.KeyValue) *snapshot {
	if pair == nil || pair.ModRevision == 0 {
		return &snapshot{err: &Error{
			Reason: reason.NoHead, Detail: "nothing was pushed to " + string(s.layout), Suggestion: "push with corskit fleet push",
		}}
	}
	now := &snapshot{raw: pair.Value, modified: pair.ModRevision}
	head, e, err := openHead(pair.Value, string(s.layout), s.opts.Keys)
	if now.head, now.err = head, err; err == nil {
		now.blobs = e.Blobs
		for _, sig := range e.Signatures {
			now.signers = append(now.signers, quote(sig.Key))
		}
	}
	return now
}

// absent reports whether there is no head, or an empty one, so that a change cannot
// overwrite anything by mistake.
func (s *snapshot) absent() bool {
	r := reasonOf(s.err)
	return r == reason.NoHead || r == reason.Emptied
}

// revision returns the revision of the head, or zero.
func (s *snapshot) revision() uint64 {
	if s.head == nil {
		return 0
	}
	return s.head.Revision
}

// Head returns the head in force. The error is an [*Error]. Its reason is [reason.NoHead]
// if nothing was pushed, or says why the head cannot be trusted.
func (s *Store) Head(ctx context.Context) (*Head, error) {
	now, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return now.head, now.err
}

// PushOptions configures a push.
type PushOptions struct {
	// Message says why, for the history: one printable line of at most 1 KiB.
	Message string
	// Rollout makes the bundle the candidate of a rollout. If nil, all replicas take it
	// immediately. The first push to a fleet cannot have a Rollout.
	Rollout *Rollout
	// Above is a revision that the new one must exceed. Set it if etcd was restored from
	// a backup and replicas that are not connected may have seen higher revisions.
	Above uint64
	// Base is the head that the push replaces, as returned by [Store.Head]; a zero Head
	// means that there is none. If the present head is a different one, Push returns a
	// [*ConflictError]. If Base is nil, Push replaces any head.
	Base *Head
	// Replace lets the push overwrite a head that cannot be verified. It also lets a
	// store without a key overwrite a signed head. If it is not set, both are errors.
	Replace bool
	// Config has options that the check of the bundle needs, such as AllowOriginFuncs.
	Config config.Options
}

// Push checks a bundle with all of its profiles, stores the parts that etcd lacks, and
// then writes a new head. It returns this head.
//
// The error is an [*OptionError], a [*ConflictError] or an [*Error]. Its reason is
// [reason.RefusedPolicy] if replicas would refuse the bundle. If etcd fails while the
// head is written, the head may or may not have been written; Push reads it again to find
// out. A push that fails before that leaves only blobs, which a later push removes.
//
// A push ends a rollout that is in progress: without a new one, all replicas take the
// bundle; with a new one, its candidate replaces the old.
func (s *Store) Push(ctx context.Context, b *Bundle, opts PushOptions) (*Head, error) {
	rollout, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if err := s.canSign(); err != nil {
		return nil, err
	}
	if b == nil {
		return nil, &OptionError{Field: "bundle", Detail: "nil", Suggestion: "read one with ReadBundle"}
	}
	parts, err := b.pack()
	if err != nil {
		return nil, err
	}
	if _, err := b.Check(ctx, opts.Config); err != nil {
		return nil, err
	}
	now, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := now.replaceable(opts, rollout); err != nil {
		return nil, err
	}
	if err := s.unsigns(now); err != nil && !opts.Replace {
		return nil, err
	}
	if err := s.salt(ctx, rollout); err != nil {
		return nil, err
	}
	m, err := s.mark(ctx)
	if err != nil {
		return nil, err
	}
	defer m.end(ctx)
	if err := s.upload(ctx, parts); err != nil {
		return nil, err
	}
	h, err := s.next(ctx, now, opts.Message, opts.Above)
	if err != nil {
		return nil, err
	}
	ref := parts.reference
	ref.Pushed = h.Revision
	if rollout == nil {
		h.Stable = ref
	} else {
		h.Stable, h.Candidate, h.Rollout = now.head.Stable, &ref, rollout
	}
	if err := s.commit(ctx, now, h, m, parts.blobs); err != nil {
		return nil, err
	}
	m.end(ctx)
	if err := s.collect(ctx); err != nil && s.opts.Logger != nil {
		s.opts.Logger.Warn("corskit fleet: old blobs were not removed; a later push tries again", slog.Any("error", err))
	}
	return h, nil
}

// salt chooses the salt of a rollout that has none.
func (s *Store) salt(ctx context.Context, rollout *Rollout) error {
	if rollout == nil || rollout.Salt != "" {
		return nil
	}
	replicas, err := s.Replicas(ctx)
	if err != nil {
		return err
	}
	if fault := rollout.chooseSalt(replicas); fault != nil {
		return fault
	}
	return nil
}

// canSign returns an error if replicas would refuse the heads that the store writes.
func (s *Store) canSign() error {
	if s.opts.Key != nil || len(s.opts.Keys) == 0 {
		return nil
	}
	return &OptionError{
		Field: "Key", Detail: "not set, although Keys are: replicas with these refuse a head that is not signed",
		Suggestion: "set the private key of one of them",
	}
}

// unsigns returns an error if the head is signed and the next one would not be: replicas
// with keys would refuse it.
func (s *Store) unsigns(now *snapshot) error {
	if s.opts.Key != nil || len(now.signers) == 0 {
		return nil
	}
	return &Error{
		Reason: reason.Unsigned, Revision: now.revision(),
		Detail: "the head in force is signed with the key " + strings.Join(now.signers, ", ") +
			", but this change has no key, and replicas with keys would refuse it",
		Suggestion: "set the private key (--signing-key or CORSKIT_FLEET_SIGNING_KEY), " +
			"or push with Replace (--replace) to give up signatures",
	}
}

// complete checks the options and returns the rollout with its defaults.
func (o *PushOptions) complete() (*Rollout, error) {
	if err := checkMessage(o.Message); err != nil {
		return nil, err
	}
	if o.Above >= MaxRevision {
		return nil, &OptionError{
			Field: "Above", Value: fmt.Sprint(o.Above), Detail: "beyond the highest revision",
			Suggestion: "give one that a replica reports",
		}
	}
	if o.Rollout == nil {
		return nil, nil
	}
	r := *o.Rollout
	r.Labels, r.Steps = maps.Clone(r.Labels), slices.Clone(r.Steps)
	r.Step, r.Halted = 0, nil
	if len(r.Steps) > 0 && r.Percent == 0 {
		r.Percent = r.Steps[0]
	}
	checked := r
	checked.Salt = cmp.Or(r.Salt, "later")
	if err := checked.check(); err != nil {
		return nil, err
	}
	return &r, nil
}

func checkMessage(message string) error {
	if isText(message, maxMessage) {
		return nil
	}
	return &OptionError{
		Field: "Message", Value: message, Detail: fmt.Sprintf("not one printable line of at most %d bytes", maxMessage),
		Suggestion: "shorten it to one line",
	}
}

// replaceable returns an error if a push must not replace the head.
func (s *snapshot) replaceable(o PushOptions, rollout *Rollout) error {
	if err := s.conflict(o.Base); err != nil {
		return err
	}
	switch {
	case rollout != nil && s.head == nil:
		return &OptionError{
			Field: "Rollout", Detail: "there is no policy yet that the other replicas could keep",
			Suggestion: "push without a rollout first",
		}
	case s.head != nil || s.absent() || o.Replace:
		return nil
	}
	e := *errorOf(s.err)
	e.Detail += ", and a push would overwrite it"
	e.Suggestion = "find out who wrote it; then push with Replace (--replace)"
	return &e
}

// errorOf returns the [*Error] in err.
func errorOf(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Reason: reason.Malformed, Detail: "unknown fault", Err: err}
}

// conflict returns an error if the head is not the base of a change.
func (s *snapshot) conflict(base *Head) error {
	if base == nil || base.Revision == s.revision() && (base.Revision > 0 || s.absent()) {
		return nil
	}
	return &ConflictError{Base: base.Revision, Head: s.head}
}

// maxLeap bounds how far the revisions in statuses can raise the next revision, so that a
// replica, which can only write a status, cannot use up all revisions.
const maxLeap = 1 << 32

// next returns a head with the next revision and no bundle yet. The revision is higher
// than that of the head, than those in the history, and than those that replicas have
// seen, so that replicas accept it even after etcd was restored from a backup.
func (s *Store) next(ctx context.Context, now *snapshot, message string, above uint64) (*Head, error) {
	highest := max(now.revision(), above)
	limit := now.revision() + maxLeap
	consider := func(revision uint64) {
		if revision <= limit {
			highest = max(highest, revision)
		}
	}
	last, err := s.client.Get(ctx, s.layout.history(), append(clientv3.WithLastKey(), clientv3.WithKeysOnly())...)
	if err != nil {
		return nil, unreachable("reading the history", err)
	}
	for _, pair := range last.Kvs {
		consider(s.layout.revisionOf(string(pair.Key)))
	}
	replicas, err := s.Replicas(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range replicas {
		consider(r.Seen)
	}
	if highest >= MaxRevision {
		return nil, &Error{
			Reason: reason.Exhausted, Revision: highest, Detail: "there is no higher revision",
			Suggestion: "move the fleet to another prefix",
		}
	}
	return &Head{
		Version: headVersion, Prefix: string(s.layout), Revision: highest + 1, Time: time.Now().UTC().Truncate(time.Millisecond),
		Author: s.opts.Author, Message: message, Replicas: min(len(replicas), maxReplicas),
	}, nil
}

// commit writes a head and its entry in the history. It does so only if the present head
// still is the one that the change was based on and, unless m is nil, if the mark still
// protects the blobs. The envelope includes the blobs if they are small; known has some
// of them.
func (s *Store) commit(ctx context.Context, now *snapshot, h *Head, m *pushing, known map[string][]byte) error {
	var keys []signer
	if s.opts.Key != nil {
		keys = append(keys, s.opts.Key)
	}
	data, err := h.encode(s.carried(ctx, h, now.blobs, known), keys...)
	if err != nil {
		return err
	}
	compare := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(s.layout.head()), "=", now.modified)}
	if m != nil {
		compare = append(compare, clientv3.Compare(clientv3.CreateRevision(m.key), "!=", 0))
	}
	r, err := s.client.Txn(ctx).If(compare...).Then(
		clientv3.OpPut(s.layout.head(), string(data)), clientv3.OpPut(s.layout.revision(h.Revision), string(data)),
	).Else(clientv3.OpGet(s.layout.head())).Commit()
	if err != nil {
		return s.uncertain(ctx, data, unreachable("writing the head", err))
	}
	if r.Succeeded {
		return nil
	}
	found := s.snapshot(nil)
	if pairs := r.Responses[0].GetResponseRange().GetKvs(); len(pairs) > 0 {
		found = s.snapshot(pairs[0])
	}
	if string(found.raw) == string(data) {
		return nil // etcd's client repeated a request that had come through
	}
	if found.modified == now.modified {
		return &Error{
			Reason: reason.Unavailable, Detail: "the push took longer than etcd kept its mark, so some of its blobs may be gone",
			Suggestion: "push again",
		}
	}
	return &ConflictError{Base: now.revision(), Head: found.head}
}

// carried returns the blobs of a head's bundles for its envelope, if they are together
// small. If one cannot be read, carried returns none, and replicas report the missing
// blob.
func (s *Store) carried(ctx context.Context, h *Head, known ...map[string][]byte) map[string][]byte {
	const most = 4 * maxInline // uncompressed; more does not become small enough
	blobs := make(map[string][]byte)
	get := func(hash string) ([]byte, error) {
		for _, k := range known {
			if data, ok := k[hash]; ok && verifyBlob(hash, data) == nil {
				return data, nil
			}
		}
		return s.blob(ctx, hash)
	}
	for _, ref := range h.references() {
		if ref.Size > most {
			return nil
		}
		data, err := get(ref.Manifest)
		if err != nil {
			return nil
		}
		m, err := parseManifest(data, ref)
		if err != nil {
			return nil
		}
		blobs[ref.Manifest] = data
		for _, hash := range m.blobs() {
			if blobs[hash], err = get(hash); err != nil {
				return nil
			}
		}
	}
	return inline(blobs)
}

// uncertainTime is how long commit tries to find out whether the head was written.
const uncertainTime = 5 * time.Second

// uncertain returns nil if the head was written although etcd returned an error.
func (s *Store) uncertain(ctx context.Context, data []byte, cause *Error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), uncertainTime)
	defer cancel()
	now, err := s.read(ctx)
	switch {
	case err != nil:
		cause.Detail += ", and it is not known whether the head was written"
		cause.Suggestion = "look at the fleet's status before you try again"
		return cause
	case string(now.raw) == string(data):
		return nil
	}
	cause.Suggestion = "look at the fleet's status before you try again; etcd may still write it"
	return cause
}

// Replicas returns the statuses of all replicas in the order of their instances. A status
// that cannot be read is returned as pending, with a fault.
func (s *Store) Replicas(ctx context.Context) ([]Status, error) {
	var all []Status
	_, err := page(ctx, s.client, s.layout.statuses(), 0, func(pair *mvccpb.KeyValue) { all = append(all, s.statusIn(pair)) })
	if err != nil {
		return nil, unreachable("reading the statuses of replicas", err)
	}
	return all, nil
}

// statusIn returns the status in a key of etcd.
func (s *Store) statusIn(pair *mvccpb.KeyValue) Status {
	instance := string(pair.Key)[len(s.layout.statuses()):]
	status, err := parseStatus(instance, pair.Value)
	if err != nil {
		status.Fault = &Fault{Reason: reason.Malformed, Text: clean(err.Error(), maxFaultText)}
	}
	return status
}

// Bundle returns the verified files of a bundle.
func (s *Store) Bundle(ctx context.Context, ref Reference) (*Bundle, error) {
	m, err := s.manifest(ctx, ref)
	if err != nil {
		return nil, err
	}
	blobs := make(map[string][]byte)
	var mu sync.Mutex
	err = each(ctx, m.blobs(), func(ctx context.Context, hash string) error {
		data, err := s.blob(ctx, hash)
		mu.Lock()
		defer mu.Unlock()
		blobs[hash] = data
		return err
	})
	if err != nil {
		return nil, err
	}
	return m.assemble(func(hash string) ([]byte, error) { return blobs[hash], nil })
}

// manifest returns the verified manifest of a reference.
func (s *Store) manifest(ctx context.Context, ref Reference) (*manifest, error) {
	data, err := s.blob(ctx, ref.Manifest)
	if err != nil {
		return nil, err
	}
	return parseManifest(data, ref)
}

// blob returns a verified blob.
func (s *Store) blob(ctx context.Context, hash string) ([]byte, error) {
	r, err := s.client.Get(ctx, s.layout.blob(hash))
	switch {
	case err != nil:
		return nil, unreachable("reading a blob", err)
	case len(r.Kvs) == 0:
		return nil, missingBlob(hash)
	}
	return r.Kvs[0].Value, verifyBlob(hash, r.Kvs[0].Value)
}

func missingBlob(hash string) *Error {
	return &Error{
		Reason: reason.MissingBlob, Detail: "etcd does not have the blob " + clean(hash, maxQuoted),
		Suggestion: "push again; bundles that are older than the last 10 changes are removed",
	}
}
