package simulate

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
)

// BaseURL is the address by which the client reached a simulated tenant.
func BaseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// WriteBody answers with a body as it is.
func WriteBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		slog.Debug("answer of a simulated tenant cut", "error", err)
	}
}

// Encode is the JSON of a value that JSON can hold.
func Encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a mistake of the calling code: maps and structs of strings always encode
	}
	return body
}

// EncodeToken packs a value into a token that clients hand back.
func EncodeToken(v any) string { return base64.RawURLEncoding.EncodeToString(Encode(v)) }

// DecodeToken fills v from a token that EncodeToken made.
func DecodeToken(token string, v any) error {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	return errors.Join(err, json.Unmarshal(raw, v))
}
