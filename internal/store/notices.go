package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// noticedRun is what a run's notices need to know of it.
type noticedRun struct {
	ID        string              `db:"id"`
	AccountID string              `db:"account_id"`
	Number    int                 `db:"number"`
	Kind      directory.RunKind   `db:"kind"`
	Status    directory.RunStatus `db:"status"`
	Reason    string              `db:"reason"`
	Settings  directory.Settings  `db:"settings"`
	Tenant    string              `db:"tenant"`
}

func getNoticedRun(ctx context.Context, tx *sqlx.Tx, id string) (noticedRun, error) {
	var run noticedRun
	err := tx.GetContext(ctx, &run, `
		SELECT r.id, r.account_id, r.number, r.kind, r.status, r.reason, r.settings, coalesce(n.tenant->>'name', '') AS tenant
		FROM runs r JOIN configurations f ON f.id = r.configuration_id JOIN connections n ON n.id = f.connection_id
		WHERE r.id = $1`, id)
	return run, err
}

// noticeClosed tells of a run that has just ended: its recipients when it failed or was a success
// in part only, and the admins who are left when it took one out. Of a preview and of a cancelled
// run nobody is told, but of the admins who left before it was cancelled. Telling again changes
// nothing.
func noticeClosed(ctx context.Context, tx *sqlx.Tx, runID string) error {
	run, err := getNoticedRun(ctx, tx, runID)
	if err != nil || run.Kind == directory.KindPreview {
		return err
	}
	var title, message string
	kind := directory.NoticeRunFailed
	switch run.Status {
	case directory.RunFailure:
		title, message = failedText(run)
	case directory.RunPartialSuccess:
		kind = directory.NoticeRunPartial
		sum, err := sumErrors(ctx, tx, run.ID)
		if err != nil {
			return err
		}
		title, message = partialText(run, sum)
	}
	if title != "" {
		if err := noticeRecipients(ctx, tx, run, kind, title, message); err != nil {
			return err
		}
	}
	if err := noticeLeavers(ctx, tx, run); err != nil {
		return err
	}
	return noticeWaiting(ctx, tx, run)
}

// noticeHeld tells the recipients of a run that it waits for an admin's approval from now on.
func noticeHeld(ctx context.Context, tx *sqlx.Tx, runID string) error {
	run, err := getNoticedRun(ctx, tx, runID)
	if err != nil || run.Kind == directory.KindPreview {
		return err
	}
	title, message := heldText(run)
	return noticeRecipients(ctx, tx, run, directory.NoticeRunHeld, title, message)
}

// noticeRecipients tells those whom the run's settings name and who are active or, when none of
// them is, the account owners and super admins.
func noticeRecipients(ctx context.Context, tx *sqlx.Tx, run noticedRun, kind directory.NotificationKind, title, message string) error {
	named := slices.DeleteFunc(slices.Clone(run.Settings.NotifyUserIDs), func(id string) bool { return uuid.Validate(id) != nil })
	var to audience
	err := tx.SelectContext(ctx, &to.users, `
		SELECT id FROM users WHERE account_id = $1 AND id = ANY($2::uuid[]) AND status = 'active'`, run.AccountID, pq.StringArray(named))
	if err != nil {
		return err
	}
	if len(to.users) == 0 {
		to.roles = []string{directory.RoleAccountOwner, directory.RoleSuperAdmin}
	}
	return notify(ctx, tx, run.AccountID, to, notice{kind: kind, cause: run.ID, runID: &run.ID, title: title, message: message})
}

