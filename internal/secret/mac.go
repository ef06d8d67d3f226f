package secret

import (
	"crypto/hmac"
	"crypto/sha256"
)

// MAC signs data for a purpose (for example "invitation") with the primary key: HMAC-SHA256, 32 bytes. A signature
// for one purpose is none for another. The key id goes into the link beside it.
func (r *Keyring) MAC(purpose string, data []byte) (keyID string, mac []byte) {
	return r.primary, r.sign(r.primary, purpose, data)
}

// VerifyMAC reports whether mac is the signature that the key made of data for the purpose.
func (r *Keyring) VerifyMAC(purpose string, data []byte, keyID string, mac []byte) bool {
	if _, known := r.keys[keyID]; !known {
		return false
	}
	return hmac.Equal(mac, r.sign(keyID, purpose, data))
}

func (r *Keyring) sign(id, purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, r.derive(id, "mac/"+purpose))
	h.Write(data)
	return h.Sum(nil)
}
