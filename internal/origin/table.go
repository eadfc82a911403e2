package origin

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
)

// table is a set of exact origins, each with an owner. It is built once and then
// only read. Origins of the same length share one array, so that a million origins
// are a few heap objects without pointers for the garbage collector to follow.
type table struct {
	bin  [MaxLen + 1]uint16 // by length: an index into bins plus 1, or 0
	bins []bin

	// Each origin is followed by its owner, in ownerSize bytes. If ownerSize is 0,
	// owner owns all origins.
	ownerSize int
	owner     int
}

// bin holds the origins of one length. Up to maxFew of them are a plain sequence,
// unless they are shorter than a word. Others are hashed to groups of eight slots. A
// group begins with a tag for each of its slots, followed directly by the slots. A
// lookup compares all tags of a group at once, so it takes the same branches for every
// slot. If an origin's group is full, the origin is in one of the next groups.
type bin struct {
	bytes  []byte
	groups uint64 // the number of groups; 0 if not hashed
	group  int    // the size of a group in bytes
	stride int    // the distance between origins in bytes
	count  int
}

const (
	groupSize = 8 // the number of slots in a group, and the size of their tags in bytes
	groupFill = 5 // the average number of slots taken in a group
	maxFew    = 4 // up to this many origins of one length are not hashed
	maxBytes  = math.MaxUint32
)

// A tag is seven bits of the hash, below a bit that marks the slot as taken.
const (
	tagBits = taken - 1
	taken   = 0x80
)

// Room is the space that a table needs. The zero Room has room for no origins.
type Room struct {
	counts [MaxLen + 1]int // by length of the origin
	bytes  uint64
	owners int
}

// Add adds the entries of one more owner. Entries that are not origins count too.
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

// Fits reports whether a table of that size is possible. The limit is 4 GiB of
// entries.
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
	if count <= maxFew && n >= wordSize {
		return b, uint64(count) * uint64(b.stride)
	}
	b.groups = uint64(count)/groupFill + 1
	b.group = groupSize + groupSize*b.stride
	return b, b.groups * uint64(b.group)
}

// ownerSize returns the number of bytes that an origin's owner takes.
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

// findFew returns the position of s, or the position to add it at.
func (b *bin) findFew(s string) (slot int, ok bool) {
	// Origins of a list often begin alike: their ends tell them apart.
	last, end := word(s[len(s)-wordSize:]), len(s)-wordSize
	origins := b.bytes[:b.count*b.stride]
	for slot < len(origins) {
		if binary.LittleEndian.Uint64(origins[slot+end:]) == last && string(origins[slot:slot+len(s)]) == s {
			return slot, true
		}
		slot += b.stride
	}
	return slot, false
}

// find returns the slot of s. If s is absent, it returns the first of the groups
// for s that has a free slot.
func (b *bin) find(s string, hash uint64) (slot, group int, ok bool) {
	tag := (hash&tagBits | taken) * lowBits
	i, _ := bits.Mul64(hash, b.groups)
	group = int(i) * b.group
	for {
		tags := binary.LittleEndian.Uint64(b.bytes[group:])
		// The lowest bit set belongs to an equal tag. Bits above it may be false
		// positives, which the comparison below rules out.
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

// add adds s unless the table contains it. There must be room, and owners must be
// added in ascending order.
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
	return true
}

// hashKeys are random, so that nobody can choose origins that all hash to one
// group.
var hashKeys = func() (keys [MaxLen/wordSize + 2]uint64) {
	for i := range keys {
		keys[i] = rand.Uint64()
	}
	return keys
}()

// hash hashes strings of the same length, at most MaxLen. It is the NH function of
// UMAC (RFC 4418, section 5.2.2) on 64-bit words: each word is added to a key, the
// sums are multiplied in pairs, and the products are added. Package maphash calls
// into the runtime, which would take a third of the time of a lookup.
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

// mix combines two words into one. Every bit of the result depends on every bit of
// both.
func mix(high, low uint64) uint64 {
	high, low = bits.Mul64(high^hashKeys[0], low^hashKeys[1])
	return high ^ low
}
