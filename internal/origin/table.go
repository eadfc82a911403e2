package origin

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
)

// table is a set of exact origins, each with an owner, built once and then only
// read. Origins of one length stand end to end in one array: a million are a few
// heap objects that the garbage collector need not look into.
type table struct {
	bin   [MaxLen + 1]uint16 // of each length: index into bins plus 1, or 0
	bins  []bin
	count int

	// Behind each origin stands its owner, in ownerSize bytes; if ownerSize is 0,
	// owner owns all.
	ownerSize int
	owner     int
}

// bin holds the origins of one length. A few stand one after the other. More are
// hashed to a group of eight slots, which begins with a tag for each: tags are
// compared at once, so that a look-up takes the same branches whichever slot it
// ends at, and nothing points from the tag to the origin, which stands beside it.
// An origin whose group is full is in one of the next.
type bin struct {
	bytes  []byte
	groups uint64 // 0: not hashed
	group  int    // bytes of a group
	stride int    // from one origin to the next
	count  int
}

const (
	groupSize = 8 // slots, and bytes of their tags
	groupFill = 5 // slots that are taken, on average
	maxFew    = 4 // origins of one length that are not hashed
	maxBytes  = math.MaxUint32
)

// A tag is seven bits of the hash under a bit that says that the slot is taken.
const (
	tagBits = taken - 1
	taken   = 0x80
)

// Room is what a table has to have room for. The zero Room is none.
type Room struct {
	counts [MaxLen + 1]int // by length
	bytes  uint64
	owners int
}

// Add adds the entries of one more owner. Those that are no origins add room too.
func (r *Room) Add(entries []string) {
	for _, e := range entries {
		if len(e) <= MaxLen {
			r.counts[len(e)]++
		}
		r.bytes += uint64(len(e))
	}
	if len(entries) > 0 {
		r.owners++
	}
}

// Fits reports whether there can be a table with that much room.
func (r *Room) Fits() bool {
	size := uint64(0)
	for n, count := range r.counts {
		_, bytes := r.bin(n, count)
		size += bytes
	}
	return r.bytes <= maxBytes && size <= math.MaxInt
}

// bin returns the bin for count origins of n bytes, and its size in bytes.
func (r *Room) bin(n, count int) (b bin, size uint64) {
	b.stride = n + r.ownerSize()
	if count <= maxFew {
		return b, uint64(count) * uint64(b.stride)
	}
	b.groups = uint64(count)/groupFill + 1
	b.group = groupSize + groupSize*b.stride
	return b, b.groups * uint64(b.group)
}

func (r *Room) ownerSize() int {
	if r.owners > 1 {
		return 4
	}
	return 0
}

func newTable(r *Room) table {
	t := table{ownerSize: r.ownerSize()}
	for n, count := range r.counts {
		if count > 0 {
			b, size := r.bin(n, count)
			b.bytes = make([]byte, size)
			t.bins = append(t.bins, b)
			t.bin[n] = uint16(len(t.bins))
		}
	}
	return t
}

// find returns the owner of s.
func (t *table) find(s string) (owner int, ok bool) {
	if len(s) > MaxLen {
		return 0, false
	}
	i := int(t.bin[len(s)]) - 1
	if i < 0 {
		return 0, false
	}
	b := &t.bins[i]
	var slot int
	if b.groups == 0 {
		slot, ok = b.findFew(s)
	} else {
		slot, _, ok = b.find(s, hash(s))
	}
	if !ok || t.ownerSize == 0 {
		return t.owner, ok
	}
	return int(binary.LittleEndian.Uint32(b.bytes[slot+len(s):])), true
}

// findFew returns where s stands, or would.
func (b *bin) findFew(s string) (slot int, ok bool) {
	for range b.count {
		if string(b.bytes[slot:slot+len(s)]) == s {
			return slot, true
		}
		slot += b.stride
	}
	return slot, false
}

