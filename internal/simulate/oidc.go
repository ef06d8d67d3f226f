package simulate

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"time"
)

const (
	idTokenLifetime = time.Hour
	issuerKeyBits   = 2048
	issuerAlgorithm = "RS256"
)

// Issuer signs the ID tokens of a simulated login service and publishes the key
// that proves them. It is safe for concurrent use.
type Issuer struct {
	key func() *rsa.PrivateKey
}

// NewIssuer makes an issuer with an RSA key of its own, made when it is first
// needed: most tenants sign nobody in, and a key takes a while.
func NewIssuer() *Issuer {
	return &Issuer{key: sync.OnceValue(newKey)}
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, issuerKeyBits)
	if err != nil {
		panic(err) // never: the size is a valid one and crypto/rand does not fail
	}
	return key
}

// keyID names a key by what it is.
func keyID(key *rsa.PrivateKey) string {
	thumb := sha256.Sum256(key.N.Bytes())
	return base64.RawURLEncoding.EncodeToString(thumb[:12])
}

// IDToken signs claims as a JWT (RS256). It was issued now and lives for an hour,
// unless claims hold an iat or exp of their own.
func (i *Issuer) IDToken(claims map[string]any) string {
	key, now := i.key(), time.Now()
	all := map[string]any{"iat": now.Unix(), "exp": now.Add(idTokenLifetime).Unix()}
	maps.Copy(all, claims)
	signed := EncodeToken(map[string]string{"alg": issuerAlgorithm, "typ": "JWT", "kid": keyID(key)}) + "." + EncodeToken(all)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // never: the key is longer than the digest
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// ServeKeys answers the issuer's public key as a JWK set (RFC 7517).
func (i *Issuer) ServeKeys(w http.ResponseWriter, _ *http.Request) {
	key := i.key()
	WriteJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": issuerAlgorithm, "kid": keyID(key),
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
}
