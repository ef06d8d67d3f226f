package store

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
)

// hot keeps the statements of frequent requests prepared: the driver would otherwise prepare them anew
// for each. A statement prepares itself again on each new connection.
type hot struct {
	db         *sqlx.DB
	mu         sync.RWMutex
	statements map[string]*sqlx.Stmt
}

// get reads one row into dest.
func (h *hot) get(ctx context.Context, dest any, text string, args ...any) error {
	statement, err := h.prepared(ctx, text)
	if err != nil {
		return err
	}
	return statement.GetContext(ctx, dest, args...)
}

func (h *hot) prepared(ctx context.Context, text string) (*sqlx.Stmt, error) {
	h.mu.RLock()
	statement := h.statements[text]
	h.mu.RUnlock()
	if statement != nil {
		return statement, nil
	}
	statement, err := h.db.PreparexContext(ctx, text)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if first := h.statements[text]; first != nil {
		return first, statement.Close()
	}
	if h.statements == nil {
		h.statements = map[string]*sqlx.Stmt{}
	}
	h.statements[text] = statement
	return statement, nil
}
