package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/directory"
	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

// contentType is the media type of SCIM, RFC 7644, section 8.1.
const contentType = "application/scim+json"

// maxBody is how large a body may be, in bytes.
const maxBody = 10 << 20

// readBody is the body of a request, which must be JSON.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if given := r.Header.Get("Content-Type"); given != "" {
		kind, _, err := mime.ParseMediaType(given)
		if err != nil || kind != contentType && kind != "application/json" {
			return nil, &protocol.Error{Status: http.StatusUnsupportedMediaType, Detail: "The body must be JSON. Send it as Content-Type: " + contentType + "."}
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &protocol.Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("The body is larger than %d bytes (maxPayloadSize). Send less at once.", maxBody)}
	case err != nil:
		return nil, &directory.Error{Kind: directory.KindMalformed, Code: "malformed", Message: "The body did not arrive whole. Send it again.", Cause: err}
	}
	return body, nil
}

// write answers with a body.
func (s *Service) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic(fmt.Errorf("encode answer: %w", err)) // what is answered is made of JSON's own types
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if _, err := w.Write(text.Bytes()); err != nil {
		s.report.Log.DebugContext(r.Context(), "write answer", "request_id", problem.RequestID(r.Context()), "error", err)
	}
}
