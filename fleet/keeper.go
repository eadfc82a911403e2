package fleet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// keeper puts the policies in force that the fleet's head demands. Only one goroutine at
// a time may use it.
type keeper struct {
	*Replica
	whole context.Context // done when the replica stops
	disk  *cache          // nil if there is none
	on    *copyOnDisk     // the copy on the disk; nil if there is none that can be used

	read   []byte // the head as it was last read from etcd, good or bad
	modRev int64  // when etcd got it
	booted int64  // the revision of etcd at which Join has read the head; zero if the next session must read it
	seen   mark
	stored *Head     // the head on the disk at the start; nil if there is none
	head   *Head     // the newest verified head; nil if there is none
	raw    *envelope // of head
	value  []byte    // of head, as etcd has it

	wanted  Reference         // the bundle that the head demands
	ref     Reference         // the bundle in force; zero if none of the fleet is
	brought []byte            // the head that brought it, as etcd has it
	carried map[string][]byte // the blobs of that head
	blobs   map[string][]byte // verified blobs that are not on the disk
	refused struct {          // the last bundle whose content was refused
		manifest string
		err      error
	}
	untried Reference   // the candidate that could not be tried out, according to the log
	again   bool        // the bundle that the head demands must be tried again
	unsaved bool        // the disk lacks the bundle in force or the highest revision seen
	retry   *time.Timer // runs while something must be tried again
	pause   pause       // between attempts to take the bundle that the head demands
	resave  pause       // between attempts to write to the disk
	calm    bool        // no jitter: while the service waits for Join
}

func newKeeper(whole context.Context, r *Replica) *keeper {
	f := &keeper{Replica: r, whole: whole, blobs: make(map[string][]byte), retry: time.NewTimer(time.Hour)}
	f.retry.Stop()
	if r.opts.CacheDir == "" {
		return f
	}
	var err error
	if f.disk, err = openCache(r.opts.CacheDir, r.opts.Prefix); err != nil {
		f.cacheFault("the directory cannot be made", err)
		return f
	}
	if f.on, err = f.disk.load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.on = nil
		f.cacheFault("it cannot be read", err)
	}
	if f.seen, err = f.disk.seen(); err != nil {
		f.cacheFault("the highest revision that was seen cannot be read", err)
	}
	if f.on == nil {
		return f
	}
	h, raw, err := openHead(f.on.head, r.opts.Prefix, r.opts.Keys)
	if err != nil {
		f.cacheFault("its head is refused", err)
		return f
	}
	f.stored = h
	if f.seen.revision < h.Revision {
		f.seen = mark{h.Revision, hashOf(raw.Payload)}
	}
	return f
}

func (f *keeper) cacheFault(detail string, err error) {
	f.unsaved = true
	f.setFault(areaCache, &Error{
		Reason: reason.Cache, Detail: "the copy of the policy in " + quote(f.opts.CacheDir) + ": " + detail, Err: withoutPath(err),
		Suggestion: "check the directory, its owner and the free space on its disk",
	})
}

// withoutPath returns what went wrong with a file, without its name, which may be random.
func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// boot puts the first policy in force: from etcd, the disk or the local file. It returns an
// error only if ctx is done.
func (f *keeper) boot(ctx context.Context) error {
	if len(f.opts.Keys) == 0 {
		f.log.write(levelWarn, "no keys are configured, so anyone who can write to etcd can set the policy of this process")
	}
	f.calm = true
	f.bootFromEtcd(ctx)
	f.calm = false
	if ctx.Err() == nil && f.status.Active.Source == SourceNone {
		f.bootFromDisk(ctx)
	}
	if ctx.Err() == nil && f.status.Active.Source == SourceNone && f.opts.Fallback != "" {
		f.bootFromFile(ctx)
	}
	return ctx.Err()
}

// bootFromEtcd takes the head. While etcd cannot be reached, it tries again until
// BootTimeout.
func (f *keeper) bootFromEtcd(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, f.opts.BootTimeout)
	defer cancel()
	for p := (pause{}); ; {
		var err error
		f.booted, err = f.get(ctx)
		if err == nil && f.reason(areaBundle) != reason.Unavailable || reasonOf(err) == reason.Permission || !sleep(ctx, p.next(0)) {
			return
		}
	}
}

