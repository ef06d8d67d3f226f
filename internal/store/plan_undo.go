package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// Undoable is one of an account's runs that can be undone. One that cannot be is the conflict
// "run_not_ended", "configuration_deleted", "changes_purged", when it is so old that the log may not have
// all its changes any more, or "nothing_to_undo".
func (s *Store) Undoable(ctx context.Context, accountID, runID string) (directory.Run, error) {
	var row struct {
		directory.Run
		Deleted bool `db:"deleted"`
		Purged  bool `db:"purged"`
		Applied bool `db:"applied"`
	}
	err := s.db.GetContext(ctx, &row, `
		SELECT `+runColumns+`, (SELECT f.deleted_at IS NOT NULL FROM configurations f WHERE f.id = runs.configuration_id) AS deleted,
		       started_at < (SELECT now() - a.log_days * interval '1 day' FROM accounts a WHERE a.id = runs.account_id) AS purged,
		       EXISTS (SELECT 1 FROM changes c WHERE c.run_id = runs.id AND c.outcome = 'applied') AS applied
		FROM runs WHERE account_id = $1 AND id = $2`, accountID, runID)
	switch {
	case err != nil:
		return directory.Run{}, wrap("load run", found("run", err))
	case !row.Status.Ended():
		return directory.Run{}, directory.Conflict("run_not_ended", "The run has not ended. Cancel it, or wait until it ends, then undo it.")
	case row.Deleted:
		return directory.Run{}, directory.Conflict("configuration_deleted", "The configuration of the run is deleted, so its runs cannot be undone any more. Change the users by hand.")
	case row.Purged:
		return directory.Run{}, directory.Conflict("changes_purged", "The run is older than what the sync log keeps, so it is not known any more what it changed. Change the users by hand.")
	case !row.Applied:
		return directory.Run{}, directory.Conflict("nothing_to_undo", "The run changed nothing, so there is nothing to undo.")
	}
	return row.Run, nil
}

// RolesMoved are the roles that one of an account's runs gave or took, which its undo takes or gives.
func (s *Store) RolesMoved(ctx context.Context, accountID, runID string) ([]string, error) {
	var roles []string
	err := s.db.SelectContext(ctx, &roles, `
		SELECT DISTINCT r.id FROM changes c CROSS JOIN LATERAL (VALUES (c.before->>'role'), (c.after->>'role')) r (id)
		WHERE c.account_id = $1 AND c.run_id = $2 AND c.outcome = 'applied' AND r.id IS NOT NULL ORDER BY r.id`, accountID, runID)
	return roles, wrap("list roles that a run moved", found("run", err))
}

// PlanUndo decides, for the run that a run undoes, about each user whom it changed, and writes what is
// to be done as planned changes, all or none of it: users, then groups and memberships. What was changed
// since is planned as an error. No record of a source counts, and no link is written. Heartbeat hears how
// many decisions were made.
//
// Planning again gives the summary of the plan that stands.
func (s *Store) PlanUndo(ctx context.Context, runID string, revert func(reconcile.Applied) reconcile.Decision, heartbeat func(done int)) (PlanSummary, error) {
	return s.planOnce(ctx, "plan undo", runID, func(tx *sqlx.Tx, run openRun) error {
		u := &undoPlanner{planner: planner{tx: tx, run: run, heartbeat: heartbeat}, revert: revert, names: map[string]string{}, people: map[string]bool{}}
		return u.plan(ctx)
	})
}

// undoneRun is the run that run $1, of an account $3 and a connection $2, undoes.
const undoneRun = `
	SELECT o.id FROM runs r
	JOIN runs o ON o.id = r.of_run AND o.account_id = $3
	JOIN configurations f ON f.id = o.configuration_id AND f.connection_id = $2
	WHERE r.id = $1`

// selectUndone are the users whom the undone run changed, with all that it did to each.
const selectUndone = `
	WITH done AS MATERIALIZED (
		SELECT user_id, jsonb_agg(jsonb_build_object('label', label, 'action', action, 'before', before, 'after', after) ORDER BY step, id) AS changes
		FROM changes WHERE run_id = (` + undoneRun + `) AND subject = 'user' AND outcome = 'applied' GROUP BY user_id
	)
	SELECT d.user_id, d.changes, row_to_json(u) FROM done d LEFT JOIN users u ON u.id = d.user_id AND u.account_id = $3
	ORDER BY d.user_id`

// undoneRow is what a run did to a user, as it comes from the database.
type undoneRow struct {
	userID        string
	changes, user []byte
}

