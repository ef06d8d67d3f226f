package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// recipients has the configuration's runs tell these users.
func (b *bench) recipients(ids ...string) {
	b.t.Helper()
	settings := b.config.Settings
	settings.NotifyUserIDs = ids
	_, err := b.store.UpdateSettings(b.t.Context(), b.account.ID, b.config.ID, settings)
	require.NoError(b.t, err)
}

func (b *bench) owner() string {
	b.t.Helper()
	who, err := b.store.Authenticate(b.t.Context(), b.token)
	require.NoError(b.t, err)
	return who.UserID
}

// told is what a user was told, newest first.
func (b *bench) told(userID string) []directory.Notification {
	b.t.Helper()
	page, err := b.store.Notifications(b.t.Context(), b.account.ID, userID, store.NotificationFilter{})
	require.NoError(b.t, err)
	return page.Items
}

// end opens a run and closes it with the status.
func (b *bench) end(kind directory.RunKind, status directory.RunStatus, reason string) string {
	b.t.Helper()
	run := b.openRun(kind)
	b.closeAs(run, status, reason)
	return run
}

func (b *bench) closeAs(run string, status directory.RunStatus, reason string) {
	b.t.Helper()
	_, err := b.store.CloseRun(b.t.Context(), run, status, reason)
	require.NoError(b.t, err)
}

func faulty(id, code, remedy string) mapping.Record {
	r := person(id, id+"@corp.example")
	r.Problems = append(r.Problems, directory.Problem{Code: code, Field: "department", Message: "'Secret value' of " + id + " is wrong.", Remedy: remedy})
	return r
}

func TestCaseM3_OneNoticePerFailedRunAndRecipient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ana := b.insert("ana@corp.example", directory.RoleUserAdmin, directory.Active)
	out := b.insert("out@corp.example", directory.RoleUserAdmin, directory.Active)
	_, err := b.store.DeactivateUser(ctx, b.account.ID, out)
	require.NoError(t, err)
	_, err = b.db.Exec(`DELETE FROM mails; DELETE FROM notifications`)
	require.NoError(t, err)
	b.recipients(ana, out, "no id", ana)

	run := b.end(directory.KindSync, directory.RunFailure, "Microsoft Entra ID no longer lets Rollcall in. Give consent again.")
	b.closeAs(run, directory.RunFailure, "again")
	got := b.told(ana)
	require.Len(t, got, 1, "closing again tells nobody again")
	require.Equal(t, directory.NoticeRunFailed, got[0].Kind)
	require.Equal(t, run, *got[0].RunID)
	require.Equal(t, "The directory sync “Staff” failed", got[0].Title)
	require.Equal(t, []string{
		"Run 1 of the directory sync “Staff” (Corp) failed.",
		"Microsoft Entra ID no longer lets Rollcall in. Give consent again.",
		"What to do: put right what is said above, then sync again. What the run had not changed by then stays as it was.",
	}, strings.Split(got[0].Message, "\n"))
	require.Empty(t, b.told(out))
	require.Empty(t, b.told(b.owner()))

	due, err := b.store.DueMails(ctx, b.account.ID, 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, store.MailNotice, due[0].Kind)
	require.Equal(t, got[0].ID, due[0].Cause)
	require.Equal(t, "ana@corp.example", due[0].To)
	require.Equal(t, got[0].Title, due[0].Title)
	require.Equal(t, got[0].Message, due[0].Message)
	require.True(t, due[0].Stands)

	b.end(directory.KindSync, directory.RunFailure, "The same.")
	require.Len(t, b.told(ana), 2, "the next failure is told too")
	_, err = b.store.DeactivateUser(ctx, b.account.ID, ana)
	require.NoError(t, err)
	due, err = b.store.DueMails(ctx, b.account.ID, 10)
	require.NoError(t, err)
	for _, m := range due {
		require.Equal(t, m.UserID != ana, m.Stands)
	}
}