// bootFromDisk puts the copy on the disk in force, if it can be verified.
func (f *keeper) bootFromDisk(ctx context.Context) {
	h := f.stored
	if h == nil {
		return
	}
	// The disk has the bundle that this replica had in force, which is one of these two.
	refs := []Reference{h.Stable}
	if h.Candidate != nil {
		refs = append(refs, *h.Candidate)
	}
	for _, ref := range refs {
		if _, ok := f.on.blobs[ref.Manifest]; !ok {
			continue
		}
		b, err := assemble(ref, f.on.blob)
		if err != nil {
			f.cacheFault("a blob is damaged", err)
			return
		}
		c, err := f.compile(ctx, ref, func() (*Bundle, error) { return b, nil })
		if err == nil {
			err = f.install(c, Active{Revision: ref.Pushed, Manifest: ref.Manifest, Source: SourceDisk, Since: time.Now()})
		}
		if err != nil {
			f.cacheFault("its policy is refused", err)
			return
		}
		f.ref, f.brought = ref, f.on.head
		f.change(func(s *Status) { s.Seen = f.seen.revision })
		return
	}
	f.cacheFault("it does not have the bundle of its head", errTorn)
}

// bootFromFile puts the local file in force.
func (f *keeper) bootFromFile(ctx context.Context) {
	dir, name := filepath.Split(f.opts.Fallback)
	c, err := config.Read(ctx, config.Files{Dir: dir}, name, f.opts.Config)
	if err == nil {
		err = f.install(c, Active{Source: SourceFile, Since: time.Now()})
	}
	if err != nil && ctx.Err() == nil {
		f.setFault(areaFile, &Error{
			Reason: reason.RefusedPolicy, Detail: "the fallback cannot be used, so no origin is allowed", Err: err,
			Suggestion: "correct the file; corskit check shows each fault",
		})
	}
}

// pause is the growing time between attempts.
type pause struct{ last time.Duration }

const (
	minPause        = 50 * time.Millisecond
	maxPauseTime    = time.Second
	pausePerReplica = maxPauseTime / 2000 // so that the attempts of a large fleet do not overload etcd
)

// next returns the time to wait before the next attempt, in a fleet of that many
// replicas.
func (p *pause) next(replicas int) time.Duration {
	longest := min(max(maxPauseTime, time.Duration(replicas)*pausePerReplica), maxSpread)
	p.last = min(max(2*p.last, minPause), longest)
	return p.last/2 + rand.N(p.last/2+1)
}

func (p *pause) reset() { p.last = 0 }

// replicas returns the size of the fleet, or 0 if it is not known.
func (f *keeper) replicas() int {
	if f.head == nil {
		return 0
	}
	return f.head.Replicas
}

// requestTimeout bounds a request. A member that has lost contact with the others does
// not answer; the next attempt then uses another member.
const requestTimeout = 3 * time.Second

// get reads the head and takes it. It returns the revision of etcd at which it read the
// head.
func (f *keeper) get(ctx context.Context) (int64, error) {
	resp, err := f.request(ctx)
	if f.stopped() {
		return 0, f.whole.Err()
	}
	if err != nil {
		f.setFault(areaLink, err)
		return 0, err
	}
	f.setFault(areaLink, nil)
	if len(resp.Kvs) == 0 {
		f.judge(ctx, nil, 0)
	} else {
		f.judge(ctx, present(resp.Kvs[0].Value), resp.Kvs[0].ModRevision)
	}
	return resp.Header.Revision, nil
}

