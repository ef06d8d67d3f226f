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
	Unchanged   int
	Changes     int  // of people, to be applied
	Failed      int  // records and groups with an error, also those of which the rest is applied
	Removals    int  // of the changes, those that take out a person who was in
	Linked      int  // people of the connection who are in the account
	Recent      int  // removals of the configuration's runs within the guard's window that no admin approved
	Groups      int  // changes of groups, to be applied
	Memberships int  // memberships that begin or end
	People      int  // users of whom a field names somebody else from now on
	Roles       int  // users whose role or organization follows from groups, to be written
	NamesPeople bool // there are fields that name people
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
	unchanged     int // candidates decided to be unchanged, less whose role or organization is not
	planned       int // changes written
}

// Plan decides about every record that a run staged and writes what is to be done as planned
// changes, all or none of it. A record that was applied as it is before, to a user who has not
// changed since, is unchanged without being asked about. Users who are missing are decided about,
// and groups and memberships are planned, only when the source was read to its end. Heartbeat hears
// how many decisions were made.
//
// Planning again gives the summary of the plan that stands.
func (s *Store) Plan(ctx context.Context, runID string, decide func(reconcile.Candidate) reconcile.Decision,
	decideMissing func(reconcile.Missing) reconcile.Decision, heartbeat func(done int)) (PlanSummary, error) {
	return s.planOnce(ctx, "plan run", runID, func(tx *sqlx.Tx, run openRun) error {
		p := &planner{tx: tx, run: run, decide: decide, decideMissing: decideMissing, heartbeat: heartbeat}
		return p.plan(ctx)
	})
}

// planOnce lets plan plan a run that has no plan yet and sums the plan up.
func (s *Store) planOnce(ctx context.Context, task, runID string, plan func(*sqlx.Tx, openRun) error) (PlanSummary, error) {
	var summary PlanSummary
	err := s.inTx(ctx, task, func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil {
			return err
		}
		if !run.Planned {
			if err := plan(tx, run); err != nil {
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
		if err := p.planGroups(ctx); err != nil {
			return err
		}
		if err := p.planPeople(ctx); err != nil {
			return err
		}
		if err := p.planRoles(ctx); err != nil {
			return err
		}
	}
	if err := p.noteAbsences(ctx); err != nil {
		return err
	}
	var staged int
	if err := p.tx.GetContext(ctx, &staged, `SELECT count(*) FROM staged_users WHERE run_id = $1`, p.run.ID); err != nil {
		return err
	}
	return p.finish(ctx, staged-p.candidates+p.unchanged)
}

// finish notes that the run has a plan, and of how many people nothing is to change.
func (p *planner) finish(ctx context.Context, unchanged int) error {
	if p.planned > analyzeFrom {
		if _, err := p.tx.ExecContext(ctx, `ANALYZE changes (account_id, run_id, step, subject, user_id, group_id, email_key, outcome)`); err != nil {
			return err
		}
	}
	_, err := p.tx.ExecContext(ctx, `UPDATE runs SET planned_at = now(), unchanged = $2 WHERE id = $1`, p.run.ID, unchanged)
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

// noteAbsences notes of linked people whether they are there. Of those who are in it is noted when
// they are taken out.
func (p *planner) noteAbsences(ctx context.Context) error {
	if p.run.Kind == directory.KindPreview {
		return nil
	}
	if _, err := p.tx.ExecContext(ctx, `
		UPDATE links l SET absent = false WHERE l.connection_id = $2 AND l.absent
		AND EXISTS (SELECT 1 FROM staged_users s WHERE s.run_id = $1 AND s.source_id = l.source_id)`, p.run.ID, p.run.ConnectionID); err != nil {
		return err
	}
	_, err := p.tx.ExecContext(ctx, `
		WITH reading AS MATERIALIZED (`+selectReading+`
		), gone AS (
			SELECT l.source_id FROM links l
			JOIN users h ON h.id = l.user_id AND h.status IN ('deactivated', 'deleted')
			LEFT JOIN staged_absent a ON a.run_id = $1 AND a.source_id = l.source_id
			WHERE l.connection_id = $2 AND NOT l.absent AND `+takenForGone+`
			  AND NOT EXISTS (SELECT 1 FROM staged_users s WHERE s.run_id = $1 AND s.source_id = l.source_id)
		)
		UPDATE links l SET absent = true FROM gone g WHERE l.connection_id = $2 AND l.source_id = g.source_id`, p.run.ID, p.run.ConnectionID)
	return err
}

func summarize(ctx context.Context, tx *sqlx.Tx, run openRun) (PlanSummary, error) {
	var s PlanSummary
	var settings directory.Settings
	err := tx.QueryRowContext(ctx, `
		SELECT r.settings, r.unchanged, count(*) FILTER (WHERE c.subject = 'user' AND c.step BETWEEN 1 AND 4),
		       count(*) FILTER (WHERE c.subject = 'group' AND c.step > 0), count(*) FILTER (WHERE c.subject = 'membership'),
		       count(*) FILTER (WHERE c.step = 9), count(*) FILTER (WHERE c.step = 10),
		       count(*) FILTER (WHERE c.problems IS NOT NULL), count(*) FILTER (WHERE `+removal+`)
		FROM runs r LEFT JOIN changes c ON c.run_id = r.id WHERE r.id = $1 GROUP BY r.id`, run.ID).
		Scan(&settings, &s.Unchanged, &s.Changes, &s.Groups, &s.Memberships, &s.People, &s.Roles, &s.Failed, &s.Removals)
	if err != nil {
		return s, err
	}
	if s.NamesPeople, err = run.namesPeople(ctx, tx); err != nil {
		return s, err
	}
	if s.Linked, err = countLinked(ctx, tx, run.ConnectionID); err != nil {
		return s, err
	}
	s.Recent, err = recentRemovals(ctx, tx, run, settings.Guard)
	return s, err
}

// recentRemovals is how many people the configuration's runs took out within the guard's window, without an
// admin's approval, and how many were taken out on demand, one by one.
func recentRemovals(ctx context.Context, tx *sqlx.Tx, run openRun, guard directory.Guard) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `
		SELECT (SELECT coalesce(sum(removals), 0) FROM runs
		        WHERE configuration_id = $1 AND kind <> 'preview' AND approved_at IS NULL AND finished_at > now() - $3 * interval '1 day')
		     + (SELECT count(*) FROM changes c
		        WHERE c.account_id = $2 AND c.outcome = 'applied' AND c.occurred_at > now() - $3 * interval '1 day'
		          AND c.run_id IS NULL AND c.source = 'directory_sync' AND `+removal+`)`,
		run.ConfigurationID, run.AccountID, guard.Window())
	return n, err
}

// removal says whether the change c takes out a person who was in.
const removal = `(c.subject = 'user' AND c.action IN ('deactivate', 'delete') AND c.before->>'status' IN ('invited', 'active', 'awaiting_licence'))`

// RejectPlan settles the changes of a run that are still planned as rejected; nothing of them
// happens.
func (s *Store) RejectPlan(ctx context.Context, runID string) error {
	return s.inTx(ctx, "reject plan", func(tx *sqlx.Tx) error {
		if _, err := lockRun(ctx, tx, runID); err != nil {
			return err
		}
		return rejectPlanned(ctx, tx, runID)
	})
}