func TestA15_WithoutAnActiveRecipientTheOwnersAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	super := b.insert("super@corp.example", directory.RoleSuperAdmin, directory.Active)
	users := b.insert("users@corp.example", directory.RoleUserAdmin, directory.Active)
	invited := b.insert("invited@corp.example", directory.RoleSuperAdmin, directory.Invited)
	b.recipients(invited)
	b.end(directory.KindSync, directory.RunFailure, "")
	require.Len(t, b.told(b.owner()), 1)
	require.Len(t, b.told(super), 1)
	require.Contains(t, b.told(super)[0].Message, "No reason is known.")
	require.Empty(t, b.told(users))
	require.Empty(t, b.told(invited))
}

func TestA15_WhatNobodyIsToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.end(directory.KindPreview, directory.RunFailure, "No.")
	b.end(directory.KindSync, directory.RunCancelled, "Stopped by an admin.")
	b.sync(people(2)...)
	preview := b.openRun(directory.KindPreview)
	b.stage(preview, faulty("1", "date_format", "Correct it."))
	b.plan(preview)
	b.closeAs(preview, "", "")
	require.Zero(t, b.count(`SELECT count(*) FROM notifications`))
}

// A run of which 100 records have errors is one notice with a sum, without what is personal.
func TestCaseM3_PartialSuccessIsOneSum(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var records []mapping.Record
	for i := range 100 {
		records = append(records, faulty(fmt.Sprintf("d-%03d", i), "date_format", "Use DD/MM/YYYY."))
	}
	for kind := range 11 {
		records = append(records, faulty(fmt.Sprintf("k-%02d", kind), fmt.Sprintf("kind_%02d", kind), "Correct it."))
	}
	records[0].Problems = append(records[0].Problems, directory.Problem{Code: "date_format", Field: "city", Message: "Also.", Remedy: "Also."})
	run := b.sync(records...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)

	got := b.told(b.owner())
	require.Len(t, got, 1)
	require.Equal(t, directory.NoticeRunPartial, got[0].Kind)
	require.Equal(t, "The directory sync “Staff” had errors", got[0].Title)
	lines := strings.Split(got[0].Message, "\n")
	require.Equal(t, "Run 1 of the directory sync “Staff” (Corp) is complete, but 111 records have an error. Everything else was taken over.", lines[0])
	require.Equal(t, "100 records: date format. Use DD/MM/YYYY.", lines[1])
	require.Equal(t, "1 record: kind 00. Correct it.", lines[2])
	require.Len(t, lines, 13, "ten kinds, and how many more there are")
	require.Equal(t, "And 2 more kinds of error.", lines[11])
	for _, personal := range []string{"Secret value", "corp.example", "First", "d-0"} {
		require.NotContains(t, got[0].Message, personal)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'notice'`))
}

func TestF2_HeldRunTellsItsRecipients(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.openRun(directory.KindSync)
	for range 2 {
		require.NoError(t, b.store.HoldRun(t.Context(), run, directory.RunAwaitingApproval, "It would remove 600 of 1,000 users.", ""))
	}
	got := b.told(b.owner())
	require.Len(t, got, 1)
	require.Equal(t, directory.NoticeRunHeld, got[0].Kind)
	require.Equal(t, "The directory sync “Staff” awaits approval", got[0].Title)
	require.Contains(t, got[0].Message, "\nIt would remove 600 of 1,000 users.\n")
	require.NoError(t, b.store.HoldRun(t.Context(), run, directory.RunRunning, "", "Ana Ruiz"))
	require.Len(t, b.told(b.owner()), 1)
}

// A run takes out two admins like anyone: the others are told who.
func TestF6_RemainingAdminsAreToldWhoLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(4)...)
	_, err := b.db.Exec(`UPDATE users SET role_id = 'super_admin' WHERE id IN ($1, $2)`, b.userOf("id-000000").ID, b.userOf("id-000001").ID)
	require.NoError(t, err)
	stays := b.userOf("id-000001").ID
	_, err = b.store.AcceptInvitation(t.Context(), b.invitation(stays))
	require.NoError(t, err)
	users := b.insert("users@corp.example", directory.RoleUserAdmin, directory.Active)

	run := b.sync(people(4)[1:3]...)
	require.Equal(t, directory.RunSuccess, run.Status)
	for _, admin := range []string{b.owner(), stays, users} {
		got := b.told(admin)
		require.Len(t, got, 1)
		require.Equal(t, directory.NoticeAdminLeft, got[0].Kind)
		require.Equal(t, run.ID, *got[0].RunID)
		require.Equal(t, "An admin has left: Firstid-000000 Lastid-000000", got[0].Title)
		require.Contains(t, got[0].Message, "Firstid-000000 Lastid-000000, super admin, was deactivated by the directory sync “Staff” (Corp).")
	}
	require.Equal(t, 3, b.count(`SELECT count(*) FROM notifications`))
	b.sync(people(4)[1:3]...)
	require.Equal(t, 3, b.count(`SELECT count(*) FROM notifications`), "who was out already does not leave again")
}

func TestF6_AdminWhoIsDeactivatedByAnAdmin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ana, member := b.insert("ana@corp.example", directory.RoleUserAdmin, directory.Active), b.insert("bob@corp.example", directory.RoleMember, directory.Active)
	for range 2 {
		for _, id := range []string{ana, member} {
			_, err := b.store.DeactivateUser(ctx, b.account.ID, id)
			require.NoError(t, err)
		}
	}
	require.Empty(t, b.told(ana))
	got := b.told(b.owner())
	require.Len(t, got, 1)
	require.Equal(t, "An admin has left: Hand Made", got[0].Title)
	require.Contains(t, got[0].Message, "Hand Made, user admin, was deactivated by an admin.")
	require.Nil(t, got[0].RunID)
}

// The admins are told when a run brings back somebody for whom no licence is left.
func TestB9_RunThatFindsNoLicenceTellsTheAdmins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(1)...)
	_, err := b.store.AcceptInvitation(t.Context(), b.invitation(b.userOf("id-000000").ID))
	require.NoError(t, err)
	b.sync(disabled(people(1)[0]))
	b.licences(1)
	b.sync(people(1)...)
	require.Equal(t, directory.AwaitingLicence, b.userOf("id-000000").Status)
	require.Equal(t, directory.NoticeLicencesExhausted, b.told(b.owner())[0].Kind)
}

// The admins who are left are told who is an admin no more, whatever took the role.
func TestC5_AdminsWhoLoseTheirRole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	records := []mapping.Record{named("a", "Ana", "Lee"), named("b", "Bo", "Berg")}
	b.mapRoles(toRole("adm", "super_admin", "Super admin"), toRole("usr", "user_admin", "User admin"))
	b.syncGroups([]group{mapped("adm", "Admins", "a"), mapped("usr", "User admins")}, records...)
	b.syncGroups([]group{mapped("adm", "Admins"), mapped("usr", "User admins", "a", "b")}, records...)
	require.Empty(t, b.told(b.owner()), "who has another role of admins is one still")
	run := b.syncGroups([]group{mapped("adm", "Admins"), mapped("usr", "User admins", "b")}, records...)
	got := b.told(b.owner())
	require.Len(t, got, 1)
	require.Equal(t, directory.NoticeAdminLeft, got[0].Kind)
	require.Equal(t, run.ID, *got[0].RunID)
	require.Equal(t, "An admin has left: Ana Lee", got[0].Title)
	require.Contains(t, got[0].Message, "Ana Lee, user admin, was given the role “Member” by the directory sync “Staff” (Corp).")

	_, err := b.store.UpdateUser(ctx, b.account.ID, b.userOf("b").ID, store.UserPatch{Role: ptr("super_admin")}, anybody)
	require.NoError(t, err)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications`))
	_, err = b.store.UpdateUser(ctx, b.account.ID, b.userOf("b").ID, store.UserPatch{Role: ptr(b.role("Auditor"))}, anybody)
	require.NoError(t, err)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications WHERE user_id = $1 AND run_id IS NULL AND message LIKE $2`,
		b.owner(), "Bo Berg, super admin, was given the role “Auditor” by an admin.%"))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM notifications`))
}
