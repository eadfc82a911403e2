package fleet

// Pack cuts a bundle as a push does. It returns the reference, without Pushed, and the
// blobs by SHA-256.
func Pack(b *Bundle) (Reference, map[string][]byte, error) {
	p, err := b.pack()
	if err != nil {
		return Reference{}, nil, err
	}
	return p.reference, p.blobs, nil
}

// Unpack assembles a bundle from blobs, as a replica does.
func Unpack(ref Reference, blobs map[string][]byte) (*Bundle, error) {
	m, err := parseManifest(blobs[ref.Manifest], ref)
	if err != nil {
		return nil, err
	}
	return m.assemble(func(hash string) ([]byte, error) {
		data, ok := blobs[hash]
		if !ok {
			return nil, missingBlob(hash)
		}
		return data, nil
	})
}

// Limits that tests exceed.
const (
	MaxManifest = maxManifest
	MaxBlob     = maxBlob
	MaxChunk    = maxChunk
	MaxHead     = maxHead
)

// ParseStatus parses a status in etcd, as a store does.
func ParseStatus(instance string, data []byte) (Status, error) { return parseStatus(instance, data) }

// EncodeStatus encodes a status, as a replica does.
func EncodeStatus(s Status) ([]byte, error) { return s.encode() }
