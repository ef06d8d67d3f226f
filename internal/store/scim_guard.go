package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// heldRemoval is a removal that the guard does not let pass.
type heldRemoval struct {
	user   directory.User
	action directory.Action
	// removals are those of the window, with this one; linked is who was in when it began.
	removals, linked int
}

func (h *heldRemoval) Error() string { return "held by the guard" }

// guardRemoval says with a *heldRemoval that a client may not take out one more user without an
// admin's approval: more than the number or the share of users that the account's guard lets pass in its
// window. The account is locked.
func guardRemoval(ctx context.Context, tx *sqlx.Tx, c SCIMClient, user directory.User, action directory.Action) error {
	guard, err := readSCIMGuard(ctx, tx, c.AccountID)
	if err != nil || guard.State == directory.GuardApproved {
		return err
	}
	h := &heldRemoval{user: user, action: action, removals: guard.Removals + 1}
	err = tx.GetContext(ctx, &h.linked, `SELECT count(*) FROM scim_users WHERE account_id = $1 AND gone_at IS NULL AND active`, c.AccountID)
	if err != nil {
		return err
	}
	h.linked += guard.Removals
	if guard.State == directory.GuardHeld || reconcile.Exceeds(guard.Guard, h.removals, h.linked) {
		return h
	}
	return nil
}

// held passes on the error of a change and, where the guard held it, has that noted: the transaction of
// the change has left nothing.
func (s *Store) held(ctx context.Context, c SCIMClient, err error) error {
	var h *heldRemoval
	if !errors.As(err, &h) {
		return err
	}
	if err := s.inTx(ctx, "hold removals", func(tx *sqlx.Tx) error { return hold(ctx, tx, c, h) }); err != nil {
		return err
	}
	return removalsHeld(h.user.Name(), h.removals, h.linked)
}

// hold closes the guard, which is told once, and keeps whom the client wanted out, with a line in the
// log, once each.
func hold(ctx context.Context, tx *sqlx.Tx, c SCIMClient, h *heldRemoval) error {
	if err := lockAccount(ctx, tx, c.AccountID); err != nil {
		return err
	}
	guard, err := readSCIMGuard(ctx, tx, c.AccountID)
	if err != nil || guard.State == directory.GuardApproved { // meanwhile: the client tries again
		return err
	}
	var first bool
	if err := tx.GetContext(ctx, &first, `
		WITH was AS (SELECT held_at FROM scim_guards WHERE account_id = $1), held AS (
			INSERT INTO scim_guards (account_id, held_at) VALUES ($1, now())
			ON CONFLICT (account_id) DO UPDATE SET held_at = coalesce(scim_guards.held_at, now())
		)
		SELECT NOT EXISTS (SELECT 1 FROM was WHERE held_at IS NOT NULL)`, c.AccountID); err != nil {
		return err
	}
	problem := directory.Problem{
		Code:    "removals_held",
		Message: fmt.Sprintf("The identity provider wanted %s out. The guard held it: too many removals in a short time.", h.user.Name()),
		Remedy:  "Look at who waits (GET /v1/scim/guard), and approve the removals if they are meant (POST /v1/scim/guard/approve).",
	}
	if _, err := tx.ExecContext(ctx, `
		WITH waiting AS (
			INSERT INTO scim_held_removals (account_id, user_id, action) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING RETURNING user_id
		)
		INSERT INTO changes (account_id, user_id, label, source, action, outcome, problems)
		SELECT $1, user_id, $4, 'scim', $3, 'rejected', $5 FROM waiting`,
		c.AccountID, h.user.ID, h.action, h.user.Name(), directory.Problems{problem}); err != nil {
		return err
	}
	if !first {
		return nil
	}
	return noticeSCIMHeld(ctx, tx, c.AccountID, c.Name, h.removals, guard.Guard)
}

// letGo takes a user who is in again off those whom the guard holds.
func letGo(ctx context.Context, tx *sqlx.Tx, accountID, userID string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM scim_held_removals WHERE account_id = $1 AND user_id = $2`, accountID, userID)
	return err
}

func removalsHeld(name string, removals, linked int) error {
	return &directory.Error{
		Kind: directory.KindForbidden, Code: "removals_held",
		Message: fmt.Sprintf("%s was not taken out: this would be removal %d of %d users in a short time, more than the account lets pass without an admin.", name, removals, linked),
		Remedy:  "An admin of the account can approve the removals (POST /v1/scim/guard/approve); after that the request works.",
	}
}
