package fleet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/corskit/corskit/reason"
)

// headVersion is the version of the payload of a head.
const headVersion = 1

// Limits of a head.
const (
	maxHead     = 64 << 10 // bytes in etcd
	maxReplicas = 1 << 20
	maxLabels   = 16
	maxLabel    = 63 // bytes of a name, and of a value
	maxInstance = 128
	maxSteps    = 32
	maxPause    = 30 * 24 * time.Hour
)

// MaxRevision is the highest revision of a head.
const MaxRevision = 1<<53 - 1

// Head says which bundle is in force, and for which replicas. Each change of a fleet
// writes a new Head with a higher revision.
type Head struct {
	// Version is 1. A replica refuses versions and fields that it does not know.
	Version int `json:"version"`
	// Prefix is the prefix that the head was signed for. Replicas refuse the head under
	// any other prefix.
	Prefix string `json:"prefix"`
	// Revision is higher than that of every earlier head.
	Revision uint64 `json:"revision"`
	// Time is when the head was written, by the clock of the writer. Nothing depends on it.
	Time time.Time `json:"time"`
	// Author and Message say who wrote the head, and why. Each is one printable line.
	Author  string `json:"author,omitempty"`
	Message string `json:"message,omitempty"`
	// Replicas is the number of replicas that had a status when the head was written.
	// Replicas spread their requests over a time that is proportional to it.
	Replicas int `json:"replicas"`
	// Stable is the bundle of all replicas that the rollout does not select.
	Stable Reference `json:"stable"`
	// Candidate is the bundle of the replicas that the rollout selects. It is nil if
	// there is no rollout.
	Candidate *Reference `json:"candidate,omitempty"`
	// Rollout says which replicas take the candidate. It is nil if there is none.
	Rollout *Rollout `json:"rollout,omitempty"`
	// RollbackTo is the revision whose bundle a rollback brought back. It is zero for
	// other changes.
	RollbackTo uint64 `json:"rollbackTo,omitempty"`
}

// Reference identifies a bundle.
type Reference struct {
	// Manifest is the hexadecimal SHA-256 of the bundle's manifest. Bundles with the same
	// files have the same Manifest.
	Manifest string `json:"manifest"`
	// Size is the number of bytes of all files.
	Size int64 `json:"size"`
	// Pushed is the revision of the push or rollback that brought this bundle. It is the
	// wanted or active revision in a [Status].
	Pushed uint64 `json:"pushed"`
}

// Rollout says which replicas take the candidate of a [Head], and when the rollout
// continues and halts. Only [Store.Follow] moves a rollout; unless it runs, a rollout
// stays at its step.
type Rollout struct {
	// Salt is mixed into the hash of instances, so that each rollout begins with
	// different replicas. If it is empty, [Store.Push] sets a salt with which the first
	// step selects at least one of the replicas that report. If there is no such salt,
	// for example because no replica has the labels, Push returns an [*OptionError].
	Salt string `json:"salt"`
	// Percent is the percentage of replicas that are selected, above 0 and at most 100.
	// If there are Steps, it is the percentage of the step in force; [Store.Push] sets it
	// to the first.
	Percent float64 `json:"percent"`
	// Labels are the labels that a replica must have to be selected. A replica that lacks
	// one is never selected, even at 100 percent.
	Labels map[string]string `json:"labels,omitempty"`
	// Steps are the percentages through which Follow moves the rollout, in ascending
	// order. If empty, the rollout stays at Percent until it is promoted.
	Steps []float64 `json:"steps,omitempty"`
	// Step is the index of the step in force.
	Step int `json:"step,omitempty"`
	// Pause is how long Follow waits after all selected replicas have taken the candidate,
	// before the next step. In JSON it is in nanoseconds.
	Pause time.Duration `json:"pause,omitempty"`
	// MaxRefused is how many replicas may refuse the candidate before the rollout is
	// halted. If zero, the first refusal halts it.
	MaxRefused int `json:"maxRefused,omitempty"`
	// MaxStricter is the fraction of requests, from 0 to 1, that the candidate may refuse
	// although the policy in force allows them. A higher fraction halts the rollout.
	// Replicas that are not selected yet count these requests: for them, the candidate is
	// the shadow policy. If zero, the fraction is not checked.
	MaxStricter float64 `json:"maxStricter,omitempty"`
	// Halted says why the rollout was halted. It is nil if it was not. The selected
	// replicas keep the candidate.
	Halted *Halted `json:"halted,omitempty"`
}

