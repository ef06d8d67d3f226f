package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// ErrOpen says that a sealed value was not made by this keyring for this context, or was changed since.
var ErrOpen = errors.New("sealed value cannot be opened")

// ErrUnknownKey says that the key of a sealed value has left the keyring. It is an ErrOpen too.
var ErrUnknownKey = fmt.Errorf("%w: its key is not in the keyring", ErrOpen)

// sealVersion starts every sealed value: version 1 is one byte of version, one of key id length, the key id, then the nonce,
// the AES-256-GCM ciphertext and its tag.
const sealVersion = 1

const headerSize = 2

// Seal encrypts plaintext with the primary key. The context (for example the row's id) is not stored: Open must be given the
// same one, so a sealed value copied elsewhere does not open there.
func (r *Keyring) Seal(plaintext, context []byte) []byte {
	header := append([]byte{sealVersion, byte(len(r.primary))}, r.primary...)
	return r.gcm(r.primary).Seal(header, nil, plaintext, bind(header, context))
}

// Open decrypts what Seal made, with whichever key sealed it. The error is ErrOpen, or ErrUnknownKey.
func (r *Keyring) Open(sealed, context []byte) ([]byte, error) {
	id, err := SealedWith(sealed)
	if err != nil {
		return nil, err
	}
	if _, known := r.keys[id]; !known {
		return nil, fmt.Errorf("%w (%s)", ErrUnknownKey, id)
	}
	header, box := sealed[:headerSize+len(id)], sealed[headerSize+len(id):]
	plaintext, err := r.gcm(id).Open(nil, nil, box, bind(header, context))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// SealedWith returns the id of the key that sealed a value.
func SealedWith(sealed []byte) (string, error) {
	if len(sealed) < headerSize || sealed[0] != sealVersion || len(sealed) < headerSize+int(sealed[1]) {
		return "", ErrOpen
	}
	return string(sealed[headerSize : headerSize+int(sealed[1])]), nil
}

func (r *Keyring) gcm(id string) cipher.AEAD {
	block, err := aes.NewCipher(r.derive(id, "seal"))
	if err != nil {
		panic(fmt.Sprintf("make cipher: %v", err)) // only for wrong key sizes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(fmt.Sprintf("make GCM: %v", err)) // only for other block ciphers than AES
	}
	return aead
}

// bind joins header and context unambiguously: the header states its own length.
func bind(header, context []byte) []byte {
	return append(append(make([]byte, 0, len(header)+len(context)), header...), context...)
}
