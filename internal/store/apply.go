package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// BatchResult is what applying a batch came to. Remaining counts the step's changes that are
// still planned, up to 1,000.
type BatchResult struct {
	Applied   int
	Failed    int
	Remaining int
}

// batch is a number of planned changes on their way through one transaction.
type batch struct {
	tx      *sqlx.Tx
	account string
	link    string // the connection whose links are written
	absent  *bool  // whether the directory lacks the people; nil: those whom the run has not staged
	undo    bool   // another run is undone
	changes map[int64]batchChange
	write   func(ctx context.Context, ids []int64) error
	through int64   // the last change that the batch picked in order
	stuck   []int64 // refused alone for an address that somebody of this batch may hold
	failed  int
	dropped int
}

// batchChange is what must be known of a change to send it the right way.
type batchChange struct {
	ID     int64            `db:"id"`
	Action directory.Action `db:"action"`
	Label  string           `db:"label"`
	Enters bool             `db:"enters"` // becomes active, for which a licence must be free
	Leaves bool             `db:"leaves"` // is active no more, which frees a licence
}

// ApplyBatch applies the next planned changes of a step, at most limit and those that must go
// together with them, in one transaction. A change that the database refuses is taken out of the
// batch with its reason as a problem; the others are applied. A change of a membership whose user or
// group is not there is dropped, as is one of whom a field names whose people are not there, and one of a
// role or an organization whose user is not in. Licences that come free go to those who wait for one. Applying
// again goes on with what is still planned, so nothing is done twice.
func (s *Store) ApplyBatch(ctx context.Context, runID string, step, limit int) (BatchResult, error) {
	var result BatchResult
	err := s.inTx(ctx, "apply batch", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil {
			return err
		}
		if run.Kind == directory.KindPreview || run.Status != directory.RunRunning {
			refused := directory.Conflict("run_not_running", "The run does not apply changes now.")
			refused.Permanent = true
			return refused
		}
		if err := lockAccount(ctx, tx, run.AccountID); err != nil {
			return err
		}
		if err := planForFewRows(ctx, tx); err != nil {
			return err
		}
		b := &batch{tx: tx, account: run.AccountID, link: run.ConnectionID, undo: run.Kind == directory.KindUndo, changes: map[int64]batchChange{}}
		ids, err := b.load(ctx, run, step, limit)
		if err != nil {
			return err
		}
		if err := b.apply(ctx, step, ids); err != nil {
			return err
		}
		if b.undo {
			if err := b.unsettleLinks(ctx, ids); err != nil {
				return err
			}
		}
		result = BatchResult{Applied: len(ids) - b.failed - b.dropped, Failed: b.failed}
		return b.report(ctx, runID, step, len(ids), &result)
	})
	if err != nil {
		return BatchResult{}, err
	}
	return result, nil
}

// planForFewRows keeps the plans of a transaction to look-ups by key: a batch touches few rows of
// large tables, of which fresh ones have no statistics yet.
func planForFewRows(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `
		SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`)
	return err
}

const batchColumns = `c.id, c.action, c.label, coalesce(c.after->>'status' = 'active', false) AS enters,
	coalesce(c.before->>'status' = 'active' AND c.after->>'status' <> 'active', false) AS leaves`

