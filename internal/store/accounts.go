package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const accountColumns = `id, name, licences_total, licences_used, provisioning, date_format, time_zone, report_frequency, report_hour, recycle_bin_days, log_days, created_at`

// NewAccount is what an account begins with.
type NewAccount struct {
	Name       string
	OwnerEmail string
	Licences   int
}

// AccountPatch names the settings of an account to change; a nil member stays.
type AccountPatch struct {
	Name            *string
	DateFormat      *string
	TimeZone        *string
	ReportFrequency *directory.ReportFrequency
	ReportHour      *int // 0 to 23
	Licences        *int // what is added goes to those who wait; never fewer than are in use
	RecycleBinDays  *int // 1 to 365
	LogDays         *int // 30 to 3650
}

// CreateAccount makes an account with its system fields, its built-in roles and organization and its first owner,
// who is active and takes a licence, and a token of that owner, which is returned here only.
func (s *Store) CreateAccount(ctx context.Context, a NewAccount) (directory.Account, string, error) {
	var account directory.Account
	var secret string
	if err := a.validate(); err != nil {
		return account, "", err
	}
	err := s.inTx(ctx, "create account", func(tx *sqlx.Tx) error {
		id := newID()
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, name, licences_total) VALUES ($1, $2, $3)`, id, strings.TrimSpace(a.Name), a.Licences); err != nil {
			return err
		}
		for _, f := range directory.SystemFields() {
			if _, err := tx.ExecContext(ctx, `INSERT INTO fields (account_id, id, name, type, system) VALUES ($1, $2, $3, $4, true)`, id, f.ID, f.Name, f.Type); err != nil {
				return err
			}
		}
		if err := createBuiltInRoles(ctx, tx, id); err != nil {
			return err
		}
		if err := createBuiltInOrganization(ctx, tx, id); err != nil {
			return err
		}
		owner, err := createOwner(ctx, tx, id, strings.TrimSpace(a.OwnerEmail))
		if err != nil {
			return err
		}
		if _, secret, err = createToken(ctx, tx, id, "First token", directory.RoleAccountOwner, &owner); err != nil {
			return err
		}
		return tx.GetContext(ctx, &account, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, id)
	})
	if err != nil {
		return directory.Account{}, "", err
	}
	return account, secret, nil
}

func (a NewAccount) validate() error {
	var wrong []directory.FieldError
	if strings.TrimSpace(a.Name) == "" {
		wrong = append(wrong, directory.FieldError{Field: "name", Message: "An account needs a name."})
	}
	if !strings.Contains(strings.Trim(a.OwnerEmail, " @"), "@") {
		wrong = append(wrong, directory.FieldError{Field: "owner", Message: "The owner needs an email address."})
	}
	if a.Licences < 1 {
		wrong = append(wrong, directory.FieldError{Field: "licences", Message: "An account needs at least one licence, for its owner."})
	}
	if len(wrong) > 0 {
		return directory.Invalid("account_invalid", "The account cannot be made like this.", wrong...)
	}
	return nil
}

func createOwner(ctx context.Context, tx *sqlx.Tx, accountID, email string) (string, error) {
	id := newID()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, role_id, source, accepted_at)
		VALUES ($1, $2, $3, $4, 'Account', 'Owner', 'active', 'account_owner', 'admin', now())`,
		id, accountID, email, directory.EmailKey(email))
	return id, err
}

// Account is the account with the id.
func (s *Store) Account(ctx context.Context, id string) (directory.Account, error) {
	var account directory.Account
	err := s.db.GetContext(ctx, &account, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, id)
	return account, wrap("load account", found("account", err))
}

// UpdateAccount changes settings of an account. Licences that are added go to those who wait;
// fewer than are in use are the conflict "licences_in_use".
func (s *Store) UpdateAccount(ctx context.Context, id string, patch AccountPatch) (directory.Account, error) {
	var account directory.Account
	err := s.inTx(ctx, "update account", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, id); err != nil {
			return err
		}
		if err := patch.check(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE accounts SET name = coalesce($2, name), date_format = coalesce($3, date_format),
			       time_zone = coalesce($4, time_zone), report_frequency = coalesce($5, report_frequency),
			       licences_total = coalesce($6, licences_total), recycle_bin_days = coalesce($7, recycle_bin_days),
			       log_days = coalesce($8, log_days), report_hour = coalesce($9, report_hour)
			WHERE id = $1`,
			id, patch.Name, patch.DateFormat, patch.TimeZone, patch.ReportFrequency, patch.Licences, patch.RecycleBinDays, patch.LogDays, patch.ReportHour); err != nil {
			return err
		}
		if err := fillSeats(ctx, tx, id, directory.FromAdmin); err != nil {
			return err
		}
		return tx.GetContext(ctx, &account, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, id)
	})
	return account, err
}

// check says what of the patch the account, which is locked, does not allow.
func (p AccountPatch) check(ctx context.Context, tx *sqlx.Tx, id string) error {
	if p.RecycleBinDays != nil && (*p.RecycleBinDays < 1 || *p.RecycleBinDays > 365) {
		return directory.Invalid("account_invalid", "The account cannot be changed like this.",
			directory.FieldError{Field: "recycle_bin_days", Message: "Deleted users can be restored for 1 to 365 days."})
	}
	if p.LogDays != nil && (*p.LogDays < 30 || *p.LogDays > 3650) {
		return directory.Invalid("account_invalid", "The account cannot be changed like this.",
			directory.FieldError{Field: "log_days", Message: "The sync log is kept for 30 to 3650 days."})
	}
	if p.ReportHour != nil && (*p.ReportHour < 0 || *p.ReportHour > 23) {
		return directory.Invalid("account_invalid", "The account cannot be changed like this.",
			directory.FieldError{Field: "report_hour", Message: "The hour of the report is 0 to 23."})
	}
	if p.Licences == nil {
		return nil
	}
	var used int
	if err := tx.GetContext(ctx, &used, `SELECT licences_used FROM accounts WHERE id = $1`, id); err != nil {
		return err
	}
	if *p.Licences < used {
		return directory.Conflict("licences_in_use", fmt.Sprintf(
			"%d licences are in use, so there cannot be only %d. Deactivate users first.", used, *p.Licences))
	}
	return nil
}

// Accounts are all accounts, oldest first.
func (s *Store) Accounts(ctx context.Context) ([]directory.Account, error) {
	var accounts []directory.Account
	err := s.db.SelectContext(ctx, &accounts, `SELECT `+accountColumns+` FROM accounts ORDER BY created_at, id`)
	return accounts, wrap("list accounts", err)
}
