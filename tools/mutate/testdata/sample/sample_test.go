package sample

import "testing"

func TestMax(t *testing.T) {
	if Max(1, 2) != 2 || Max(2, 1) != 2 || Max(1, 1) != 1 {
		t.Error("Max")
	}
}

func TestFlags(t *testing.T) {
	f := &Flags{true, true}
	if !f.Any() {
		t.Error("Any") // false, true is not tried
	}
	if f.Clear(); f.a || f.b {
		t.Error("Clear")
	}
}
