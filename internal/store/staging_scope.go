package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// keepScope leaves out the records of a page that are in no group of the run's scope, and notes
// those of linked people as out of scope. While the people of a group of the scope are unknown, it
// keeps the records of linked people who are disabled, since they are out in scope or not.
func (p *StagePage) keepScope(ctx context.Context, tx *sqlx.Tx) error {
	ids, disabled := make(pq.StringArray, len(p.Records)), make(pq.BoolArray, len(p.Records))
	for i, record := range p.Records {
		ids[i], disabled[i] = storable(record.SourceID), !record.Enabled
	}
	var inScope []string
	if err := tx.SelectContext(ctx, &inScope, `
		SELECT p.id FROM unnest($2::text[], $3::boolean[]) AS p (id, disabled)
		WHERE EXISTS (SELECT 1 FROM staged_groups g WHERE g.run_id = $1 AND g.in_scope AND g.everyone)
		   OR EXISTS (SELECT 1 FROM staged_members m JOIN staged_groups g ON g.run_id = m.run_id AND g.source_id = m.group_id AND g.in_scope
		              WHERE m.run_id = $1 AND m.source_id = p.id)
		   OR p.disabled AND EXISTS (SELECT 1 FROM runs r JOIN configurations f ON f.id = r.configuration_id
		              JOIN links l ON l.connection_id = f.connection_id AND l.source_id = p.id
		              WHERE r.id = $1 AND NOT `+readScope+`)`, p.RunID, ids, disabled); err != nil {
		return err
	}
	in := make(map[string]bool, len(inScope))
	for _, id := range inScope {
		in[id] = true
	}
	var outside pq.StringArray
	kept := StagePage{}
	for i, record := range p.Records {
		if !in[ids[i]] {
			outside = append(outside, ids[i])
			continue
		}
		kept.Records, kept.Fingerprints = append(kept.Records, record), append(kept.Fingerprints, p.Fingerprints[i])
	}
	p.Records, p.Fingerprints = kept.Records, kept.Fingerprints
	if _, err := tx.ExecContext(ctx, `UPDATE runs SET fetched = fetched + $2 WHERE id = $1`, p.RunID, len(p.Records)); err != nil {
		return err
	}
	return noteAbsent(ctx, tx, p.RunID, outside, directory.AbsenceOutOfScope)
}