// Halted says why and when a rollout was halted.
type Halted struct {
	Reason string    `json:"reason"` // one printable line
	Time   time.Time `json:"time"`
}

// Wanted returns the bundle that a replica should take, and whether it is the candidate.
func (h *Head) Wanted(instance string, labels map[string]string) (ref Reference, candidate bool) {
	if h.Candidate != nil && h.Rollout != nil && h.Rollout.Selects(instance, labels) {
		return *h.Candidate, true
	}
	return h.Stable, false
}

// payload returns the bytes that are signed.
func (h *Head) payload() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	return json.Marshal(h)
}

// parsePayload decodes and checks a payload.
func parsePayload(data []byte) (*Head, error) {
	var version struct {
		Version int `json:"version"`
	}
	h := new(Head)
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, malformedHead(0, "the payload is not valid JSON", err)
	}
	if version.Version > headVersion {
		return nil, &Error{
			Reason: reason.Version, Revision: claimedRevision(data), Suggestion: "update corskit in this program",
			Detail: fmt.Sprintf("the head has version %d, but this program knows version %d", version.Version, headVersion),
		}
	}
	if err := decodeStrictly(data, h); err != nil {
		return nil, malformedHead(claimedRevision(data), "the payload does not have the fields of a head", err)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, nil
}

// decodeStrictly decodes one JSON value. It returns an error for unknown fields, and for
// anything after the value.
func decodeStrictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the value")
	}
	return nil
}

func malformedHead(revision uint64, detail string, err error) *Error {
	return &Error{
		Reason: reason.Malformed, Revision: revision, Detail: "the head is malformed: " + detail, Err: err,
		Suggestion: "push again with corskit fleet push",
	}
}

// check returns an error if a field of the head is not valid.
func (h *Head) check() error {
	for _, c := range []struct {
		ok     bool
		detail string
	}{
		{h.Version == headVersion, "version is not 1"},
		{h.Revision > 0 && h.Revision <= MaxRevision, "revision is not between 1 and 2^53-1"},
		{!h.Time.IsZero(), "time is not set"},
		{isText(h.Author, maxAuthor), fmt.Sprintf("author is not one printable line of at most %d bytes", maxAuthor)},
		{isText(h.Message, maxMessage), fmt.Sprintf("message is not one printable line of at most %d bytes", maxMessage)},
		{h.Replicas >= 0 && h.Replicas <= maxReplicas, fmt.Sprintf("replicas is not between 0 and %d", maxReplicas)},
		{h.Stable.valid(h.Revision), "stable is not a reference to a bundle"},
		{h.RollbackTo < h.Revision, "rollbackTo is not an earlier revision"},
		{(h.Candidate == nil) == (h.Rollout == nil), "it has only one of candidate and rollout"},
		{h.Candidate == nil || h.Candidate.valid(h.Revision), "candidate is not a reference to a bundle"},
	} {
		if !c.ok {
			return malformedHead(h.Revision, c.detail, nil)
		}
	}
	if _, err := newLayout(h.Prefix); err != nil || h.Prefix == "" || h.Prefix[len(h.Prefix)-1] != '/' {
		return malformedHead(h.Revision, "prefix "+quote(h.Prefix)+" is not valid", nil)
	}
	if h.Rollout == nil {
		return nil
	}
	if err := h.Rollout.check(); err != nil {
		return malformedHead(h.Revision, "its rollout has a fault", err)
	}
	return nil
}

