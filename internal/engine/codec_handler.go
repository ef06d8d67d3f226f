package engine

import (
	"net/http"
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"

	"github.com/rollcall-sync/rollcall/internal/secret"
)

// maxCodecRequest bounds a request of the Web UI, which sends the payloads of one page of history at a time.
const maxCodecRequest = 32 << 20

// CodecHandler decodes payloads for the Temporal Web UI: POST …/decode, in the protocol of Temporal's remote codecs. It
// encodes nothing, for whoever may read need not be able to write. Pages of allowedOrigins (scheme://host:port) alone may
// call it, with the browser's cookies; who may read is for the caller to check before this handler.
// https://docs.temporal.io/codec-server
func CodecHandler(keyring *secret.Keyring, allowedOrigins []string) http.Handler {
	decoder := converter.NewPayloadCodecHTTPHandler(newCodec(keyring))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			if !slices.Contains(allowedOrigins, origin) {
				http.Error(w, "this origin may not decode payloads", http.StatusForbidden)
				return
			}
			allowOrigin(w.Header(), origin)
		}
		switch {
		case r.Method == http.MethodOptions:
			w.WriteHeader(http.StatusNoContent)
		case !strings.HasSuffix(r.URL.Path, "/decode"):
			http.Error(w, "only decode is offered here", http.StatusForbidden)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxCodecRequest)
			decoder.ServeHTTP(w, r)
		}
	})
}

func allowOrigin(header http.Header, origin string) {
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Allow-Credentials", "true")
	header.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	header.Set("Access-Control-Allow-Headers", "Content-Type, X-Namespace, Authorization")
	header.Add("Vary", "Origin")
}
