package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// rereadAfter is how long what was read of a source may be run again, in hours. After that the source
// is read anew.
const rereadAfter = 72

// Rerunnable is one of an account's runs, if another run may take over what it had read. The conflicts
// say why not: "run_not_failed", "configuration_deleted", "configuration_disabled", "not_the_newest_run",
// "nothing_staged", "too_old" and "settings_changed".
func (s *Store) Rerunnable(ctx context.Context, accountID, runID string) (directory.Run, error) {
	run, err := s.Run(ctx, accountID, runID)
	if err != nil {
		return run, err
	}
	return run, wrap("look whether a run may run again", checkRerun(ctx, s.db, runID))
}

// rerunCase is what decides whether a run may run again.
type rerunCase struct {
	ConfigurationID string              `db:"configuration_id"`
	Number          int                 `db:"number"`
	Kind            directory.RunKind   `db:"kind"`
	Status          directory.RunStatus `db:"status"`
	Deleted         bool                `db:"deleted"`
	Disabled        bool                `db:"disabled"`
	Followed        bool                `db:"followed"`
	Overtaken       bool                `db:"overtaken"`
	Staged          bool                `db:"staged"`
	Old             bool                `db:"old"`
	Changed         bool                `db:"changed"`
}

// selectRerun compares the settings that decide what is read and what comes of it; those that do not,
// such as the guard, may have changed.
const selectRerun = `
	SELECT r.configuration_id, r.number, r.kind, r.status, f.deleted_at IS NOT NULL AS deleted, f.state = 'disabled' AS disabled,
	       EXISTS (SELECT 1 FROM runs n WHERE n.configuration_id = f.id AND n.kind <> 'preview' AND (n.started_at, n.id) > (r.started_at, r.id)) AS followed,
	       EXISTS (SELECT 1 FROM changes c WHERE c.account_id = r.account_id AND c.run_id IS NULL AND c.source = 'directory_sync'
	               AND c.source_id IS NOT NULL AND c.outcome = 'applied' AND c.occurred_at >= r.read_since) AS overtaken,
	       r.pages > 0 OR EXISTS (SELECT 1 FROM staged_groups g WHERE g.run_id = r.id) AS staged,
	       r.read_since < now() - $2 * interval '1 hour' AS old,
	       EXISTS (SELECT 1 FROM unnest(ARRAY['scope', 'groups', 'mappings', 'on_source_delete', 'role_mappings', 'organization_mappings']) AS s (name)
	               WHERE r.settings->s.name IS DISTINCT FROM f.settings->s.name) AS changed
	FROM runs r JOIN configurations f ON f.id = r.configuration_id WHERE r.id = $1`

// checkRerun refuses a run whose staged records no other run may take over.
func checkRerun(ctx context.Context, db sqlx.QueryerContext, runID string) error {
	var c rerunCase
	if err := sqlx.GetContext(ctx, db, &c, selectRerun, runID, rereadAfter); err != nil {
		return found("run", err)
	}
	if refused := c.refusal(); refused != nil {
		return refused
	}
	return nil
}

func (c rerunCase) refusal() *directory.Error {
	refuse := func(code, why string, values ...any) *directory.Error {
		return &directory.Error{
			Kind: directory.KindConflict, Code: code, Permanent: true, Message: fmt.Sprintf(why, values...),
			Remedy: fmt.Sprintf("Read the directory anew with Sync now: POST /v1/configurations/%s/sync.", c.ConfigurationID),
		}
	}
	switch {
	case c.Kind != directory.KindSync:
		return refuse("run_not_failed", "This run is no sync but of the kind %s: it has read nothing that another run could take over.", c.Kind)
	case c.Status != directory.RunFailure && c.Status != directory.RunCancelled:
		return refuse("run_not_failed", "The status of run %d is %s. Only a sync that has failed, or was stopped, can run again.", c.Number, c.Status)
	case c.Deleted:
		return directory.Conflict("configuration_deleted", fmt.Sprintf("The configuration of run %d was deleted, so it does not run any more.", c.Number))
	case c.Disabled:
		refused := refuse("configuration_disabled", "This configuration is disabled, so it does not run.")
		refused.Remedy = fmt.Sprintf("Enable it first: POST /v1/configurations/%s/enable. Then run this run again, or use Sync now.", c.ConfigurationID)
		return refused
	case c.Followed:
		return refuse("not_the_newest_run", "Another run of this configuration has begun after run %d, so what it had read no longer counts.", c.Number)
	case c.Overtaken:
		return refuse("person_synced_since", "Somebody was synced on demand after run %d had begun to read, so what it had read of them no longer counts.", c.Number)
	case !c.Staged:
		return refuse("nothing_staged", "Run %d ended before it had read anything that another run could take over.", c.Number)
	case c.Old:
		return refuse("too_old", "What run %d had read is older than %d hours: too much may have changed in the directory since.", c.Number, rereadAfter)
	case c.Changed:
		return refuse("settings_changed", "The scope, the groups, the mappings or what becomes of people who leave was changed after run %d, so what it had read is not what is wanted now.", c.Number)
	}
	return nil
}

// TakeOver makes what the run had staged that a rerun is of the rerun's, with how far it had read: all of it
// or nothing. Taking over again changes nothing.
func (s *Store) TakeOver(ctx context.Context, runID string) error {
	return s.inTx(ctx, "take over what a run had read", func(tx *sqlx.Tx) error {
		if _, err := lockRun(ctx, tx, runID); err != nil {
			return err
		}
		var moved int64
		for _, table := range stagingTables() {
			result, err := tx.ExecContext(ctx, `UPDATE `+table+` SET run_id = $1 WHERE run_id = (SELECT of_run FROM runs WHERE id = $1 AND trigger = 'rerun')`, runID)
			if err != nil {
				return err
			}
			rows, err := result.RowsAffected()
			if err != nil {
				return err
			}
			moved += rows
		}
		if moved == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE runs r SET mode = o.mode, fetch_cursor = o.fetch_cursor, pages = o.pages, announced = o.announced, read = o.read, fetched = o.fetched,
			       fetch_done = o.fetch_done, read_done = o.read_done, read_since = o.read_since, complete = o.complete,
			       changes_link = o.changes_link, changes_digest = o.changes_digest, notes = o.notes
			FROM runs o WHERE r.id = $1 AND o.id = r.of_run`, runID)
		return err
	})
}

// stagingTables are the tables of what runs have read.
func stagingTables() []string {
	return []string{"staged_users", "staged_absent", "staged_members", "staged_groups", "fetched_pages"}
}
