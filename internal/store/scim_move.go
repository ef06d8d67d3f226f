package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

// move is a user's way from what they are to what a SCIM client says of them.
type move struct {
	from    knownUser
	to      scim.User
	arrives bool // created, though they are in the account
	gone    bool // deleted by the client
	// stranger: has the address of somebody who is gone, and is another person.
	stranger bool

	status directory.UserStatus
	action directory.Action
}

// moveOf is what a client's change of a user whom it sees comes to.
func moveOf(from knownUser, to scim.User) move {
	m := move{from: from, to: to, status: from.Status, action: directory.ActionUpdate}
	switch {
	case from.Wanted && !to.Active && from.Status.In():
		m.status, m.action = directory.Deactivated, directory.ActionDeactivate
	case !from.Wanted && to.Active && m.mayReturn():
		m.status, m.action = directory.Active, directory.ActionReactivate
	}
	return m
}

// deletion is the deletion of a user by a client.
func deletion(from knownUser) move {
	m := move{from: from, gone: true, status: from.Status, action: directory.ActionDelete}
	m.to = scim.User{
		Resource: scim.Resource(from.Resource), UserName: from.UserName, ExternalID: from.ExternalID,
		Email: from.Email, FirstName: from.FirstName, LastName: from.LastName,
	}
	if from.Status.In() {
		m.status = directory.Deactivated
	}
	return m
}

// arrival is the creation of somebody who is in the account: deleted by a client before, or never seen
// by one.
func arrival(from knownUser, to scim.User) move {
	m := move{from: from, to: to, arrives: true, status: from.Status, action: directory.ActionAdopt}
	if !from.Known && to.FirstName+to.LastName == "" {
		m.to.FirstName, m.to.LastName = from.FirstName, from.LastName
	}
	m.stranger = from.Known && from.ExternalID != "" && to.ExternalID != "" && from.ExternalID != to.ExternalID
	switch {
	case !to.Active && from.Status.In():
		m.status = directory.Deactivated
	case to.Active && m.mayReturn():
		m.status, m.action = directory.Active, directory.ActionReactivate
	}
	return m
}

// mayReturn says whether the user is out and a client can bring them back: what an admin took out only
// an admin brings back.
func (m *move) mayReturn() bool {
	return !m.from.Status.In() && (m.from.DeactivatedBy == nil || *m.from.DeactivatedBy != directory.ByAdmin)
}

func (m *move) leaves() bool { return m.from.Status.In() && !m.status.In() }
func (m *move) enters() bool { return !m.from.Status.In() && m.status.In() }

// idle says whether the move leads nowhere.
func (m *move) idle() bool {
	return m.from.Wanted == m.to.Active && m.status == m.from.Status && reflect.DeepEqual(scim.Resource(m.from.Resource), m.to.Resource)
}

// renamed says whether groups may await the user under a name that they did not have.
func (m *move) renamed() bool { return m.arrives || m.from.ExternalID != m.to.ExternalID }

// needsAccount says whether the move is one that nobody else may make in the account meanwhile.
func (m *move) needsAccount() bool {
	return m.status != m.from.Status || m.renamed() || directory.EmailKey(m.from.Email) != directory.EmailKey(m.to.Email)
}

// take makes the move, logs it, and sees to those whom it concerns.
func (m *move) take(ctx context.Context, tx *sqlx.Tx, c SCIMClient) (SCIMUser, error) {
	if m.leaves() {
		action := directory.ActionDeactivate
		if m.gone {
			action = directory.ActionDelete
		}
		if err := guardRemoval(ctx, tx, c, m.from.User, action); err != nil {
			return SCIMUser{}, err
		}
	}
	if m.enters() {
		free, err := freeSeats(ctx, tx, c.AccountID)
		if err != nil {
			return SCIMUser{}, err
		}
		if free <= 0 {
			m.status = directory.AwaitingLicence
		}
	}
	after, err := m.write(ctx, tx)
	if err != nil {
		return SCIMUser{}, err
	}
	if err := m.log(ctx, tx, after); err != nil {
		return SCIMUser{}, err
	}
	if err := m.follow(ctx, tx, c, after); err != nil {
		return SCIMUser{}, err
	}
	return after.shown(ctx, tx)
}

