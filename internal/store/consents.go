package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Consent is a consent that is on its way: what the state in an address stands for.
type Consent struct {
	AccountID    string    `db:"account_id"`
	ConnectionID string    `db:"connection_id"`
	RequestedBy  string    `db:"requested_by"` // the token of the admin who began it
	State        string    `db:"-"`            // the secret that the provider hands back; only its hash is kept
	Sealed       []byte    `db:"sealed"`       // proves that the answer is to our question
	TenantID     string    `db:"tenant_id"`    // that a sign-in has proven; empty: none yet
	Expires      time.Time `db:"expires_at"`
}

// BeginConsent notes that consent for a connection was asked for. Consents of the connection that
// have expired go. A connection that was revoked is directory.KindGone.
func (s *Store) BeginConsent(ctx context.Context, c Consent) error {
	return s.inTx(ctx, "begin consent", func(tx *sqlx.Tx) error {
		before, err := getConnection(ctx, tx, `
			SELECT `+connectionColumns+` FROM connections WHERE account_id = $1 AND id = $2 FOR SHARE`, c.AccountID, c.ConnectionID)
		if err != nil {
			return err
		}
		if before.State == directory.ConnectionRevoked {
			return connectionRevoked()
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM consents WHERE connection_id = $1 AND expires_at <= now()`, c.ConnectionID); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `
			INSERT INTO consents (state_hash, account_id, connection_id, requested_by, sealed, tenant_id, expires_at)
			SELECT $1, account_id, $3, id, $5, nullif($6, ''), $7 FROM api_tokens WHERE account_id = $2 AND id = $4`,
			tokenHash(c.State), c.AccountID, c.ConnectionID, c.RequestedBy, c.Sealed, c.TenantID, c.Expires)
		return changed("token", result, err)
	})
}

// selectConsent is a consent that can still be used, with whether its requester still may.
const selectConsent = `
	SELECT c.account_id, c.connection_id, c.requested_by, c.sealed, coalesce(c.tenant_id, '') AS tenant_id, c.expires_at,
	       t.revoked_at IS NULL AND (u.id IS NULL OR u.status = 'active') AS stands, coalesce(u.role_id, t.role_id) AS role_id
	FROM consents c JOIN connections n ON n.id = c.connection_id JOIN api_tokens t ON t.id = c.requested_by
	LEFT JOIN users u ON u.id = t.user_id
	WHERE c.state_hash = $1 AND c.expires_at > now() AND n.state <> 'revoked' `

func getConsent(ctx context.Context, db sqlx.QueryerContext, state, lock string) (Consent, error) {
	var row struct {
		Consent
		Stands bool   `db:"stands"`
		RoleID string `db:"role_id"`
	}
	err := found("consent", sqlx.GetContext(ctx, db, &row, selectConsent+lock, tokenHash(state)))
	switch {
	case directory.HasCode(err, "not_found"):
		return Consent{}, gone("consent_state_used_or_expired", "This consent was used already, has expired, or is not ours. Start connecting again.")
	case err != nil:
		return Consent{}, err
	case !row.Stands || !directory.MayAdminister(row.RoleID):
		return Consent{}, &directory.Error{Kind: directory.KindForbidden, Code: "consent_requester",
			Message: "Whoever began this connection may no longer manage provisioning.", Remedy: "Have an admin of the account start connecting again."}
	}
	row.State = state
	return row.Consent, nil
}

// PeekConsent is the consent that a state stands for, with the errors of TakeConsent. It stays.
func (s *Store) PeekConsent(ctx context.Context, state string) (Consent, error) {
	consent, err := getConsent(ctx, s.db, state, "")
	return consent, wrap("load consent", err)
}

// TakeConsent uses up the consent that a state stands for. A state works once; a used, expired or
// unknown one is the directory.KindGone error "consent_state_used_or_expired". When its requester
// may not administer any more, it is directory.KindForbidden, and the state is used up no less.
func (s *Store) TakeConsent(ctx context.Context, state string) (Consent, directory.Connection, error) {
	var consent Consent
	var connection directory.Connection
	var refused error
	err := s.inTx(ctx, "take consent", func(tx *sqlx.Tx) error {
		consent, refused = getConsent(ctx, tx, state, `FOR UPDATE OF c`)
		if refused != nil && !directory.HasCode(refused, "consent_requester") {
			return refused
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM consents WHERE state_hash = $1`, tokenHash(state)); err != nil || refused != nil {
			return err
		}
		var err error
		connection, err = getConnection(ctx, tx, `SELECT `+connectionColumns+` FROM connections WHERE id = $1`, consent.ConnectionID)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return Consent{}, directory.Connection{}, err
	}
	return consent, connection, nil
}
