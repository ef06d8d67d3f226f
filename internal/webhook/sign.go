// Package webhook sends messages to addresses that customers chose, signed as in Standard Webhooks
// (https://www.standardwebhooks.com), and never to a machine of the network that it runs in.
//
// It knows nothing of what it sends, nor when to try again.
package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	secretSize   = 32 // bytes
)

// NewSecret makes the secret that a receiver verifies signatures with.
func NewSecret() string {
	key := make([]byte, secretSize)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Sign makes the signature of a message: version v1, HMAC-SHA256 of its id, the time and the body. The
// error says that the secret is none, and repeats nothing of it.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return "", errors.New("the secret of the webhook is none")
	}
	h := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(h, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// SealContext is what the secret of a webhook is sealed for.
func SealContext(webhookID string) []byte { return []byte("webhook/" + webhookID) }
