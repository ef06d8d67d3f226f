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
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// move is a user's way from what they are to what a SCIM client says of them.
type move struct {
	from    knownUser
	to      scim.User
	arrives bool // created, though they are in the account
	gone    bool // deleted by the client

	status directory.UserStatus
	action directory.Action
}

// moveOf is what a client's change of a user whom it sees comes to. Each change settles whether the user
// is in, also one that repeats what the client said before an admin, or a directory, said otherwise.
func moveOf(from knownUser, to scim.User) move {
	m := move{from: from, to: to, status: from.Status, action: directory.ActionUpdate}
	m.settle()
	return m
}

// settle has the user go where the client wants them.
func (m *move) settle() {
	switch {
	case !m.to.Active && m.from.Status.In():
		m.status, m.action = directory.Deactivated, directory.ActionDeactivate
	case m.to.Active && m.mayReturn():
		m.status, m.action = directory.Active, directory.ActionReactivate
	}
	if !m.said("name") {
		m.to.FirstName, m.to.LastName = m.from.FirstName, m.from.LastName
	}
}

// said says whether the client's resource has the attribute, now or before.
func (m *move) said(attribute string) bool {
	return m.to.Resource[attribute] != nil || m.from.visible() && m.from.Resource[attribute] != nil
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
	m.settle()
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
	missing, err := resolvePeople(ctx, tx, c, &m.to)
	if err != nil {
		return SCIMUser{}, err
	}
	after, err := m.write(ctx, tx)
	if err != nil {
		return SCIMUser{}, err
	}
	if c.namesPeople() {
		if err := parkSCIMPeople(ctx, tx, c.AccountID, after.ID, missing); err != nil {
			return SCIMUser{}, err
		}
	}
	if err := m.log(ctx, tx, after); err != nil {
		return SCIMUser{}, err
	}
	if err := m.follow(ctx, tx, c, after); err != nil {
		return SCIMUser{}, err
	}
	user, err := after.shown(ctx, tx)
	if err != nil || !m.enters() && !m.renamed() {
		return user, err
	}
	return user, user.assign(ctx, tx, c.AccountID)
}

// write brings user and resource to where the move leads.
func (m *move) write(ctx context.Context, tx *sqlx.Tx) (knownUser, error) {
	var after knownUser
	key := directory.EmailKey(m.to.Email)
	holds := m.from.EmailKey != nil || m.status.In()
	if holds && (m.from.EmailKey == nil || *m.from.EmailKey != key) {
		if err := releaseAddress(ctx, tx, m.from.AccountID, key); err != nil {
			return after, err
		}
	}
	encoded, err := json.Marshal(m.to.Resource)
	if err != nil {
		return after, err
	}
	err = tx.GetContext(ctx, &after, `
		WITH said AS (
			INSERT INTO scim_users AS s (user_id, account_id, user_name, user_name_key, external_id, active, resource, address_keys)
			VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $7, string_to_array($8, E'\x1f'))
			ON CONFLICT (user_id) DO UPDATE SET user_name = excluded.user_name, user_name_key = excluded.user_name_key,
			       external_id = excluded.external_id, active = excluded.active, resource = excluded.resource,
			       address_keys = excluded.address_keys, gone_at = CASE WHEN $9 THEN now() END
		)
		UPDATE users SET email = $10, email_key = CASE WHEN $11 THEN $12 END, first_name = $13, last_name = $14, status = $15, fields = $16,
		       deactivated_by = CASE WHEN $15 IN ('deactivated', 'deleted') THEN coalesce(deactivated_by, 'source') END,
		       invitation_id = CASE WHEN $17 THEN gen_random_uuid() WHEN $15 IN ('invited', 'active', 'awaiting_licence') THEN invitation_id END,
		       invited_at = CASE WHEN $17 THEN now() ELSE invited_at END
		WHERE id = $1 RETURNING `+userColumns+`, email_key, invitation_id`,
		m.from.ID, m.from.AccountID, m.to.UserName, directory.EmailKey(m.to.UserName), m.to.ExternalID, m.to.Active, string(encoded),
		addressKeys(m.to.Resource), m.gone,
		m.to.Email, holds, key, m.to.FirstName, m.to.LastName, m.status, m.fields(), m.invites())
	after.Known, after.Wanted, after.UserName, after.ExternalID, after.Resource = true, m.to.Active, m.to.UserName, m.to.ExternalID, resource(m.to.Resource)
	return after, err
}

// invites says whether the user is asked to set up their account: who comes in and never did, and who was
// asked at another address.
func (m *move) invites() bool {
	moves := m.from.InvitationID != nil && directory.EmailKey(m.from.Email) != directory.EmailKey(m.to.Email)
	return m.from.AcceptedAt == nil && m.status.In() && (m.enters() || moves) && mailable(m.to.Email)
}

// fields are the user's values after the move. Those that the client never said stay as they are.
func (m *move) fields() directory.Values {
	said, _ := m.from.Resource[schema.AccountExtensionURN(m.from.AccountID)].(map[string]any)
	fields := directory.Values{}
	for id, value := range m.from.Fields {
		fields[id] = value
	}
	for id, value := range m.to.Fields {
		if value != nil {
			fields[id] = value
		} else if _, had := said[id]; had {
			delete(fields, id)
		}
	}
	return fields
}

// releaseAddress takes an address from a user whom a client has deleted, for somebody who has it now.
func releaseAddress(ctx context.Context, tx *sqlx.Tx, accountID, key string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE users u SET email_key = NULL FROM scim_users s
		WHERE u.account_id = $1 AND u.email_key = $2 AND s.user_id = u.id AND s.gone_at IS NOT NULL AND u.status = 'deactivated'`,
		accountID, key)
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
		kind := MailSetup
		if after.Status == directory.Invited {
			kind = MailInvitation
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO mails (account_id, kind, user_id, cause) VALUES ($1, $2, $3, $4)`,
			after.AccountID, kind, after.ID, after.InvitationID); err != nil {
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
		if err := namePeople(ctx, tx, c, []string{after.ID}, []string{m.to.ExternalID}); err != nil {
			return err
		}
	}
	if m.enters() {
		if err := letGo(ctx, tx, after.AccountID, after.ID); err != nil {
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