// present returns a value that is not nil, even if it is empty.
func present(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

// request asks etcd for the head.
func (f *keeper) request(ctx context.Context) (*clientv3.GetResponse, error) {
	client, err := f.client(ctx)
	if err != nil {
		return nil, unreachable("connecting", err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := client.Get(ctx, f.keys.head())
	if err != nil {
		e := unreachable("reading the head", err)
		e.Suggestion = cmp.Or(e.Suggestion, "check that etcd runs and can be reached at "+places(client))
		return nil, e
	}
	return resp, nil
}

// places returns the first endpoints of a client, for messages.
func places(client *clientv3.Client) string {
	all := client.Endpoints()
	return clean(strings.Join(all[:min(len(all), 3)], ", "), 2*maxQuoted)
}

// stopped reports whether the replica is stopping.
func (f *keeper) stopped() bool { return f.whole.Err() != nil }

// judge takes or refuses a head, given as the value in etcd. nil means that there is no
// head.
func (f *keeper) judge(ctx context.Context, value []byte, modRev int64) {
	if f.read != nil && value != nil && bytes.Equal(f.read, value) && modRev == f.modRev {
		if f.again {
			f.take(ctx)
		} else {
			f.confirm()
		}
		return
	}
	f.read, f.modRev = value, modRev
	if err := f.accept(value); err != nil { // the bundle of an earlier head is still tried
		f.setFault(areaHead, err)
		f.change(func(s *Status) { s.Judged = modRev })
		return
	}
	f.setFault(areaHead, nil)
	f.pause.reset()
	f.take(ctx)
}

// confirm records that etcd still has the head of the bundle in force.
func (f *keeper) confirm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.faults[areaHead] == nil && f.faults[areaBundle] == nil {
		f.lastSuccess = time.Now()
	}
}

// accept verifies a head and makes it the current one.
func (f *keeper) accept(value []byte) error {
	if value == nil {
		return f.missing()
	}
	h, raw, err := f.opts.Shared.open(value, f.opts.Prefix, f.opts.Keys)
	if err != nil {
		return err
	}
	m := mark{h.Revision, hashOf(raw.Payload)}
	if err := f.seen.compare(m); err != nil {
		f.change(func(s *Status) { s.Head = h.Revision })
		return err
	}
	f.head, f.raw, f.value = h, raw, value
	f.spread.Store(int64(min(time.Duration(h.Replicas)*spreadPerReplica, maxSpread)))
	if m.revision > f.seen.revision || f.seen.payload == "" {
		f.seen = m
		f.saveSeen() // before the policy changes, so that no crash forgets it
	}
	return nil
}

// missing returns the fault for a missing head.
func (f *keeper) missing() error {
	if f.seen.revision == 0 {
		return &Error{
			Reason: reason.NoHead, Detail: "nothing was pushed to the prefix " + quote(f.opts.Prefix) + " yet",
			Suggestion: "push a policy with corskit fleet push, or check the prefix",
		}
	}
	return &Error{
		Reason: reason.Emptied, Revision: f.seen.revision, Detail: "the head was deleted; the last good policy stays in force",
		Suggestion: "push again with corskit fleet push",
	}
}

// compare returns the fault of a head with mark m, or nil. seen is the mark of an earlier
// head.
func (seen mark) compare(m mark) error {
	switch {
	case m.revision < seen.revision:
		return &Error{
			Reason: reason.Replayed, Revision: m.revision,
			Detail:     fmt.Sprintf("the head is older than revision %d, which was seen before", seen.revision),
			Suggestion: "if etcd was restored from a backup, push again: a push gets a revision above all that were seen",
		}
	case m.revision == seen.revision && seen.payload != "" && m.payload != seen.payload:
		return &Error{
			Reason: reason.Conflicting, Revision: m.revision,
			Detail:     "the head differs from the one of the same revision that was seen before",
			Suggestion: "push again, and find out who signed two heads",
		}
	}
	return nil
}

// saveSeen writes the highest revision to the disk.
func (f *keeper) saveSeen() {
	if f.disk == nil {
		return
	}
	if err := f.disk.setSeen(f.seen); err != nil {
		f.cacheFault("the highest revision that was seen cannot be written", err)
	}
}

// take puts the bundle in force that the head has for this replica. If that fails, the
// policy in force stays; a replica that has no policy of its fleet then takes the stable
// bundle.
func (f *keeper) take(ctx context.Context) {
	ref, selected := f.head.Wanted(f.opts.Instance, f.opts.Labels)
	if ref != f.wanted { // so that no status says that this replica refused a bundle that it has not tried
		f.wanted = ref
		f.setFault(areaBundle, nil)
	}
	f.change(func(s *Status) {
		s.Head, s.Wanted, s.Seen, s.Judged = f.head.Revision, ref.Pushed, f.seen.revision, f.modRev
	})
	err := f.adopt(ctx, ref)
	if err != nil && selected && f.ref == (Reference{}) {
		_ = f.adopt(ctx, f.head.Stable) // the fault of the candidate is reported, not this one
	}
	if f.stopped() {
		return
	}
	f.setFault(areaBundle, err)
	tried := f.tryOut(ctx, selected)
	f.save()
	f.forget()
	f.plan(err, tried)
}

// adopt puts a bundle in force.
func (f *keeper) adopt(ctx context.Context, ref Reference) error {
	if f.ref.Manifest == ref.Manifest {
		if f.ref != ref || f.status.Active.Source != SourceEtcd {
			f.bring(ref)
			f.change(func(s *Status) { s.Active.Revision, s.Active.Source = ref.Pushed, SourceEtcd })
		}
		f.confirm()
		return nil
	}
	c, err := f.prepare(ctx, ref)
	if err != nil {
		return err
	}
	f.setTrial(nil)
	if err := f.install(c, Active{Revision: ref.Pushed, Manifest: ref.Manifest, Source: SourceEtcd, Since: time.Now()}); err != nil {
		return err
	}
	f.bring(ref)
	f.setFault(areaFile, nil)
	return nil
}

// bring records that the present head brought a bundle.
func (f *keeper) bring(ref Reference) {
	f.ref, f.brought, f.carried, f.unsaved = ref, f.value, f.raw.Blobs, true
}

// prepare fetches, verifies and compiles a bundle.
func (f *keeper) prepare(ctx context.Context, ref Reference) (*config.Config, error) {
	if f.refused.manifest == ref.Manifest { // pushed again
		if e, ok := errors.AsType[*Error](f.refused.err); ok && e.Revision != ref.Pushed {
			named := *e
			named.Revision = ref.Pushed
			f.refused.err = &named
		}
		return nil, f.refused.err
	}
	m, err := f.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	return f.compile(ctx, ref, func() (*Bundle, error) { return m.assemble(f.have) })
}

// refuse records that the content of a bundle is refused. The content cannot change, so
// the bundle is not tried again.
func (f *keeper) refuse(ref Reference, err error) error {
	f.refused.manifest, f.refused.err = ref.Manifest, withRevision(err, ref.Pushed)
	return f.refused.err
}

// withRevision returns an [*Error] that names a revision.
func withRevision(err error, revision uint64) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Revision != 0 {
		return err
	}
	named := *e
	named.Revision = revision
	return &named
}

// compile assembles a bundle and reads its configuration.
func (f *keeper) compile(ctx context.Context, ref Reference, assemble func() (*Bundle, error)) (*config.Config, error) {
	c, err := f.opts.Shared.read(ctx, ref.Manifest, f.opts.Config, assemble)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, errNoBlob): // the disk has lost it in the meantime
		return nil, withRevision(missingBlob(ref.Manifest), ref.Pushed)
	case ctx.Err() != nil: // the faults may come from the interruption
		return nil, unreachable("reading the bundle in time", ctx.Err())
	case reasonOf(err) != "":
		return nil, f.refuse(ref, err)
	}
	return nil, f.refuse(ref, &Error{
		Reason: reason.RefusedPolicy, Detail: "the configuration has faults", Err: err, Suggestion: "push a correction",
	})
}

