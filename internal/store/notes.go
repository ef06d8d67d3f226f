package store

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// AddNotes leaves notes with a run. One of a code that the run has a note of already replaces it.
func (s *Store) AddNotes(ctx context.Context, runID string, notes ...directory.Note) error {
	return s.inTx(ctx, "add notes", func(tx *sqlx.Tx) error {
		if _, err := lockRun(ctx, tx, runID); err != nil {
			return err
		}
		return addNotes(ctx, tx, runID, notes)
	})
}

func addNotes(ctx context.Context, tx *sqlx.Tx, runID string, notes []directory.Note) error {
	notes = slices.DeleteFunc(slices.Clone(notes), func(n directory.Note) bool { return n.Code == "" })
	if len(notes) == 0 {
		return nil
	}
	var kept directory.Notes
	if err := tx.GetContext(ctx, &kept, `SELECT notes FROM runs WHERE id = $1`, runID); err != nil {
		return err
	}
	for _, note := range notes {
		note.Message = storable(note.Message)
		if at := slices.IndexFunc(kept, func(n directory.Note) bool { return n.Code == note.Code }); at >= 0 {
			kept[at] = note
		} else {
			kept = append(kept, note)
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE runs SET notes = $2 WHERE id = $1`, runID, kept)
	return err
}
