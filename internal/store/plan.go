package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

const (
	planChunk   = 5000 // candidates in memory at once
	analyzeFrom = 1000 // changes in a plan from which the table's statistics are brought up to date
)

// PlanSummary is what a plan comes to.
type PlanSummary struct {
	Unchanged int
	Changes   int // to be applied
	Failed    int // records with an error, also those of which the rest is applied
	Removals  int // of the changes, those that take a person out
	Linked    int // people of the connection who are in the account
}

// planner carries one plan through its two passes.
type planner struct {
	tx            *sqlx.Tx
	run           openRun
	decide        func(reconcile.Candidate) reconcile.Decision
	decideMissing func(reconcile.Missing) reconcile.Decision
	heartbeat     func(done int)
	done          int // candidates and missing users decided
	candidates    int
	unchanged     int // candidates decided to be unchanged
	planned       int // changes written
}

// Plan decides about every record that a run staged and writes what is to be done as planned
// changes, all or none of it. A record that was applied as it is before, to a user who has not
// changed since, is unchanged without being asked about. Users who are missing are decided about
// only when the source was read to its end. Heartbeat hears how many decisions were made.
//
// Planning again gives the summary of the plan that stands.
func (s *Store) Plan(ctx context.Context, runID string, decide func(reconcile.Candidate) reconcile.Decision,
	decideMissing func(reconcile.Missing) reconcile.Decision, heartbeat func(done int)) (PlanSummary, error) {
	var summary PlanSummary
	err := s.inTx(ctx, "plan run", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil {
			return err
		}
		if !run.Planned {
			p := &planner{tx: tx, run: run, decide: decide, decideMissing: decideMissing, heartbeat: heartbeat}
			if err := p.plan(ctx); err != nil {
				return err
			}
		}
		summary, err = summarize(ctx, tx, run)
		return err
	})
	return summary, err
}

func (p *planner) plan(ctx context.Context) error {
	if err := p.eachCandidate(ctx, p.planCandidates); err != nil {
		return err
	}
	if p.run.FetchDone {
		if err := p.eachMissing(ctx, p.planMissing); err != nil {
			return err
		}
	}
	if p.planned > analyzeFrom {
		if _, err := p.tx.ExecContext(ctx, `ANALYZE changes (account_id, run_id, step, user_id, email_key, outcome)`); err != nil {
			return err
		}
	}
	_, err := p.tx.ExecContext(ctx, `
		UPDATE runs SET planned_at = now(), unchanged = (SELECT count(*) FROM staged_users WHERE run_id = $1) - $2 WHERE id = $1`,
		p.run.ID, p.candidates-p.unchanged)
	return err
}

// decided is what came of a chunk of candidates or missing users.
type decided struct {
	rows      int
	unchanged []candidateRow // of them, those whose link can be brought up to date
	changes   []plannedChange
}

func (p *planner) planCandidates(chunk []candidateRow) (decided, error) {
	out := decided{rows: len(chunk)}
	p.candidates += len(chunk)
	for _, row := range chunk {
		candidate, err := row.candidate()
		if err != nil {
			return out, err
		}
		d := p.decide(candidate)
		if d.Action == "" {
			p.unchanged++
			if row.Fingerprint != nil && candidate.User != nil {
				out.unchanged = append(out.unchanged, row)
			}
			continue
		}
		user := candidate.User
		if d.Action == directory.ActionAdopt {
			user = &candidate.Holder.User
		}
		change, err := planChange(d, user, row.SourceID, row.Fingerprint)
		if err != nil {
			return out, err
		}
		out.changes = append(out.changes, change)
	}
	return out, nil
}

func (p *planner) planMissing(chunk []missingRow) (decided, error) {
	out := decided{rows: len(chunk)}
	for _, row := range chunk {
		missing, err := row.missing()
		if err != nil {
			return out, err
		}
		d := p.decideMissing(missing)
		if d.Action == "" {
			continue
		}
		change, err := planChange(d, &missing.User, row.SourceID, nil)
		if err != nil {
			return out, err
		}
		out.changes = append(out.changes, change)
	}
	return out, nil
}

func (p *planner) write(ctx context.Context, d decided) error {
	if d.rows == 0 {
		return nil
	}
	if err := p.refreshLinks(ctx, d.unchanged); err != nil {
		return err
	}
	if err := copyChanges(ctx, p.tx, p.run, d.changes); err != nil {
		return err
	}
	p.planned += len(d.changes)
	p.done += d.rows
	p.heartbeat(p.done)
	return nil
}

func summarize(ctx context.Context, tx *sqlx.Tx, run openRun) (PlanSummary, error) {
	var s PlanSummary
	err := tx.QueryRowContext(ctx, `
		SELECT r.unchanged, count(*) FILTER (WHERE c.step > 0), count(*) FILTER (WHERE c.problems IS NOT NULL),
		       count(*) FILTER (WHERE c.action IN ('deactivate', 'delete') AND c.before->>'status' IN ('invited', 'active', 'awaiting_licence'))
		FROM runs r LEFT JOIN changes c ON c.run_id = r.id WHERE r.id = $1 GROUP BY r.id`, run.ID).
		Scan(&s.Unchanged, &s.Changes, &s.Failed, &s.Removals)
	if err != nil {
		return s, err
	}
	s.Linked, err = countLinked(ctx, tx, run.ConnectionID)
	return s, err
}

// RejectPlan settles the changes of a run that are still planned as rejected; nothing of them
// happens.
func (s *Store) RejectPlan(ctx context.Context, runID string) error {
	return s.inTx(ctx, "reject plan", func(tx *sqlx.Tx) error {
		if _, err := lockRun(ctx, tx, runID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE changes SET outcome = $2, occurred_at = now() WHERE run_id = $1 AND outcome = 'planned'`, runID, directory.OutcomeRejected)
		return err
	})
}
