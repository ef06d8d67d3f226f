package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// copyRows writes rows with COPY. A failed one leaves the transaction fit for nothing but a
// rollback, to a savepoint or of all.
func copyRows(ctx context.Context, tx *sqlx.Tx, rows [][]any, table string, columns ...string) error {
	stmt, err := tx.PrepareContext(ctx, "COPY "+table+" ("+strings.Join(columns, ", ")+") FROM STDIN")
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	if _, err := stmt.ExecContext(ctx); err != nil {
		return err
	}
	return stmt.Close()
}

// orNull is the text for a column, or NULL.
func orNull(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}

// filled is the text for a column, or NULL where it is empty.
func filled(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// bytesOrNull are the bytes for a column, or NULL.
func bytesOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// storableAll are texts as an array of the database.
func storableAll(texts []string) pq.StringArray {
	out := make(pq.StringArray, len(texts))
	for i, text := range texts {
		out[i] = storable(text)
	}
	return out
}