// write brings user and resource to where the move leads.
func (m *move) write(ctx context.Context, tx *sqlx.Tx) (knownUser, error) {
	var after knownUser
	key := directory.EmailKey(m.to.Email)
	if err := releaseAddress(ctx, tx, m.from.AccountID, m.from.ID, key); err != nil {
		return after, err
	}
	encoded, err := json.Marshal(m.to.Resource)
	if err != nil {
		return after, err
	}
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO scim_users AS s (user_id, account_id, user_name, user_name_key, external_id, active, resource, address_keys)
		VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $7, string_to_array($9, E'\x1f'))
		ON CONFLICT (user_id) DO UPDATE SET user_name = excluded.user_name, user_name_key = excluded.user_name_key,
		       external_id = excluded.external_id, active = excluded.active, resource = excluded.resource,
		       address_keys = excluded.address_keys, gone_at = CASE WHEN $8 THEN now() END`,
		m.from.ID, m.from.AccountID, m.to.UserName, directory.EmailKey(m.to.UserName), m.to.ExternalID, m.to.Active, string(encoded), m.gone,
		addressKeys(m.to.Resource)); err != nil {
		return after, err
	}
	if m.stranger {
		if err := disinherit(ctx, tx, m.from.AccountID, m.from.ID); err != nil {
			return after, err
		}
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE users SET email = $2, email_key = CASE WHEN email_key IS NOT NULL OR $6 IN ('invited', 'active', 'awaiting_licence') THEN $3 END,
		       first_name = $4, last_name = $5, status = $6, fields = $7,
		       deactivated_by = CASE WHEN $6 IN ('deactivated', 'deleted') THEN coalesce(deactivated_by, 'source') END,
		       invitation_id = CASE WHEN $8 THEN gen_random_uuid() WHEN $6 IN ('invited', 'active', 'awaiting_licence') THEN invitation_id END,
		       invited_at = CASE WHEN $8 THEN now() ELSE invited_at END
		WHERE id = $1`,
		m.from.ID, m.to.Email, key, m.to.FirstName, m.to.LastName, m.status, m.fields(), m.invites())
	if err != nil {
		return after, err
	}
	err = tx.GetContext(ctx, &after, selectKnownUser+`WHERE u.id = $1`, m.from.ID)
	return after, err
}

// invites says whether the user is asked to set up their account: who comes in and never did.
func (m *move) invites() bool {
	return m.enters() && (m.from.AcceptedAt == nil || m.stranger) && mailable(m.to.Email)
}

// fields are the user's values after the move. A client that takes somebody over says nothing of the
// fields that it leaves out.
func (m *move) fields() directory.Values {
	fields := directory.Values{}
	if !m.stranger {
		for id, value := range m.from.Fields {
			fields[id] = value
		}
	}
	for id, value := range m.to.Fields {
		if value != nil {
			fields[id] = value
		} else if m.from.Known {
			delete(fields, id)
		}
	}
	return fields
}

// disinherit takes role, groups and set-up from a user whose place a stranger takes.
func disinherit(ctx context.Context, tx *sqlx.Tx, accountID, userID string) error {
	if err := leaveGroups(ctx, tx, accountID, userID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE users SET role_id = 'member', organization_id = NULL, accepted_at = NULL WHERE id = $1`, userID)
	return err
}

// releaseAddress takes an address from a user whom a client has deleted, for somebody who has it now.
func releaseAddress(ctx context.Context, tx *sqlx.Tx, accountID, userID, key string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE users u SET email_key = NULL FROM scim_users s
		WHERE u.account_id = $1 AND u.email_key = $2 AND u.id <> $3 AND s.user_id = u.id AND s.gone_at IS NOT NULL
		  AND u.status = 'deactivated'`, accountID, key, userID)
	return err
}

// log leaves a change that says what the move did.
func (m *move) log(ctx context.Context, tx *sqlx.Tx, after knownUser) error {
	before, now := m.snapshots(after)
	var problems directory.Problems
	if m.to.Active && !after.Status.In() {
		problems = directory.Problems{keptOut(after.Name())}
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome, problems)
		VALUES ($1, $2, $3, 'scim', $4, $5, $6, 'applied', $7)`,
		after.AccountID, after.ID, after.Name(), m.action, before, now, problems)
	if err != nil {
		return err
	}
	return noticeSCIMErrors(ctx, tx, after.AccountID, problems)
}

func keptOut(name string) directory.Problem {
	return directory.Problem{
		Code:    "kept_out_by_admin",
		Message: fmt.Sprintf("The identity provider wants %s in, but an admin deactivated them.", name),
		Remedy:  "Activate the user if they are to come back.",
	}
}

// follow sees to what the move brings with it.
func (m *move) follow(ctx context.Context, tx *sqlx.Tx, c SCIMClient, after knownUser) error {
	if m.invites() {
		if _, err := tx.ExecContext(ctx, `INSERT INTO mails (account_id, kind, user_id, cause) VALUES ($1, 'setup', $2, $3)`,
			after.AccountID, after.ID, after.InvitationID); err != nil {
			return err
		}
	}
	if m.gone {
		if err := touchGroupsOf(ctx, tx, after.AccountID, []string{after.ID}); err != nil {
			return err
		}
	}
	if m.renamed() {
		if err := joinParked(ctx, tx, after.AccountID, []string{after.ID}, []string{m.to.ExternalID}); err != nil {
			return err
		}
	}
	switch {
	case m.leaves():
		if err := noticeLeft(ctx, tx, after.User, "the SCIM client “"+c.Name+"”"); err != nil {
			return err
		}
		return fillSeats(ctx, tx, after.AccountID, directory.FromSCIM)
	case after.Status == directory.AwaitingLicence && m.enters():
		return noticeExhausted(ctx, tx, after.AccountID)
	}
	return nil
}

// mailable says whether a user's address is one that mail can be sent to. Where a client gives none, the
// user name stands in for it.
func mailable(address string) bool {
	name, host, found := strings.Cut(address, "@")
	return found && name != "" && host != "" && !strings.ContainsAny(address, " \t\r\n")
}
