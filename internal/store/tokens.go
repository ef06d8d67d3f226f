package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	tokenColumns = `id, account_id, name, role_id, user_id, created_at, last_used_at, revoked_at`
	tokenPrefix  = "rc_"
)

// Authenticate says whose token this is. A revoked token, an unknown one and one whose user is
// not active any more are all the same directory.KindUnauthenticated error. A token that belongs
// to a user acts with that user's present role.
func (s *Store) Authenticate(ctx context.Context, token string) (directory.Principal, error) {
	var row struct {
		ID        string  `db:"id"`
		AccountID string  `db:"account_id"`
		UserID    *string `db:"user_id"`
		RoleID    string  `db:"role_id"`
		Name      string  `db:"name"`
		Stale     bool    `db:"stale"`
	}
	err := s.db.GetContext(ctx, &row, `
		SELECT t.id, t.account_id, t.user_id, coalesce(u.role_id, t.role_id) AS role_id,
		       coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), t.name) AS name,
		       t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute' AS stale
		FROM api_tokens t LEFT JOIN users u ON u.id = t.user_id
		WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.user_id IS NULL OR u.status = 'active')`, tokenHash(token))
	if errors.Is(err, sql.ErrNoRows) {
		return directory.Principal{}, &directory.Error{Kind: directory.KindUnauthenticated, Code: "unauthenticated", Message: "The token is not valid. Sign in with a token of your account."}
	}
	if err != nil {
		return directory.Principal{}, wrap("authenticate", err)
	}
	if row.Stale {
		if _, err := s.db.ExecContext(ctx, `UPDATE api_tokens SET last_used_at = now() WHERE id = $1`, row.ID); err != nil {
			return directory.Principal{}, wrap("note use of token", err)
		}
	}
	principal := directory.Principal{AccountID: row.AccountID, TokenID: row.ID, RoleID: row.RoleID, Name: row.Name}
	if row.UserID != nil {
		principal.UserID = *row.UserID
	}
	return principal, nil
}

// CreateToken makes a token that belongs to no user. The secret is returned here only.
func (s *Store) CreateToken(ctx context.Context, accountID, name, roleID string) (directory.Token, string, error) {
	var token directory.Token
	var secret string
	err := s.inTx(ctx, "create token", func(tx *sqlx.Tx) error {
		if strings.TrimSpace(name) == "" {
			return directory.Invalid("token_invalid", "A token needs a name.", directory.FieldError{Field: "name", Message: "Say what the token is for."})
		}
		var known bool
		if err := found("account", tx.GetContext(ctx, &known, `SELECT EXISTS (SELECT 1 FROM roles WHERE account_id = $1 AND id = $2)`, accountID, roleID)); err != nil {
			return err
		}
		if !known {
			return directory.NotFound("role")
		}
		var err error
		token, secret, err = createToken(ctx, tx, accountID, strings.TrimSpace(name), roleID, nil)
		return err
	})
	if err != nil {
		return directory.Token{}, "", err
	}
	return token, secret, nil
}

func createToken(ctx context.Context, tx *sqlx.Tx, accountID, name, roleID string, userID *string) (directory.Token, string, error) {
	secret := newSecret(tokenPrefix)
	var token directory.Token
	err := tx.GetContext(ctx, &token, `
		INSERT INTO api_tokens (id, account_id, name, hash, role_id, user_id) VALUES ($1, $2, $3, $4, $5, $6)
		RETURNING `+tokenColumns, newID(), accountID, name, tokenHash(secret), roleID, userID)
	return token, secret, err
}

// Tokens are an account's tokens, revoked ones too, oldest first.
func (s *Store) Tokens(ctx context.Context, accountID string) ([]directory.Token, error) {
	var tokens []directory.Token
	err := s.db.SelectContext(ctx, &tokens, `SELECT `+tokenColumns+` FROM api_tokens WHERE account_id = $1 ORDER BY created_at, id`, accountID)
	return tokens, wrap("list tokens", found("account", err))
}

// RevokeToken ends a token at once. Revoking it again changes nothing.
func (s *Store) RevokeToken(ctx context.Context, accountID, id string) error {
	result, err := s.db.ExecContext(ctx, `
		UPDATE api_tokens SET revoked_at = coalesce(revoked_at, now()) WHERE account_id = $1 AND id = $2`, accountID, id)
	return wrap("revoke token", changed("token", result, err))
}

// newSecret is a token that nobody can guess; prefix tells people what it is.
func newSecret(prefix string) string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(random)
}

// tokenHash is what is kept of a token or a consent state: they are long and random, so one
// round of SHA-256 is enough.
func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
