package origin

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Match finds every member of a large table, and no look-alike.
func TestLargeTable(t *testing.T) {
	const n = 200_000
	entries := exactOrigins(n)
	m := build(t, entries, owned(entries))
	set := make(map[string]bool, n)
	for _, e := range entries {
		set[e] = true
	}
	for _, e := range entries {
		if m.Match(e, everyone) != 0 {
			t.Fatalf("%q is not found", e)
		}
		for _, o := range []string{e[:len(e)-1], e + "x", e[1:], "x" + e[1:], strings.ToUpper(e)} {
			if got := m.Match(o, everyone) == 0; got != set[o] {
				t.Fatalf("Match(%q) = %v", o, got)
			}
		}
	}
	if origins, _ := m.size(); origins != n {
		t.Errorf("the table has %d origins, want %d", origins, n)
	}
}

// size returns the number of exact origins and the memory that they take, in bytes.
func (m *Matcher) size() (origins, bytes int) {
	for _, b := range m.exact.bins {
		origins += b.count
		bytes += cap(b.bytes)
	}
	return origins, bytes
}

// A single list of origins belongs to its owner, even if that is not owner 0.
func TestOnlyOwner(t *testing.T) {
	var room Room
	room.Add(nil)
	room.Add([]string{"https://a.example"})
	b := NewBuilder(&room)
	b.AddExact(1, "https://a.example")
	if got := b.Matcher().Match("https://a.example", everyone); got != 1 {
		t.Errorf("Match = %d, want 1", got)
	}
}

// A table takes little more memory than its origins. Owners take memory only if
// there are several.
func TestSize(t *testing.T) {
	const length = len("https://c0000000.example")
	for _, tt := range []struct{ origins, empty, owners, least, most int }{
		{1, 0, 1, length, length},
		{4, 1, 1, 4 * length, 4 * length},
		{4, 0, 2, 4 * (length + 4), 4 * (length + 4)},
		{10_000, 1, 1, 10_000 * length, 2 * 10_000 * length},
	} {
		var room Room
		var entries []string
		for range tt.empty {
			room.Add(nil)
		}
		for i := range tt.origins {
			entries = append(entries, fmt.Sprintf("https://c%07d.example", i))
		}
		for i := range tt.owners {
			room.Add(entries[i*len(entries)/tt.owners : (i+1)*len(entries)/tt.owners])
		}
		b := NewBuilder(&room)
		for i, e := range entries {
			if !b.AddExact(i*tt.owners/len(entries), e) {
				t.Fatalf("AddExact(%q) = false, want true", e)
			}
		}
		if origins, bytes := b.Matcher().size(); origins != tt.origins || bytes < tt.least || bytes > tt.most {
			t.Errorf("%+v: the table has %d origins in %d bytes", tt, origins, bytes)
		}
	}
}

// TestHash checks that the hash depends on every byte, for strings of every length,
// and that it distributes strings that differ in a few bytes as if at random, with many
// keys.
func TestHash(t *testing.T) {
	for n := 1; n <= MaxLen; n++ {
		b := []byte(strings.Repeat("a", n))
		seen := map[uint64]int{hash(string(b)): -1}
		for i := range b {
			b[i] = 'b'
			h := hash(string(b))
			b[i] = 'a'
			if j, ok := seen[h]; ok {
				t.Errorf("%d bytes: changing byte %d gives the same hash as changing byte %d", n, i, j)
			}
			seen[h] = i
		}
	}
	keys := hashKeys
	defer func() { hashKeys = keys }()
	const count = 10_000
	for _, format := range []string{"https://%04d.example.com", "https://tenant-%04d.app.example.com",
		"https://www.shop%04d.example", "http://localhost:1%04d", "https://x.example:1%04d"} {
		var entries []string
		for i := range count {
			entries = append(entries, fmt.Sprintf(format, i))
		}
		var room Room
		room.Add(entries)
		for range 40 {
			for i := range hashKeys {
				hashKeys[i] = rand.Uint64()
			}
			// A Poisson distribution with mean 5 gives a seventh, including the
			// overflow of full neighbours. A smaller share is fine.
			if share := fullGroups(&room, entries); share > 0.2 {
				t.Errorf("%s: %.3f of the groups are full, want at most 0.2", format, share)
			}
		}
	}
}

// fullGroups returns the share of groups that are full in a table with entries of one
// length.
func fullGroups(room *Room, entries []string) float64 {
	table := newTable(room)
	for _, e := range entries {
		table.add(0, e)
	}
	b, full := &table.bins[0], 0
	for i := range b.groups {
		if b.bytes[int(i)*b.group+groupSize-1] != 0 {
			full++
		}
	}
	return float64(full) / float64(b.groups)
}

// exactOrigins returns n different origins of 28 bytes on average.
func exactOrigins(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("https://%s%d.example.com", strings.Repeat("c", i%5), i*7919%10_000_000)
	}
	return out
}
