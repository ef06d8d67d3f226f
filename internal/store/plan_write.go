package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// plannedChange is a row of changes to be.
type plannedChange struct {
	decision      reconcile.Decision
	sourceID      string // empty: none, so that links are left alone
	label         string
	before, after *string
	problems      *string
	emailKey      *string
	fingerprint   []byte
}

// planChange makes a change of a decision about a user, who is nil where there was none. The
// fingerprint stands for the whole record, so a record with problems gets none. A decision whose
// values the database cannot hold becomes an error of its record.
func planChange(d reconcile.Decision, user *directory.User, sourceID string, fingerprint []byte) (plannedChange, error) {
	change := plannedChange{decision: d, sourceID: sourceID, label: labelOf(d, user, sourceID)}
	var err error
	if change.before, err = encodeSnapshot(d.Before); err != nil {
		return change, err
	}
	if change.after, err = encodeSnapshot(d.After); err != nil {
		return change, err
	}
	if unstorable(change.before) || unstorable(change.after) {
		change.before, change.after = nil, nil
		change.decision.Action, change.decision.Step, change.decision.Outcome = directory.ActionError, reconcile.StepNone, directory.OutcomeFailed
		change.decision.Problems = append(d.Problems, problemUnstorable(change.label))
	}
	for i := range change.decision.Problems {
		change.decision.Problems[i].Message = storable(change.decision.Problems[i].Message)
	}
	if change.problems, err = encodeProblems(change.decision.Problems); err != nil {
		return change, err
	}
	if len(change.decision.Problems) == 0 {
		change.fingerprint = fingerprint
	}
	change.emailKey = heldAfter(d, user)
	return change, nil
}

// heldAfter is the key of the address that the decision gives its user; nil when the user keeps
// what they hold or gives it up.
func heldAfter(d reconcile.Decision, user *directory.User) *string {
	if d.After == nil || d.Release || d.After.Status != nil && *d.After.Status == directory.Deleted {
		return nil
	}
	var address string
	switch {
	case d.After.Email != nil:
		address = *d.After.Email
	case user != nil && d.After.Status != nil && d.After.Status.In():
		address = user.Email
	default:
		return nil
	}
	key := storable(directory.EmailKey(address))
	return &key
}

func labelOf(d reconcile.Decision, user *directory.User, sourceID string) string {
	var named directory.User
	if user != nil {
		named = *user
	}
	if d.After != nil {
		named.Email = value(d.After.Email, named.Email)
		named.FirstName = value(d.After.FirstName, named.FirstName)
		named.LastName = value(d.After.LastName, named.LastName)
	}
	return storable(cmp.Or(named.Name(), sourceID))
}

func value(changed *string, present string) string {
	if changed == nil {
		return present
	}
	return *changed
}

func encodeSnapshot(s *directory.Snapshot) (*string, error) {
	if s == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	text := string(encoded)
	return &text, nil
}

// unstorable says whether JSON has the character U+0000 in a string, which jsonb refuses.
func unstorable(encoded *string) bool {
	if encoded == nil {
		return false
	}
	rest := []byte(*encoded)
	for {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		escapes := len(rest[:i+1]) - len(bytes.TrimRight(rest[:i+1], `\`))
		if escapes%2 == 1 {
			return true
		}
		rest = rest[i+1:]
	}
}

// copyChanges writes planned changes, which belong to no run where the run has no id.
func copyChanges(ctx context.Context, tx *sqlx.Tx, run openRun, changes []plannedChange) error {
	if len(changes) == 0 {
		return nil
	}
	rows := make([][]any, len(changes))
	for i, c := range changes {
		d := c.decision
		rows[i] = []any{run.AccountID, filled(run.ID), d.Step, filled(d.UserID), d.UserVersion, filled(c.sourceID), c.label, string(directory.FromDirectorySync), string(d.Action),
			orNull(c.before), orNull(c.after), orNull(c.emailKey), d.Release, bytesOrNull(c.fingerprint), string(d.Outcome), orNull(c.problems)}
	}
	return copyRows(ctx, tx, rows, "changes", "account_id", "run_id", "step", "user_id", "user_version", "source_id", "label", "source", "action",
		"before", "after", "email_key", "release", "fingerprint", "outcome", "problems")
}
