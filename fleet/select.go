package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Selects reports whether a replica belongs to the part of the fleet that the rollout
// has reached. A replica that is selected stays so at every higher percentage.
func (r *Rollout) Selects(instance string, labels map[string]string) bool {
	for name, value := range r.Labels {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return r.Percent >= 100 || place(r.Salt, instance) < r.Percent
}

// place returns the place of an instance among 100 percent: it is evenly distributed,
// at least 0 and below 100.
func place(salt, instance string) float64 {
	sum := sha256.Sum256([]byte(salt + "\x00" + instance))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) * math.Exp2(-53) * 100
}