// tryOut makes the candidate of a rollout the shadow of the policy in force, unless this
// replica is selected or its policy has a shadow of its own. If the candidate cannot be
// used here, that is not a fault of this replica.
func (f *keeper) tryOut(ctx context.Context, selected bool) error {
	h := f.head
	if h.Candidate == nil || selected || f.ref != h.Stable || f.config.Shadow != nil || h.Candidate.Manifest == f.ref.Manifest {
		f.endTrial()
		return nil
	}
	if f.trial != nil && f.trial.candidate == *h.Candidate {
		return nil
	}
	f.endTrial()
	c, err := f.prepare(ctx, *h.Candidate)
	if err == nil {
		err = f.engine.ShadowFrom(c.Engine())
	}
	if err == nil {
		f.setTrial(&trial{candidate: *h.Candidate})
	} else if f.untried != *h.Candidate && !f.stopped() {
		f.untried = *h.Candidate
		f.log.write(levelWarn, "the candidate of the rollout cannot be tried out here", faultAttr(err))
	}
	return err
}

// save writes the bundle in force and its head to the disk.
func (f *keeper) save() {
	if f.disk == nil || !f.unsaved {
		return
	}
	started := time.Now()
	err := f.disk.setSeen(f.seen)
	if err == nil && f.ref != (Reference{}) {
		err = f.store()
	}
	if err != nil {
		f.cacheFault("it cannot be written", err)
		f.resave.last = max(f.resave.last, 20*time.Since(started)) // a large bundle must not keep the disk busy
		return
	}
	f.resave.reset()
	f.unsaved = false
	f.setFault(areaCache, nil)
}

// store writes the bundle in force to the disk, with the head that brought it.
func (f *keeper) store() error {
	data, err := f.have(f.ref.Manifest)
	if err != nil {
		return err
	}
	m, err := parseManifest(data, f.ref)
	if err != nil {
		return err
	}
	if err := f.disk.store(f.brought, append([]string{f.ref.Manifest}, m.blobs()...), f.have); err != nil {
		return err
	}
	f.on, err = f.disk.load()
	return err
}

// forget drops blobs from memory if the disk has them or no bundle of the head needs
// them.
func (f *keeper) forget() {
	if len(f.blobs) == 0 {
		return
	}
	needed := make(map[string]bool)
	refs := []Reference{f.ref, f.head.Stable}
	if f.head.Candidate != nil {
		refs = append(refs, *f.head.Candidate)
	}
	for _, ref := range refs {
		data, err := f.have(ref.Manifest)
		if err != nil {
			continue
		}
		if m, err := parseManifest(data, ref); err == nil {
			needed[ref.Manifest] = true
			for _, hash := range m.blobs() {
				needed[hash] = true
			}
		}
	}
	for hash := range f.blobs {
		if !needed[hash] || f.on.has(hash) {
			delete(f.blobs, hash)
		}
	}
}

// plan sets the time of the next attempt, if there is anything to try again.
func (f *keeper) plan(taken, tried error) {
	f.retry.Stop()
	f.again = f.mayPass(taken) || f.mayPass(tried)
	switch {
	case f.again:
		f.retry.Reset(f.pause.next(f.replicas()))
	case f.disk != nil && f.unsaved:
		f.retry.Reset(f.resave.next(f.replicas()))
	}
}

// mayPass reports whether a fault may end although the head stays the same.
func (f *keeper) mayPass(err error) bool { return err != nil && err != f.refused.err }
