package fleet

import (
	"context"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Times of reports.
const (
	spreadPerReplica = 200 * time.Microsecond // a large fleet does not write all at once
	maxSpread        = 30 * time.Second       // even if the head names a huge fleet
	countsInterval   = 5 * time.Second        // for the counts of a candidate that is tried out
	rewriteInterval  = 10 * time.Minute       // in case someone has deleted the status
	revokeTimeout    = 2 * time.Second
)

// reporter writes the status of a replica to etcd, under a lease that it keeps alive.
type reporter struct {
	*Replica
	lease   clientv3.LeaseID // zero if there is none
	alive   <-chan *clientv3.LeaseKeepAliveResponse
	end     context.CancelFunc // of keeping it alive
	due     time.Time          // when the status must be written; zero if it need not be
	pause   pause
	written ShadowCounts
	at      time.Time // when it was written
}

// report writes each change of the status, until ctx is done. It then removes the status.
func (r *Replica) report(ctx context.Context) {
	p := &reporter{Replica: r, end: func() {}}
	defer p.withdraw(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p.due = time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
			// Reports wait until the other replicas have fetched the policy, so that they
			// do not delay it.
			spread := time.Duration(r.spread.Load())
			p.soon(spread + rand.N(spread+1))
		case _, ok := <-p.alive:
			if ok {
				continue
			}
			if ctx.Err() != nil {
				return // that ended it; the lease is still to be revoked
			}
			p.end()
			p.alive = nil // writing the status tells whether the lease still exists
			p.soon(0)
		case <-timer.C:
			if p.isDue() {
				p.write(ctx)
			}
		}
		timer.Reset(p.wait())
	}
}

// soon makes the status due after d, unless it is due earlier, or the next attempt is
// already scheduled.
func (p *reporter) soon(d time.Duration) {
	if at := time.Now().Add(d); p.due.IsZero() || p.pause.last == 0 && at.Before(p.due) {
		p.due = at
	}
}

// isDue reports whether the status must be written now.
func (p *reporter) isDue() bool {
	now := time.Now()
	if !p.due.IsZero() {
		return !now.Before(p.due)
	}
	counts := p.Status().Shadow
	return counts != nil && *counts != p.written || now.Sub(p.at) >= rewriteInterval
}

// wait returns the time until the status must be checked again.
func (p *reporter) wait() time.Duration {
	if !p.due.IsZero() {
		return time.Until(p.due)
	}
	if p.Status().Shadow != nil {
		return countsInterval + time.Duration(p.spread.Load())
	}
	return rewriteInterval + rand.N(rewriteInterval/10)
}

// write writes the status. If it fails, it is due again.
func (p *reporter) write(ctx context.Context) {
	p.due = time.Time{}
	err := p.put(ctx)
	if isGone(err) {
		p.drop()
		err = p.put(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		p.setFault(areaReport, asReport(err))
		p.due = time.Now().Add(p.pause.next(int(p.spread.Load() / int64(spreadPerReplica))))
	default:
		p.pause.reset()
		p.setFault(areaReport, nil)
	}
}

func asReport(err error) error {
	if reasonOf(err) != "" {
		return err
	}
	return unreachable("writing the status", err)
}

// put writes the status once.
func (p *reporter) put(ctx context.Context) error {
	request, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	s := p.reportable()
	client := p.etcd.Load()
	if s.State == StateOffline || client == nil {
		return nil // when this state ends, the status becomes due
	}
	if err := p.hold(ctx, request, client); err != nil {
		return err
	}
	data, err := s.encode()
	if err != nil {
		return err
	}
	if _, err := client.Put(request, p.keys.status(p.opts.Instance), string(data), clientv3.WithLease(p.lease)); err != nil {
		return err
	}
	p.at, p.written = time.Now(), ShadowCounts{}
	if s.Shadow != nil {
		p.written = *s.Shadow
	}
	return nil
}

// hold acquires a lease, unless there is one, and keeps it alive until ctx is done.
func (p *reporter) hold(ctx, request context.Context, client *clientv3.Client) error {
	if p.lease == 0 {
		lease, err := client.Grant(request, int64(p.opts.LeaseTTL/time.Second))
		if err != nil {
			return err
		}
		p.lease = lease.ID
	}
	if p.alive != nil {
		return nil
	}
	ctx, p.end = context.WithCancel(ctx)
	var err error
	p.alive, err = client.KeepAlive(ctx, p.lease)
	return err
}

// drop forgets a lease that no longer exists.
func (p *reporter) drop() {
	p.end()
	p.lease, p.alive = 0, nil
}

// withdraw removes the status if etcd can be reached.
func (p *reporter) withdraw(ctx context.Context) {
	p.end()
	if p.lease == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	_, _ = p.etcd.Load().Revoke(ctx, p.lease) // if that fails, the lease expires
}
