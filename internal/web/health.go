package web

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const readyLimit = 3 * time.Second

// ready answers 200 while the database and Temporal answer.
func (s *site) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyLimit)
	defer cancel()
	if err := s.admin.Ready(ctx); err != nil {
		s.report.Write(w, r, &directory.Error{
			Kind: directory.KindUnavailable, Code: "not_ready", Cause: err,
			Message: "The database or Temporal does not answer. The log says which.",
		})
		return
	}
	serve("text/plain; charset=utf-8", []byte("ready\n"))(w, r)
}
