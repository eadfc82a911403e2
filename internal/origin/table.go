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
// Slots come in groups of seven before a word that holds a tag for each, eight
// words or a cache line in all. Tags are compared at once, so that a look-up
// takes the same branches whichever slot it ends at, and touches one line of
// slots and the origin itself. An origin whose group is full is in one of the
// next. The hash has a seed of its own, so that nobody can aim origins at one
// group.
type table struct {
	seed    maphash.Seed
	groups  []group
	arena   []byte
	count   int
	lengths lengths // of the origins

	// few holds the first origins, which are compared without hashing; the
	// groups are for tables of more.
	few     [maxFew]string
	offsets [maxFew]uint32
}

const maxFew = 4

// A slot holds an origin's offset, its length and some bits of its hash.
const (
	offsetBits = 32
	lenBits    = 9 // MaxLen < 1<<9
	maxArena   = math.MaxUint32
)

// group is seven slots and their tags.
type group [groupWords]uint64

const tags = groupWords - 1 // index

// A tag is seven bits of the hash under a bit that says that the slot is taken.
const (
	groupWords = 8
	tagShift   = 64 - offsetBits - lenBits // the bits that slots do not hold
	everyTag   = 0x00_01_01_01_01_01_01_01
	taken      = everyTag << 7
)

// newTable returns a table with room for count origins of size bytes in all.
func newTable(count, size int) table {
	if count == 0 {
		return table{}
	}
	// With nine origins to two groups, one in forty is not in its own group.
	return table{
		seed:   maphash.MakeSeed(),
		groups: make([]group, count*2/9+1),
		arena:  make([]byte, 0, size),
	}
}

// find returns the offset of s in the arena.
func (t *table) find(s string) (offset uint32, ok bool) {
	if t.count <= maxFew {
		return t.findFew(s)
	}
	if !t.lengths.has(len(s)) {
		return 0, false
	}
	slot, _, _ := t.probe(s)
	return uint32(slot), slot != 0
}

func (t *table) findFew(s string) (offset uint32, ok bool) {
	for i := range t.count {
		if t.few[i] == s {
			return t.offsets[i], true
		}
	}
	return 0, false
}

// add adds s, of 1 to MaxLen bytes, unless the table has it. There must be room.
func (t *table) add(s string) (added bool) {
	slot, g, hash := t.probe(s)
	if slot != 0 {
		return false
	}
	empty := bits.TrailingZeros64(^g[tags]&taken) / 8
	g[tags] |= tagOf(hash) << (8 * empty)
	g[empty] = wanted(hash, s) | uint64(len(t.arena))
	if t.count < maxFew {
		t.few[t.count], t.offsets[t.count] = s, uint32(len(t.arena))
	}
	t.arena = append(t.arena, s...)
	t.count++
	t.lengths.add(len(s))
	return true
}

func tagOf(hash uint64) uint64 { return hash>>tagShift&0x7f | 0x80 }

// wanted is the slot of an origin but for its offset.
func wanted(hash uint64, s string) uint64 {
	return hash<<(offsetBits+lenBits) | uint64(len(s))<<offsetBits
}

// probe returns the slot of s, or 0 and the first of its groups that has room.
func (t *table) probe(s string) (slot uint64, g *group, hash uint64) {
	hash = maphash.String(t.seed, s)
	i, _ := bits.Mul64(hash, uint64(len(t.groups)))
	want, tag := wanted(hash, s), tagOf(hash)*everyTag
	for {
		g = &t.groups[i]
		// The lowest bit that is set is that of a tag which is equal; one above
		// it may be set for no reason.
		differ := g[tags] ^ tag
		for equal := (differ - everyTag) &^ differ & taken; equal != 0; equal &= equal - 1 {
			slot = g[bits.TrailingZeros64(equal)/8%groupWords]
			if (slot^want)>>offsetBits == 0 {
				off := slot & math.MaxUint32
				if string(t.arena[off:off+uint64(len(s))]) == s {
					return slot, g, hash
				}
			}
		}
		if ^g[tags]&taken != 0 {
			return 0, g, hash
		}
		if i++; i == uint64(len(t.groups)) {
			i = 0
		}
	}
}