// noticeLeavers tells the admins who are left which admins the run took out, or made something else.
func noticeLeavers(ctx context.Context, tx *sqlx.Tx, run noticedRun) error {
	var leavers []leaver
	err := tx.SelectContext(ctx, &leavers, `
		SELECT c.label, r.name AS role, CASE WHEN c.after->>'status' IN ('deactivated', 'deleted') THEN u.status ELSE `+givenRole+` END AS fate
		FROM changes c JOIN users u ON u.id = c.user_id
		JOIN roles r ON r.account_id = u.account_id AND r.id = coalesce(c.before->>'role', u.role_id)
		LEFT JOIN roles n ON n.account_id = u.account_id AND n.id = c.after->>'role'
		WHERE c.run_id = $1 AND c.outcome = 'applied' AND r.id = ANY($2) AND (
		      c.before->>'status' IN ('invited', 'active', 'awaiting_licence') AND c.after->>'status' IN ('deactivated', 'deleted')
		   OR c.before ? 'role' AND c.after->>'role' <> ALL($2))
		ORDER BY c.id`, run.ID, pq.StringArray(adminRoles()))
	if err != nil || len(leavers) == 0 {
		return err
	}
	by := "the directory sync " + run.name()
	if run.Kind == directory.KindUndo {
		by = "an undo of " + by
	}
	title, message := leaversText(by, leavers)
	return noticeAdmins(ctx, tx, run.AccountID, notice{kind: directory.NoticeAdminLeft, cause: run.ID, runID: &run.ID, title: title, message: message})
}

// givenRole is the fate of an admin who has the role n now.
const givenRole = `format('given the role “%s”', coalesce(n.name, 'Member'))`