func (r Reference) valid(revision uint64) bool {
	return isHash(r.Manifest) && r.Size > 0 && r.Size <= MaxBundle && r.Pushed > 0 && r.Pushed <= revision
}

// isHash reports whether s is a SHA-256 in lower-case hexadecimal.
func isHash(s string) bool {
	var sum [32]byte
	if len(s) != hex.EncodedLen(len(sum)) {
		return false
	}
	n, err := hex.Decode(sum[:], []byte(s))
	return err == nil && n == len(sum) && s == hex.EncodeToString(sum[:])
}

// check returns an error for the first field that is not valid.
func (r *Rollout) check() *OptionError {
	fail := func(field, value, detail, suggestion string) *OptionError {
		return &OptionError{Field: "Rollout." + field, Value: value, Detail: detail, Suggestion: suggestion}
	}
	const percent = "not a percentage above 0 and up to 100"
	switch {
	case !isName(r.Salt, maxLabel):
		return fail("Salt", r.Salt, "not a name of letters, digits and any of -_.:@+", "leave it empty for a random one")
	case !isPercent(r.Percent):
		return fail("Percent", fmt.Sprint(r.Percent), percent, "set it to 5, for example")
	case len(r.Steps) > maxSteps:
		return fail("Steps", "", fmt.Sprintf("more than %d steps", maxSteps), "remove some")
	case r.Step < 0 || r.Step > 0 && r.Step >= len(r.Steps):
		return fail("Step", fmt.Sprint(r.Step), "not an index of Steps", "set it to 0")
	case r.Pause < 0 || r.Pause > maxPause:
		return fail("Pause", r.Pause.String(), "not between 0 and 30 days", "set it to 5m, for example")
	case r.MaxRefused < 0 || r.MaxRefused > maxReplicas:
		return fail("MaxRefused", fmt.Sprint(r.MaxRefused), fmt.Sprintf("not between 0 and %d", maxReplicas),
			"set it to 0 to halt at the first refusal")
	case !(r.MaxStricter >= 0 && r.MaxStricter <= 1):
		return fail("MaxStricter", fmt.Sprint(r.MaxStricter), "not a fraction between 0 and 1", "set it to 0.01 for one percent")
	case r.Halted != nil && (!isText(r.Halted.Reason, maxReasonText) || r.Halted.Reason == "" || r.Halted.Time.IsZero()):
		return fail("Halted", "", "without a time or a reason of one printable line", "say why it was halted")
	}
	for i, step := range r.Steps {
		if !isPercent(step) || i > 0 && step <= r.Steps[i-1] {
			return fail(fmt.Sprintf("Steps[%d]", i), fmt.Sprint(step), percent+", or not higher than the step before",
				"write them like 5, 25, 100")
		}
	}
	if len(r.Steps) > 0 && r.Steps[r.Step] != r.Percent {
		return fail("Percent", fmt.Sprint(r.Percent), "not the percentage of the step in force", "leave it out if there are steps")
	}
	return checkLabels("Rollout.Labels", r.Labels)
}

func isPercent(p float64) bool { return p > 0 && p <= 100 && !math.IsNaN(p) }

// checkLabels returns an error if a label is not valid.
func checkLabels(field string, labels map[string]string) *OptionError {
	if len(labels) > maxLabels {
		return &OptionError{
			Field: field, Value: fmt.Sprint(len(labels)), Detail: fmt.Sprintf("more than %d labels", maxLabels),
			Suggestion: "remove some",
		}
	}
	for name, value := range labels {
		if !isName(name, maxLabel) || !isText(value, maxLabel) {
			return &OptionError{
				Field: field, Value: name + "=" + value, Suggestion: "write them like region=eu",
				Detail: fmt.Sprintf("the name is not 1 to %d letters, digits and any of -_.:@+, or the value is not printable", maxLabel),
			}
		}
	}
	return nil
}
