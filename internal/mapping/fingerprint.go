package mapping

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const fingerprintSize = 16

// Fingerprint identifies what the record and these rules together write: two records of one
// person with equal fingerprints ask for the same. A record with problems has none.
func (r *Rules) Fingerprint(rec Record) []byte {
	if len(rec.Problems) > 0 {
		return nil
	}
	b := make([]byte, 0, 512)
	b = append(b, r.digest...)
	b = appendBool(b, rec.Enabled)
	for _, i := range r.byTarget {
		if target := r.rules[i].target; target.Type == directory.Person {
			b = appendText(append(b, 'p'), rec.People[target.ID])
		} else {
			b = appendValue(b, rec.Values[target.ID])
		}
	}
	sum := sha256.Sum256(b)
	return append([]byte(nil), sum[:fingerprintSize]...)
}

// rulesDigest covers what decides about writing apart from the values: the targets with their
// types, and which of them are written on creation only.
func (r *Rules) rulesDigest() []byte {
	b := []byte("1")
	for _, i := range r.byTarget {
		b = appendText(b, r.rules[i].target.ID)
		b = appendText(b, string(r.rules[i].target.Type))
		b = appendBool(b, r.mappings[i].SyncUpdates)
	}
	sum := sha256.Sum256(b)
	return sum[:fingerprintSize]
}

// appendValue writes a value so that no two different ones are written alike.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendText(append(b, 's'), v)
	case json.Number:
		return appendText(append(b, 'n'), string(v))
	case bool:
		return appendBool(append(b, 'b'), v)
	default:
		return append(b, '0')
	}
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, yes bool) []byte {
	if yes {
		return append(b, 1)
	}
	return append(b, 0)
}
