package fleet

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/reason"
)

// signedText precedes the payload in the text that is signed, so that a signature of
// another kind of document is not valid for a head.
const signedText = "corskit fleet head 1\n"

// maxSignatures is the maximum number of signatures of a head.
const maxSignatures = 8

// envelope is the value of a head in etcd.
type envelope struct {
	Payload    []byte      `json:"payload"`
	Signatures []signature `json:"signatures,omitempty"`
	// Blobs has the blobs of small bundles, by SHA-256, so that replicas need not fetch
	// them. Blobs need no signature, because replicas verify their hashes.
	Blobs map[string][]byte `json:"blobs,omitempty"`
}

type signature struct {
	Key string `json:"key"` // as KeyID returns it
	Sig []byte `json:"sig"`
}

// KeyID returns the ID of a public key in signatures and messages: the first 8 bytes of
// its SHA-256, in hexadecimal.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// Encode returns the value of the head for etcd, with a signature by each key. The error
// is an [*Error] if a field is not valid, or if the result is too large.
func (h *Head) Encode(keys ...ed25519.PrivateKey) ([]byte, error) { return h.encode(nil, keys...) }

// encode is like Encode, but adds the blobs of small bundles.
func (h *Head) encode(blobs map[string][]byte, keys ...ed25519.PrivateKey) ([]byte, error) {
	payload, err := h.payload()
	if err != nil {
		return nil, err
	}
	e := envelope{Payload: payload, Blobs: blobs}
	for _, key := range keys {
		sig := ed25519.Sign(key, append([]byte(signedText), payload...))
		e.Signatures = append(e.Signatures, signature{KeyID(key.Public().(ed25519.PublicKey)), sig})
	}
	data, err := json.Marshal(e)
	switch {
	case err != nil:
		return nil, malformedHead(h.Revision, "it cannot be encoded", err)
	case len(e.Signatures) > maxSignatures:
		return nil, malformedHead(h.Revision, fmt.Sprintf("it has more than %d signatures", maxSignatures), nil)
	case len(data) > maxHead:
		return nil, largeHead(len(data))
	}
	return data, nil
}

func largeHead(size int) *Error {
	return &Error{
		Reason: reason.TooLarge, Detail: fmt.Sprintf("the head has %d bytes, more than %d", size, maxHead),
		Suggestion: "push again with fewer labels and steps",
	}
}

// ParseHead decodes and verifies the value of a head in etcd. prefix must be the prefix
// of the fleet. With keys, the head needs a valid signature by one of them; without keys,
// signatures are ignored. The error is an [*Error] whose Revision is the one that the
// head claims, whether signed or not. ParseHead does not compare the revision with
// earlier ones.
func ParseHead(data []byte, prefix string, keys ...ed25519.PublicKey) (*Head, error) {
	h, _, err := openHead(data, prefix, keys)
	return h, err
}

// openHead is like ParseHead, but returns the envelope too.
func openHead(data []byte, prefix string, keys []ed25519.PublicKey) (*Head, *envelope, error) {
	switch {
	case len(data) == 0:
		return nil, nil, &Error{Reason: reason.Emptied, Detail: "the head is empty", Suggestion: "push again with corskit fleet push"}
	case len(data) > maxHead:
		return nil, nil, largeHead(len(data))
	}
	var e envelope
	if err := decodeStrictly(data, &e); err != nil {
		return nil, nil, malformedHead(0, "it is not JSON with a payload and signatures", err)
	}
	if len(e.Signatures) > maxSignatures {
		return nil, nil, malformedHead(0, fmt.Sprintf("it has more than %d signatures", maxSignatures), nil)
	}
	if err := e.verify(keys); err != nil {
		err.Revision = claimedRevision(e.Payload)
		return nil, nil, err
	}
	h, err := parsePayload(e.Payload)
	if err != nil {
		return nil, nil, err
	}
	if want, fault := newLayout(prefix); fault != nil || string(want) != h.Prefix {
		return nil, nil, &Error{
			Reason: reason.WrongFleet, Revision: h.Revision, Suggestion: "push to this prefix; do not copy heads between fleets",
			Detail: fmt.Sprintf("the head was made for the prefix %s, not for %s", quote(h.Prefix), quote(string(want))),
		}
	}
	return h, &e, nil
}

// claimedRevision returns the revision in an unverified payload, or zero. It is for
// messages and statuses only.
func claimedRevision(payload []byte) uint64 {
	var claim struct {
		Revision uint64 `json:"revision"`
	}
	if json.Unmarshal(payload, &claim) != nil || claim.Revision > MaxRevision {
		return 0
	}
	return claim.Revision
}

// verify returns an error unless the envelope has a valid signature by one of the keys.
func (e *envelope) verify(keys []ed25519.PublicKey) *Error {
	switch {
	case len(keys) == 0:
		return nil
	case len(e.Signatures) == 0:
		return &Error{
			Reason: reason.Unsigned, Detail: "the head has no signature, but keys are configured",
			Suggestion: "push with the private key (corskit fleet push --signing-key)",
		}
	}
	text := append([]byte(signedText), e.Payload...)
	var ids []string
	for _, s := range e.Signatures {
		ids = append(ids, quote(s.Key))
		known := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool { return KeyID(k) == s.Key })
		if known >= 0 && len(keys[known]) == ed25519.PublicKeySize && ed25519.Verify(keys[known], text, s.Sig) {
			return nil
		}
	}
	return &Error{
		Reason: reason.WrongSignature, Suggestion: "push with a configured key, or configure the public key of the signer",
		Detail: fmt.Sprintf("no signature of the head is valid: it names %s, but the configured keys are %s",
			strings.Join(ids, ", "), keyIDs(keys)),
	}
}

// keyIDs returns the IDs of at most eight keys, for messages.
func keyIDs(keys []ed25519.PublicKey) string {
	var ids []string
	for _, k := range keys[:min(len(keys), maxSignatures)] {
		ids = append(ids, KeyID(k))
	}
	return strings.Join(ids, ", ")
}

// maxInline is the maximum number of bytes of blobs in an envelope.
const maxInline = 8 << 10

// inline returns the blobs of one or more bundles for an envelope. It returns nil if they
// are together too large; replicas then fetch them.
func inline(bundles ...map[string][]byte) map[string][]byte {
	all, size := make(map[string][]byte), 0
	for _, blobs := range bundles {
		for hash, data := range blobs {
			if _, ok := all[hash]; !ok {
				all[hash], size = data, size+len(data)
			}
		}
	}
	if size > maxInline {
		return nil
	}
	return all
}