func (r undoneRow) applied(names map[string]string) (reconcile.Applied, error) {
	a := reconcile.Applied{Fields: names}
	var changes []struct {
		Label         string
		Action        directory.Action
		Before, After *directory.Snapshot
	}
	if err := json.Unmarshal(r.changes, &changes); err != nil {
		return a, fmt.Errorf("decode changes: %w", err)
	}
	for _, c := range changes {
		a.Changes = append(a.Changes, directory.Change{UserID: &r.userID, Label: c.Label, Action: c.Action, Before: c.Before, After: c.After})
	}
	user, err := decodeUser(r.user)
	if err == nil && user != nil {
		a.User = &user.User
	}
	return a, err
}

// undoPlanner carries the plan of an undo through its passes.
type undoPlanner struct {
	planner
	revert func(reconcile.Applied) reconcile.Decision
	names  map[string]string // of the account's fields, by id
	people map[string]bool   // the fields of type person, by id
}

func (u *undoPlanner) plan(ctx context.Context) error {
	fields, err := loadFields(ctx, u.tx, u.run.AccountID)
	if err != nil {
		return err
	}
	for _, f := range fields {
		u.names[f.ID], u.people[f.ID] = f.Name, f.Type == directory.Person
	}
	if err := u.eachUndone(ctx); err != nil {
		return err
	}
	if err := u.yieldAddresses(ctx); err != nil {
		return err
	}
	if err := u.planUndoneGroups(ctx); err != nil {
		return err
	}
	return u.finish(ctx, u.unchanged)
}

func (u *undoPlanner) eachUndone(ctx context.Context) error {
	return eachChunk(ctx, &u.planner, "undone", selectUndone, func(scan func(...any) error) (undoneRow, error) {
		var r undoneRow
		err := scan(&r.userID, &r.changes, &r.user)
		return r, err
	}, u.planUndone)
}

func (u *undoPlanner) planUndone(chunk []undoneRow) (decided, error) {
	out := decided{rows: len(chunk)}
	for _, row := range chunk {
		applied, err := row.applied(u.names)
		if err != nil {
			return out, err
		}
		d := u.revert(applied)
		if d.Unchanged() {
			u.unchanged++
		}
		for _, part := range u.parts(d, applied.User) {
			change, err := planChange(part, applied.User, applied.Changes[0].Label, nil)
			if err != nil {
				return out, err
			}
			change.sourceID = ""
			out.changes = append(out.changes, change)
		}
	}
	return out, nil
}

// parts are a decision as the changes in which it is applied. Whom the fields of somebody who will be in
// name is settled when it is known who else is in.
func (u *undoPlanner) parts(d reconcile.Decision, user *directory.User) []reconcile.Decision {
	switch {
	case d.Unchanged():
		return nil
	case d.After == nil, !user.Status.In() && d.Action != directory.ActionReactivate, d.Removal():
		return []reconcile.Decision{d}
	}
	named := reconcile.Decision{
		Action: directory.ActionUpdate, Step: reconcile.StepPeople, UserID: d.UserID, UserVersion: d.UserVersion, Outcome: d.Outcome,
		Before: &directory.Snapshot{Fields: directory.Values{}}, After: &directory.Snapshot{Fields: directory.Values{}},
	}
	for field, value := range d.After.Fields {
		if u.people[field] {
			named.Before.Fields[field], named.After.Fields[field] = d.Before.Fields[field], value
			delete(d.Before.Fields, field)
			delete(d.After.Fields, field)
		}
	}
	switch {
	case named.After.Empty():
		return []reconcile.Decision{d}
	case d.After.Empty():
		return []reconcile.Decision{named}
	default:
		return []reconcile.Decision{d, named}
	}
}

// yieldAddresses has those who are taken out again give up an address that goes back to somebody else.
func (u *undoPlanner) yieldAddresses(ctx context.Context) error {
	if err := planForManyRows(ctx, u.tx); err != nil {
		return err
	}
	_, err := u.tx.ExecContext(ctx, `
		UPDATE changes c SET release = true
		FROM users h JOIN changes w ON w.run_id = $1 AND w.outcome = 'planned' AND w.email_key = h.email_key AND w.user_id <> h.id
		WHERE c.run_id = $1 AND c.action = 'deactivate' AND c.outcome = 'planned' AND h.id = c.user_id AND h.account_id = $2`,
		u.run.ID, u.run.AccountID)
	return err
}
