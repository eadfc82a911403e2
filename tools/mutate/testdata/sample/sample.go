// Package sample is the package that the tests of mutate change.
package sample

// Max has a boundary that may be moved without effect.
func Max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// Flags has incomplete tests.
type Flags struct{ a, b bool }

func (f *Flags) Any() bool { return f.a || f.b }

// Clear sets fields twice, the first time without effect.
func (f *Flags) Clear() {
	f.a = false
	f.a = false
	f.b = false
}
