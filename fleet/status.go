package fleet

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/corskit/corskit/reason"
)

// maxStatus is the maximum size of a status in etcd, in bytes.
const maxStatus = 4 << 10

// State says whether a replica has the bundle that the fleet wants it to have.
type State string

// States of a replica.
const (
	StateAcked   State = "acked"   // the wanted bundle is in force
	StatePending State = "pending" // the wanted bundle is on its way; a Fault says what delays it
	StateRefused State = "refused" // the replica refused the head or bundle; the Fault says why
	StateOffline State = "offline" // the replica cannot reach etcd; only the replica itself sees this
)

// Source is where the policy in force comes from.
type Source string

// Sources of a policy.
const (
	SourceEtcd Source = "etcd" // the fleet
	SourceDisk Source = "disk" // the verified copy of an earlier run
	SourceFile Source = "file" // Options.Fallback
	SourceNone Source = "none" // nothing: no origin is allowed
)

// Status is the report of a replica about itself. In etcd it is JSON of at most 4 KiB.
type Status struct {
	// Instance and Labels are those of [Options].
	Instance string            `json:"instance"`
	Labels   map[string]string `json:"labels,omitempty"`
	// Version is the version of the fleet module in the replica, for example "v0.1.0".
	Version string `json:"version,omitempty"`
	// State says whether the wanted bundle is in force.
	State State `json:"state"`
	// Head is the revision of the newest head that the replica has judged: taken or
	// refused. If it is lower than the revision of the fleet's head, the other fields are
	// about an earlier head.
	Head uint64 `json:"head"`
	// Judged is the mod revision, in etcd, of the head that the replica judged last. With
	// it, a refusal can be attributed even to a head whose own revision cannot be
	// trusted.
	Judged int64 `json:"judged,omitempty"`
	// Wanted is the revision of the bundle that this replica should have, as in
	// [Reference.Pushed]. It is zero if there is none.
	Wanted uint64 `json:"wanted"`
	// Active is the policy in force.
	Active Active `json:"active"`
	// Seen is the highest revision of a verified head. The replica refuses heads with
	// lower ones.
	Seen uint64 `json:"seen"`
	// Fault is why the wanted bundle is not in force, or why changes may not arrive. It
	// is nil if there is no fault.
	Fault *Fault `json:"fault,omitempty"`
	// Cache is the fault of the copy on disk, or nil. It does not affect the policy in
	// force.
	Cache *Fault `json:"cache,omitempty"`
	// Shadow counts what the candidate of a rollout would change, while this replica is
	// not selected. It is nil if no candidate is tried out.
	Shadow *ShadowCounts `json:"shadow,omitempty"`
	// Time is when the status was written, by the clock of the replica.
	Time time.Time `json:"time"`
}

// Active is the policy that a replica has in force.
type Active struct {
	// Revision is the revision of the bundle, as in [Reference.Pushed]. It is zero unless
	// Source is etcd or disk.
	Revision uint64 `json:"revision"`
	// Manifest identifies the bundle, as in [Reference.Manifest].
	Manifest string `json:"manifest,omitempty"`
	Source   Source `json:"source"`
	// Since is when the policy took effect in this process.
	Since time.Time `json:"since"`
}

// Fault is an [Error] in the form in which a Status contains it.
type Fault struct {
	Reason reason.Reason `json:"reason"`
	Text   string        `json:"text"` // one printable line of at most 1 KiB
	Since  time.Time     `json:"since"`
}

// ShadowCounts says how the candidate of a rollout would have decided the requests of a
// replica.
type ShadowCounts struct {
	// Revision is the revision of the candidate, as in [Reference.Pushed].
	Revision uint64 `json:"revision"`
	// Decisions is the number of CORS requests since the trial of the candidate began.
	// Stricter is the number of those that only the candidate would refuse, and Looser
	// the number of those that only the candidate would allow.
	Decisions uint64 `json:"decisions"`
	Stricter  uint64 `json:"stricter"`
	Looser    uint64 `json:"looser"`
}

const maxFaultText = 1 << 10

// encode returns the value of the status for etcd. It shortens texts until the value
// fits.
func (s Status) encode() ([]byte, error) {
	for limit := maxFaultText; ; limit /= 2 {
		s.Fault, s.Cache = s.Fault.shorten(limit), s.Cache.shorten(limit)
		data, err := json.Marshal(s)
		switch {
		case err != nil:
			return nil, fmt.Errorf("encoding the status: %w", err)
		case len(data) <= maxStatus:
			return data, nil
		case limit < 64:
			return nil, &Error{
				Reason: reason.TooLarge, Instance: s.Instance, Detail: "the status is too large",
				Suggestion: "use fewer labels",
			}
		}
	}
}

func (f *Fault) shorten(limit int) *Fault {
	if f == nil {
		return nil
	}
	return &Fault{Reason: f.Reason, Text: clean(f.Text, limit), Since: f.Since}
}

// parseStatus decodes the status of an instance. Because replicas write it, parseStatus
// returns an error for values beyond a bound and for text that is not printable. It
// ignores unknown fields, which a newer replica may write.
func parseStatus(instance string, data []byte) (Status, error) {
	var s Status
	fail := func(detail string, err error) (Status, error) {
		return Status{Instance: clean(instance, maxInstance), State: StatePending}, &Error{
			Reason: reason.Malformed, Instance: instance, Detail: "the status is malformed: " + detail, Err: err,
			Suggestion: "restart the replica, and find out who may write its status",
		}
	}
	if len(data) > maxStatus {
		return fail(fmt.Sprintf("it has %d bytes, more than %d", len(data), maxStatus), nil)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return fail("it is not valid JSON", err)
	}
	if s.Instance != instance || !isName(s.Instance, maxInstance) {
		return fail("its instance is not the one in its key", nil)
	}
	if err := checkLabels("labels", s.Labels); err != nil {
		return fail("its labels are not valid", err)
	}
	s.Version = clean(s.Version, maxLabel)
	s.State, s.Active.Source = State(clean(string(s.State), maxLabel)), Source(clean(string(s.Active.Source), maxLabel))
	if !isHash(s.Active.Manifest) {
		s.Active.Manifest = ""
	}
	for _, f := range []*Fault{s.Fault, s.Cache} {
		if f != nil {
			f.Reason, f.Text = reason.Reason(clean(string(f.Reason), maxLabel)), clean(f.Text, maxFaultText)
		}
	}
	return s, nil
}
