package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	scimTokenColumns = `id, account_id, name, created_by, created_at, expires_at, last_used_at, revoked_at`
	scimTokenPrefix  = "rcs_"
	maxSCIMTokens    = 10 // in force at once
)

// expiryNotice is how long before a SCIM token expires the admins are told.
const expiryNotice = 14 * 24 * time.Hour

// inForce is the condition that a SCIM token has neither been revoked nor expired.
const inForce = `(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))`

// AuthenticateSCIM says which account's SCIM client has this token. A revoked token, an expired one,
// an unknown one and one of an account that has SCIM off are all the same
// directory.KindUnauthenticated error. Within a second a client is not looked up again; what this process
// changes about tokens and fields counts at once. That the token was used is noted once a minute at most.
func (s *Store) AuthenticateSCIM(ctx context.Context, token string) (SCIMClient, error) {
	var row struct {
		ID        string `db:"id"`
		AccountID string `db:"account_id"`
		Name      string `db:"name"`
		Stale     bool   `db:"stale"`
		Fields    []byte `db:"fields"`
	}
	hash, now := tokenHash(token), time.Now()
	if client, ok := s.signIns.known(hash); ok {
		return client, nil
	}
	err := s.hot.get(ctx, &row, `
		SELECT t.id, t.account_id, t.name, t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute' AS stale,
		       coalesce((SELECT json_agg(json_build_object('ID', f.id, 'AccountID', f.account_id, 'Name', f.name, 'Type', f.type) ORDER BY f.position)
		                 FROM fields f WHERE f.account_id = t.account_id AND NOT f.system), '[]') AS fields
		FROM scim_tokens t JOIN accounts a ON a.id = t.account_id
		WHERE t.hash = $1 AND `+inForce+` AND a.provisioning = 'scim'`, hash)
	if errors.Is(err, sql.ErrNoRows) {
		return SCIMClient{}, notSCIMClient()
	}
	if err != nil {
		return SCIMClient{}, wrap("authenticate SCIM client", err)
	}
	client := SCIMClient{AccountID: row.AccountID, TokenID: row.ID, Name: row.Name}
	if err := json.Unmarshal(row.Fields, &client.Fields); err != nil {
		return SCIMClient{}, fmt.Errorf("decode fields of account: %w", err)
	}
	s.signIns.note(hash, client, now)
	if !row.Stale {
		return client, nil
	}
	// Of many requests at once one notes it, and none waits for another.
	_, err = s.db.ExecContext(ctx, `
		UPDATE scim_tokens SET last_used_at = now() WHERE id = (
			SELECT id FROM scim_tokens WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
			FOR NO KEY UPDATE SKIP LOCKED)`, row.ID)
	return client, wrap("note use of SCIM token", err)
}

func notSCIMClient() error {
	return &directory.Error{Kind: directory.KindUnauthenticated, Code: "unauthenticated", Message: "The token is not valid. Use a SCIM token of your account that is in force."}
}

// CreateSCIMToken makes a token for an account's SCIM clients, whose secret is returned here only.
// The first one turns SCIM on: while directory sync is on it is the conflict "provisioning_in_use".
// No more than ten are in force at once: the conflict "too_many_tokens". createdBy is shown; without
// expiresAt the token is in force until it is revoked.
func (s *Store) CreateSCIMToken(ctx context.Context, accountID, name, createdBy string, expiresAt *time.Time) (directory.SCIMToken, string, error) {
	secret := newSecret(scimTokenPrefix)
	var token directory.SCIMToken
	err := s.inTx(ctx, "create SCIM token", func(tx *sqlx.Tx) error {
		if err := startProvisioning(ctx, tx, accountID, directory.ProvisioningSCIM); err != nil {
			return err
		}
		if err := checkNewSCIMToken(ctx, tx, accountID, expiresAt); err != nil {
			return err
		}
		err := tx.GetContext(ctx, &token, `
			INSERT INTO scim_tokens (id, account_id, name, hash, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING `+scimTokenColumns, newID(), accountID, name, tokenHash(secret), createdBy, expiresAt)
		if err != nil {
			return err
		}
		_, err = noticeExpiring(ctx, tx, `t.id = ?`, token.ID)
		return err
	})
	if err != nil {
		return directory.SCIMToken{}, "", err
	}
	return token, secret, nil
}

// checkNewSCIMToken says why an account, which is locked, can have no further token of this life.
func checkNewSCIMToken(ctx context.Context, tx *sqlx.Tx, accountID string, expiresAt *time.Time) error {
	var row struct {
		InForce int  `db:"in_force"`
		Late    bool `db:"late"`
	}
	err := tx.GetContext(ctx, &row, `
		SELECT count(*) AS in_force, coalesce($2 <= now(), false) AS late FROM scim_tokens WHERE account_id = $1 AND `+inForce, accountID, expiresAt)
	switch {
	case err != nil:
		return err
	case row.Late:
		return directory.Invalid("token_invalid", "The token would have expired already.",
			directory.FieldError{Field: "expires_at", Message: "Use a time that is still to come, or none."})
	case row.InForce >= maxSCIMTokens:
		return directory.Conflict("too_many_tokens", fmt.Sprintf("The account has %d SCIM tokens. Revoke one that is of no more use first.", row.InForce))
	}
	return nil
}

// SCIMTokens are an account's SCIM tokens, revoked and expired ones too, oldest first.
func (s *Store) SCIMTokens(ctx context.Context, accountID string) ([]directory.SCIMToken, error) {
	var tokens []directory.SCIMToken
	err := s.db.SelectContext(ctx, &tokens, `SELECT `+scimTokenColumns+` FROM scim_tokens WHERE account_id = $1 ORDER BY created_at, id`, accountID)
	return tokens, wrap("list SCIM tokens", found("account", err))
}

// RevokeSCIMToken ends a SCIM token at once. When none is in force any more, SCIM is off: users and
// groups stay as they are. Revoking it again changes nothing.
func (s *Store) RevokeSCIMToken(ctx context.Context, accountID, id string) error {
	defer s.signIns.forget()
	return s.inTx(ctx, "revoke SCIM token", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `
			UPDATE scim_tokens SET revoked_at = coalesce(revoked_at, now()) WHERE account_id = $1 AND id = $2`, accountID, id)
		if err := changed("token", result, err); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE accounts SET provisioning = 'none' WHERE id = $1 AND provisioning = 'scim'
			AND NOT EXISTS (SELECT 1 FROM scim_tokens WHERE account_id = $1 AND `+inForce+`)`, accountID)
		return err
	})
}

// NoticeExpiringSCIMTokens tells the admins of SCIM tokens that expire within 14 days, once of each,
// and returns the accounts in which it did.
func (s *Store) NoticeExpiringSCIMTokens(ctx context.Context) ([]string, error) {
	var accounts []string
	err := s.inTx(ctx, "tell of expiring SCIM tokens", func(tx *sqlx.Tx) error {
		var err error
		accounts, err = noticeExpiring(ctx, tx, `true`)
		return err
	})
	return accounts, err
}
