package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
)

// Selects reports whether a replica belongs to the part of the fleet that the rollout has
// reached. A selected replica stays selected at every higher percentage.
func (r *Rollout) Selects(instance string, labels map[string]string) bool {
	for name, value := range r.Labels {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return r.Percent >= 100 || place(r.Salt, instance) < r.Percent
}

// place returns the percentage above which an instance is selected, at least 0 and below
// 100. Places are evenly distributed.
func place(salt, instance string) float64 {
	sum := sha256.Sum256([]byte(salt + "\x00" + instance))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) * math.Exp2(-53) * 100
}

// maxPlaces is the maximum number of places that chooseSalt computes, which takes about
// 0.2 seconds.
const maxPlaces = 1 << 20

// chooseSalt sets a random salt with which the rollout selects at least one of the replicas
// that report, so that its first step proves something. If there are no replicas, any
// salt is good enough.
func (r *Rollout) chooseSalt(replicas []Status) *OptionError {
	r.Salt = randomName()
	everyone := Rollout{Percent: 100, Labels: r.Labels}
	var names []string
	for _, s := range replicas {
		if everyone.Selects(s.Instance, s.Labels) {
			names = append(names, s.Instance)
		}
	}
	switch {
	case len(replicas) == 0 || r.Percent >= 100 && len(names) > 0:
		return nil
	case len(names) == 0:
		return &OptionError{
			Field: "Rollout.Labels", Value: fmt.Sprint(r.Labels),
			Detail:     fmt.Sprintf("none of the %d replicas that report has these labels", len(replicas)),
			Suggestion: "correct the labels, or start a replica that has them",
		}
	}
	for left := maxPlaces; left > 0; r.Salt = randomName() {
		for _, name := range names {
			if left--; place(r.Salt, name) < r.Percent {
				return nil
			}
		}
	}
	return &OptionError{
		Field: "Rollout.Percent", Value: fmt.Sprint(r.Percent),
		Detail:     fmt.Sprintf("too small to select one of %d replicas, so the first step would prove nothing", len(names)),
		Suggestion: fmt.Sprintf("begin with %.2g percent or more", 100/float64(len(names))),
	}
}
