package fleet

import (
	"bytes"
	"compress/gzip"
	"io"
	"iter"
	"math"
	"slices"
)

// Sizes of chunks, uncompressed. A chunk ends after a line that its hash selects, so that
// a changed line does not affect the chunks before and after its own.
const (
	minChunk  = 64 << 10
	meanChunk = 128 << 10
	maxChunk  = 512 << 10
)

// cut splits data into chunks. No chunk is empty or longer than maxChunk. Equal lines are
// cut in the same places, wherever in data they are.
func cut(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := chunkEnd(data)
			if !yield(data[:n:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// chunkEnd returns the length of the first chunk.
func chunkEnd(data []byte) int {
	for end := 0; end < len(data); {
		line := len(data) - end
		if i := bytes.IndexByte(data[end:], '\n'); i >= 0 {
			line = i + 1
		}
		switch {
		case end+line > maxChunk && end >= minChunk:
			return end
		case end+line > maxChunk:
			return maxChunk // a line without an end
		}
		next := end + line
		if next >= minChunk && ends(data[end:next]) {
			return next
		}
		end = next
	}
	return len(data)
}

// ends reports whether a chunk ends after a line. The probability is proportional to the
// length of the line, so the mean size of chunks does not depend on the lines.
func ends(line []byte) bool {
	const perByte = math.MaxUint64 / (meanChunk - minChunk)
	if len(line) >= meanChunk-minChunk {
		return true
	}
	return lineHash(line) < perByte*uint64(len(line))
}

// lineHash is FNV-1a with a last step that spreads its bits. It must never change,
// because chunks would then be cut elsewhere.
func lineHash(line []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range line {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}

// compress returns a chunk in the form in which it is stored. The result is always the
// same for a chunk, except with another version of the compressor.
func compress(part []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err == nil {
		_, err = w.Write(part)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil // a buffer accepts everything; an empty blob would not verify
	}
	return b.Bytes()
}

// appendChunk decompresses a verified blob and appends it to data. It reads at most the
// size that the chunk declares, so that a small blob cannot fill the memory.
func appendChunk(data, blob []byte, c chunk) ([]byte, error) {
	wrong := func() ([]byte, error) {
		return nil, tampered("the blob " + c.SHA256 + " does not contain the number of bytes that the manifest says, or is not gzip")
	}
	r, err := gzip.NewReader(bytes.NewReader(blob))
	if err != nil {
		return wrong()
	}
	start := len(data)
	data = slices.Grow(data, c.Size)[:start+c.Size]
	if _, err := io.ReadFull(r, data[start:]); err != nil {
		return wrong()
	}
	var more [1]byte
	if n, err := r.Read(more[:]); n > 0 || err != io.EOF {
		return wrong()
	}
	return data, nil
}