// find returns where s stands, or the first of its groups that has room.
func (b *bin) find(s string, hash uint64) (slot, group int, ok bool) {
	tag := (hash&tagBits | taken) * lowBits
	i, _ := bits.Mul64(hash, b.groups)
	group = int(i) * b.group
	for {
		tags := binary.LittleEndian.Uint64(b.bytes[group:])
		// The lowest bit that is set is that of a tag which is equal; one above
		// it may be set for no reason.
		differ := tags ^ tag
		for equal := (differ - lowBits) &^ differ & highBits; equal != 0; equal &= equal - 1 {
			slot = group + groupSize + bits.TrailingZeros64(equal)/8*b.stride
			if string(b.bytes[slot:slot+len(s)]) == s {
				return slot, group, true
			}
		}
		if ^tags&highBits != 0 {
			return 0, group, false
		}
		if group += b.group; group == len(b.bytes) {
			group = 0
		}
	}
}

// add adds s unless the table has it. There must be room, and owners must come
// in the order of their numbers.
func (t *table) add(owner int, s string) (added bool) {
	b := &t.bins[t.bin[len(s)]-1]
	slot, ok := 0, false
	if b.groups == 0 {
		slot, ok = b.findFew(s)
	} else {
		var group int
		h := hash(s)
		if slot, group, ok = b.find(s, h); !ok {
			tags := binary.LittleEndian.Uint64(b.bytes[group:])
			free := bits.TrailingZeros64(^tags&highBits) / 8
			binary.LittleEndian.PutUint64(b.bytes[group:], tags|(h&tagBits|taken)<<(8*free))
			slot = group + groupSize + free*b.stride
		}
	}
	if ok {
		return false
	}
	copy(b.bytes[slot:], s)
	if t.ownerSize != 0 {
		binary.LittleEndian.PutUint32(b.bytes[slot+len(s):], uint32(owner))
	}
	t.owner = owner
	b.count++
	t.count++
	return true
}

// hashKeys are unknown to whoever chooses origins, so that nobody can aim them at
// one group.
var hashKeys = func() (keys [MaxLen/wordSize + 2]uint64) {
	for i := range keys {
		keys[i] = rand.Uint64()
	}
	return keys
}()

// hash tells apart strings of one length, which is at most MaxLen. It is the NH of
// UMAC (RFC 4418, section 5.2.2) on words of 64 bits: a key of its own is added to
// each word, the sums are multiplied in pairs, and the products added. Unlike that
// of package maphash, it is no call into the runtime, which would be a third of a
// look-up.
func hash(s string) uint64 {
	const pair = 2 * wordSize
	if len(s) < pair {
		return hashShort(s)
	}
	k, tail := &hashKeys, s[len(s)-pair:]
	high, low := bits.Mul64(word(s)+k[0], word(s[wordSize:])+k[1])
	h, l := bits.Mul64(word(tail)+k[2], word(tail[wordSize:])+k[3])
	low, carry := bits.Add64(low, l, 0)
	high, _ = bits.Add64(high, h, carry)
	for i := 4; len(s) > 2*pair; i += 2 {
		s = s[pair:]
		h, l = bits.Mul64(word(s)+k[i], word(s[wordSize:])+k[i+1])
		low, carry = bits.Add64(low, l, 0)
		high, _ = bits.Add64(high, h, carry)
	}
	return mix(high, low)
}

func hashShort(s string) uint64 {
	var first, last uint64
	if len(s) >= wordSize {
		first, last = word(s), word(s[len(s)-wordSize:])
	} else {
		for i := range len(s) {
			first = first<<8 | uint64(s[i])
		}
	}
	return mix(bits.Mul64(first+hashKeys[0], last+hashKeys[1]))
}

// mix makes of two words one, every bit of which depends on every bit of them.
func mix(high, low uint64) uint64 {
	high, low = bits.Mul64(high^hashKeys[0], low^hashKeys[1])
	return high ^ low
}