// load picks the next changes of the step and, where addresses move, those of users who hold an
// address that one of these takes, so that a swap is one statement.
func (b *batch) load(ctx context.Context, run openRun, step, limit int) ([]int64, error) {
	if run.AppliedStep == step {
		b.through = run.AppliedThrough
	}
	ids, err := b.pick(ctx, `
		SELECT `+batchColumns+`
		FROM changes c WHERE run_id = $1 AND step = $2 AND id > $3 AND outcome = 'planned' ORDER BY id LIMIT $4`,
		run.ID, step, b.through, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	b.through = ids[len(ids)-1]
	for more := ids; step == reconcile.StepMove && len(more) > 0; ids = append(ids, more...) {
		more, err = b.pick(ctx, `
			SELECT `+batchColumns+`
			FROM changes p
			CROSS JOIN LATERAL (SELECT id FROM users WHERE account_id = $1 AND email_key = p.email_key LIMIT 1) h
			JOIN changes c ON c.user_id = h.id AND c.run_id = $2 AND c.step = $3 AND c.outcome = 'planned'
			WHERE p.id = ANY($4) AND NOT c.id = ANY($5)`,
			run.AccountID, run.ID, step, pq.Int64Array(more), pq.Int64Array(ids))
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (b *batch) pick(ctx context.Context, query string, args ...any) ([]int64, error) {
	var picked []batchChange
	if err := b.tx.SelectContext(ctx, &picked, query, args...); err != nil {
		return nil, err
	}
	ids := make([]int64, len(picked))
	for i, c := range picked {
		ids[i], b.changes[c.ID] = c.ID, c
	}
	return ids, nil
}

// apply refuses what cannot be applied and writes the rest.
func (b *batch) apply(ctx context.Context, step int, ids []int64) (err error) {
	if len(ids) == 0 {
		return nil
	}
	switch step {
	case reconcile.StepGroups:
		b.write = b.writeGroups
		ids, err = b.refuseGoneGroups(ctx, ids)
	case reconcile.StepGroupsGone:
		b.write = b.writeGroupsGone
	case reconcile.StepLeave:
		b.write = b.writeLeaving
		ids, err = b.dropIdle(ctx, ids)
	case reconcile.StepJoin:
		b.write = b.writeJoining
		ids, err = b.dropIdle(ctx, ids)
	case reconcile.StepPeople:
		b.write = b.writePeopleFields
		ids, err = b.checkPeople(ctx, ids)
	case reconcile.StepRoles:
		b.write = b.writeRoles
		ids, err = b.settleRoles(ctx, ids)
	default:
		return b.applyPeople(ctx, ids)
	}
	if err != nil {
		return err
	}
	return b.attempt(ctx, ids)
}

func (b *batch) applyPeople(ctx context.Context, ids []int64) error {
	b.write = b.writePeople
	ids, err := b.refuseStale(ctx, ids)
	if err != nil {
		return err
	}
	if ids, err = b.refuseTaken(ctx, ids); err != nil {
		return err
	}
	if err := b.attempt(ctx, ids); err != nil {
		return err
	}
	if err := b.attemptStuck(ctx); err != nil {
		return err
	}
	if slices.ContainsFunc(ids, func(id int64) bool { return b.changes[id].Leaves }) {
		return fillSeats(ctx, b.tx, b.account, directory.FromDirectorySync)
	}
	return nil
}

// attempt writes changes; when the database refuses, it halves them until the one that is at
// fault stands alone.
func (b *batch) attempt(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	err := b.try(ctx, ids)
	refused, ok := refusedRow(err)
	switch {
	case !ok:
		return err
	case len(ids) > 1:
		half := len(ids) / 2
		if err := b.attempt(ctx, ids[:half]); err != nil {
			return err
		}
		return b.attempt(ctx, ids[half:])
	case refused.Constraint == "users_email":
		b.stuck = append(b.stuck, ids[0])
		return nil
	default:
		return b.fail(ctx, ids, func(c batchChange) directory.Problem { return problemRefused(c.Label, refused, b.again()) })
	}
}

// attemptStuck tries together what was refused alone: halving parts those who swap addresses.
func (b *batch) attemptStuck(ctx context.Context) error {
	if len(b.stuck) == 0 {
		return nil
	}
	err := b.try(ctx, b.stuck)
	if _, ok := refusedRow(err); !ok {
		return err
	}
	return b.fail(ctx, b.stuck, func(c batchChange) directory.Problem { return problemTaken(c.Label, b.again()) })
}

// again is what to do once the cause of a problem is gone.
func (b *batch) again() string {
	if b.undo {
		return "undo again"
	}
	return "sync again"
}

// try writes changes, or none of them when one is refused.
func (b *batch) try(ctx context.Context, ids []int64) error {
	if _, err := b.tx.ExecContext(ctx, `SAVEPOINT batch`); err != nil {
		return err
	}
	if err := b.write(ctx, ids); err != nil {
		if _, rolledBack := b.tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT batch`); rolledBack != nil {
			return rolledBack
		}
		return err
	}
	_, err := b.tx.ExecContext(ctx, `RELEASE SAVEPOINT batch`)
	return err
}

// fail settles changes as failed, each with its problem beside those it has.
func (b *batch) fail(ctx context.Context, ids []int64, problem func(batchChange) directory.Problem) error {
	if len(ids) == 0 {
		return nil
	}
	problems := make([]string, len(ids))
	for i, id := range ids {
		encoded, err := json.Marshal([]directory.Problem{problem(b.changes[id])})
		if err != nil {
			return err
		}
		problems[i] = string(encoded)
	}
	b.failed += len(ids)
	_, err := b.tx.ExecContext(ctx, `
		UPDATE changes c SET outcome = 'failed', occurred_at = now(), problems = coalesce(c.problems, '[]') || f.problem
		FROM unnest($1::bigint[], $2::jsonb[]) AS f (id, problem) WHERE c.id = f.id`,
		pq.Int64Array(ids), pq.StringArray(problems))
	return err
}

// report moves the run's progress and counts what is left.
func (b *batch) report(ctx context.Context, runID string, step, done int, result *BatchResult) error {
	if _, err := b.tx.ExecContext(ctx, `
		UPDATE runs SET stage_done = stage_done + $2, applied_step = $3, applied_through = $4 WHERE id = $1`, runID, done, step, b.through); err != nil {
		return err
	}
	return b.tx.GetContext(ctx, &result.Remaining, `
		SELECT count(*) FROM (
			SELECT 1 FROM changes WHERE run_id = $1 AND step = $2 AND id > $3 AND outcome = 'planned' LIMIT 1000) left_over`,
		runID, step, b.through)
}

// without are the ids that are not among the removed.
func without(ids, removed []int64) []int64 {
	if len(removed) == 0 {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(removed, id) })
}
