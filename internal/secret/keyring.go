// Package secret seals what must not be readable at rest (credentials, workflow payloads) and signs what leaves in links.
// It knows nothing of what it seals; where the keys come from is the caller's business.
package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

const (
	keySize  = 32
	redacted = "[keyring]"
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Keyring holds the encryption keys of an installation. The first seals and signs, all open and verify: a key is rotated by
// putting a new one in front, and dropped when nothing sealed with it is left. It never prints its keys.
type Keyring struct {
	primary string
	keys    map[string][]byte
}

// Parse reads the form `id:base64,id:base64…`, each key 32 bytes in standard base64. The error names all mistakes by the
// position of the entry, and repeats nothing of a key.
func Parse(text string) (*Keyring, error) {
	ring := &Keyring{keys: map[string][]byte{}}
	var mistakes []error
	for i, entry := range strings.Split(text, ",") {
		if err := ring.add(strings.TrimSpace(entry)); err != nil {
			mistakes = append(mistakes, fmt.Errorf("key %d: %w", i+1, err))
		}
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return ring, nil
}

func (r *Keyring) add(entry string) error {
	id, encoded, found := strings.Cut(entry, ":")
	if !found {
		return errors.New("want id:base64, found no colon")
	}
	if !idPattern.MatchString(id) {
		return errors.New("the id before the colon must be 1 to 64 letters, digits, '.', '_' or '-'")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("%s is not standard base64", id)
	}
	if len(key) != keySize {
		return fmt.Errorf("%s has %d bytes, want %d", id, len(key), keySize)
	}
	if _, taken := r.keys[id]; taken {
		return fmt.Errorf("%s is there twice", id)
	}
	if r.primary == "" {
		r.primary = id
	}
	r.keys[id] = key
	return nil
}

// Generate returns the text of a keyring with one new random key, for Parse.
func Generate() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return "k" + strings.ToLower(rand.Text()[:8]) + ":" + base64.StdEncoding.EncodeToString(key)
}

// PrimaryID is the id of the key that seals and signs.
func (r *Keyring) PrimaryID() string { return r.primary }

// derive makes a key for one purpose, so that no key serves two algorithms.
func (r *Keyring) derive(id, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, r.keys[id], nil, "rollcall/"+purpose, keySize)
	if err != nil {
		panic(fmt.Sprintf("derive key: %v", err)) // only for sizes that HKDF cannot give
	}
	return key
}

// String hides the keys.
func (Keyring) String() string { return redacted }

// GoString hides the keys.
func (Keyring) GoString() string { return redacted }

// Format hides the keys from every verb.
func (Keyring) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// LogValue hides the keys.
func (Keyring) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the keys.
func (Keyring) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
