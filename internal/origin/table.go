package origin

import (
	"hash/maphash"
	"math"
	"math/bits"
)

// table is a set of exact origins, built once and then only read. All origins
// stand end to end in one array, and a slot of eight bytes points at each: a
// million of them are two heap objects that the garbage collector need not look
// into.
//
// A slot is 0, or holds the origin's offset, its length and some bits of its
// hash. Slots are found by open addressing with linear probing; the hash has a
// seed of its own, so that nobody can aim origins at one slot.
type table struct {
	seed    maphash.Seed
	slots   []uint64
	arena   []byte
	count   int
	longest int // length of the longest origin

	// few holds the first origins, which are compared without hashing; the
	// slots are for tables of more.
	few     [maxFew]string
	offsets [maxFew]uint32
}

const maxFew = 4

const (
	offsetBits = 32
	lenBits    = 9 // MaxLen < 1<<9
	maxArena   = math.MaxUint32
)

// newTable returns a table with room for count origins of size bytes in all.
func newTable(count, size int) table {
	if count == 0 {
		return table{}
	}
	// A load of two thirds at most keeps probe sequences short.
	return table{
		seed:  maphash.MakeSeed(),
		slots: make([]uint64, count+count/2+1),
		arena: make([]byte, 0, size),
	}
}

// find returns the offset of s in the arena.
func (t *table) find(s string) (offset uint32, ok bool) {
	if len(s) > t.longest || t.count == 0 {
		return 0, false
	}
	if t.count <= maxFew {
		for i := range t.count {
			if t.few[i] == s {
				return t.offsets[i], true
			}
		}
		return 0, false
	}
	_, slot, _ := t.probe(s)
	return uint32(slot), slot != 0
}

// add adds s, of 1 to MaxLen bytes, unless the table has it. There must be room.
func (t *table) add(s string) (added bool) {
	want, slot, i := t.probe(s)
	if slot != 0 {
		return false
	}
	t.slots[i] = want | uint64(len(t.arena))
	if t.count < maxFew {
		t.few[t.count], t.offsets[t.count] = s, uint32(len(t.arena))
	}
	t.arena = append(t.arena, s...)
	t.count++
	t.longest = max(t.longest, len(s))
	return true
}

// probe returns the slot of s, or 0 and the index at which want, to which the
// offset is to be added, belongs.
func (t *table) probe(s string) (want, slot, index uint64) {
	n := uint64(len(t.slots))
	h := maphash.String(t.seed, s)
	// The high bits of the hash choose the slot, its low bits are the tag.
	i, _ := bits.Mul64(h, n)
	want = h<<(offsetBits+lenBits) | uint64(len(s))<<offsetBits
	for {
		slot := t.slots[i]
		if slot == 0 {
			return want, 0, i
		}
		if (slot^want)>>offsetBits == 0 {
			off := slot & math.MaxUint32
			if string(t.arena[off:off+uint64(len(s))]) == s {
				return want, slot, i
			}
		}
		if i++; i == n {
			i = 0
		}
	}
}