// noticeDemoted tells the admins who are left which of some users of an account, as they were before, were
// admins and are none now.
func noticeDemoted(ctx context.Context, tx *sqlx.Tx, accountID string, before []directory.User, by string) error {
	var ids, roles []string
	for _, user := range before {
		if directory.MayAdminister(user.RoleID) && user.Status.In() {
			ids, roles = append(ids, user.ID), append(roles, user.RoleID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var leavers []leaver
	err := tx.SelectContext(ctx, &leavers, `
		SELECT `+userLabel+` AS label, r.name AS role, `+givenRole+` AS fate
		FROM unnest($2::uuid[], $3::text[]) AS b (id, role_id)
		JOIN users u ON u.id = b.id AND u.account_id = $1
		JOIN roles r ON r.account_id = u.account_id AND r.id = b.role_id
		JOIN roles n ON n.account_id = u.account_id AND n.id = u.role_id
		WHERE n.id <> ALL($4) ORDER BY u.id`, accountID, pq.StringArray(ids), pq.StringArray(roles), pq.StringArray(adminRoles()))
	if err != nil || len(leavers) == 0 {
		return err
	}
	title, message := leaversText(by, leavers)
	return noticeAdmins(ctx, tx, accountID, notice{kind: directory.NoticeAdminLeft, cause: newID(), title: title, message: message})
}

// noticeWaiting tells the admins when the run brought back somebody for whom no licence is left.
func noticeWaiting(ctx context.Context, tx *sqlx.Tx, run noticedRun) error {
	var waits bool
	err := tx.GetContext(ctx, &waits, `
		SELECT EXISTS (
			SELECT 1 FROM changes c JOIN users u ON u.id = c.user_id
			WHERE c.run_id = $1 AND c.outcome = 'applied' AND c.after->>'status' = 'awaiting_licence' AND u.status = 'awaiting_licence')`, run.ID)
	if err != nil || !waits {
		return err
	}
	return noticeExhausted(ctx, tx, run.AccountID)
}

// noticeLeft tells the admins who are left that one of them was taken out, and by whom.
func noticeLeft(ctx context.Context, tx *sqlx.Tx, user directory.User, by string) error {
	if !directory.MayAdminister(user.RoleID) {
		return nil
	}
	var role string
	if err := tx.GetContext(ctx, &role, `SELECT name FROM roles WHERE account_id = $1 AND id = $2`, user.AccountID, user.RoleID); err != nil {
		return err
	}
	title, message := leaversText(by, []leaver{{Label: user.Name(), Role: role, Fate: string(user.Status)}})
	return noticeAdmins(ctx, tx, user.AccountID, notice{kind: directory.NoticeAdminLeft, cause: newID(), title: title, message: message})
}

// noticeExhausted tells the admins that licences have run out, unless they have that notification
// and have not read it.
func noticeExhausted(ctx context.Context, tx *sqlx.Tx, accountID string) error {
	title, message := exhaustedText()
	return noticeAdmins(ctx, tx, accountID, notice{kind: directory.NoticeLicencesExhausted, cause: newID(), title: title, message: message})
}

// noticeGranted tells users that the licence they waited for is theirs.
func noticeGranted(ctx context.Context, tx *sqlx.Tx, accountID string, users []directory.User) error {
	ids := make([]string, len(users))
	for i, user := range users {
		ids[i] = user.ID
	}
	title, message := grantedText()
	return notify(ctx, tx, accountID, audience{users: ids}, notice{kind: directory.NoticeLicenceGranted, cause: newID(), title: title, message: message})
}

// noticeSCIMHeld tells the admins that the guard holds the removals of a SCIM client from now on:
// removals are those that it counts, with the one that was too many. It belongs into the transaction
// that begins the hold.
func noticeSCIMHeld(ctx context.Context, tx *sqlx.Tx, accountID, client string, removals int, g directory.Guard) error {
	title, message := scimHeldText(client, removals, g)
	return noticeAdmins(ctx, tx, accountID, notice{kind: directory.NoticeSCIMHeld, cause: newID(), title: title, message: message})
}

// noticeSCIMErrors tells the admins that what a SCIM client wants has errors: of each kind of error
// once a day. The log and the report have the others.
func noticeSCIMErrors(ctx context.Context, tx *sqlx.Tx, accountID string, problems directory.Problems) error {
	for _, p := range problems {
		cause := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "rollcall/%s/scim/%s/%s", accountID, p.Code, time.Now().UTC().Format(time.DateOnly)))
		title, message := scimErrorsText(p)
		if err := noticeAdmins(ctx, tx, accountID, notice{kind: directory.NoticeSCIMErrors, cause: cause.String(), title: title, message: message}); err != nil {
			return err
		}
	}
	return nil
}

// noticeExpiring tells the admins of each SCIM token that expires within expiryNotice, or has, unless
// they were told of it before, and returns the accounts that have such tokens. The condition narrows
// the tokens t to look at.
func noticeExpiring(ctx context.Context, tx *sqlx.Tx, condition string, args ...any) ([]string, error) {
	q := query{text: `
		UPDATE scim_tokens t SET expiry_told_at = now() FROM accounts a
		WHERE a.id = t.account_id AND a.provisioning = 'scim' AND t.revoked_at IS NULL AND t.expiry_told_at IS NULL`}
	q.and(`t.expires_at < now() + ? * interval '1 second'`, int(expiryNotice.Seconds()))
	q.and(condition, args...)
	q.add(` RETURNING t.id, t.account_id, t.name, t.expires_at, t.expires_at <= now() AS expired, a.date_format, a.time_zone`)
	var tokens []expiringToken
	if err := tx.SelectContext(ctx, &tokens, q.text, q.args...); err != nil {
		return nil, err
	}
	var accounts []string
	for _, token := range tokens {
		title, message := expiringText(token)
		if err := noticeAdmins(ctx, tx, token.AccountID, notice{kind: directory.NoticeSCIMTokenExpiring, cause: token.ID, title: title, message: message}); err != nil {
			return nil, err
		}
		accounts = append(accounts, token.AccountID)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts), nil
}

func noticeAdmins(ctx context.Context, tx *sqlx.Tx, accountID string, n notice) error {
	return notify(ctx, tx, accountID, audience{roles: adminRoles()}, n)
}

func adminRoles() []string {
	return []string{directory.RoleAccountOwner, directory.RoleSuperAdmin, directory.RoleUserAdmin}
}
