package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// try syncs one person by the bench's settings.
func (b *bench) try(p store.Person) (store.SyncedPerson, error) {
	p.AccountID, p.ConfigurationID = b.account.ID, b.config.ID
	if p.Record != nil {
		p.SourceID, p.Fingerprint = p.Record.SourceID, fingerprint(*p.Record)
	}
	return b.store.SyncPerson(b.t.Context(), p,
		func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, b.settings) },
		func(m reconcile.Missing) reconcile.Decision { return reconcile.DecideMissing(m, b.settings) })
}

func (b *bench) syncPerson(r mapping.Record) store.SyncedPerson {
	b.t.Helper()
	synced, err := b.try(store.Person{Record: &r})
	require.NoError(b.t, err)
	return synced
}

func (b *bench) syncMissing(id string, absence directory.Absence) store.SyncedPerson {
	b.t.Helper()
	synced, err := b.try(store.Person{SourceID: id, Absence: absence})
	require.NoError(b.t, err)
	return synced
}

func TestF7_Create(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := person("1", "ana@corp.example", "city", "Berlin")
	synced := b.syncPerson(ana)
	require.Nil(t, synced.Linked)
	require.Equal(t, directory.ActionCreate, synced.Change.Action)
	require.Equal(t, directory.OutcomeApplied, synced.Change.Outcome)
	require.Nil(t, synced.Change.RunID)
	require.Equal(t, "1", *synced.Change.SourceID)
	require.Equal(t, directory.FromDirectorySync, synced.Change.Source)
	require.Equal(t, directory.Invited, synced.User.Status)
	require.Equal(t, b.userOf("1"), *synced.User)
	require.Equal(t, directory.Values{"city": "Berlin"}, synced.User.Fields)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation' AND user_id = $1`, synced.User.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM runs`), "no run of the history")
	logged, err := b.store.Changes(t.Context(), b.account.ID, store.ChangeFilter{UserID: synced.User.ID})
	require.NoError(t, err)
	require.Equal(t, []directory.Change{*synced.Change}, logged.Items)

	again := b.syncPerson(ana)
	require.Nil(t, again.Change)
	require.Equal(t, synced.User, again.User)
	require.Equal(t, synced.User.ID, again.Linked.ID)
	run := b.sync(ana)
	require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, run.Counts, "the next run finds them as they are")
}

func TestF7_Update(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana@corp.example", "city", "Berlin", "phone", "1"))
	b.settings.CreateOnly = map[string]bool{"phone": true}
	moved := person("1", "ana.lee@corp.example", "city", "Rome", "phone", "2")
	synced := b.syncPerson(moved)
	require.Equal(t, directory.ActionUpdate, synced.Change.Action)
	require.Equal(t, "ana@corp.example", *synced.Change.Before.Email)
	require.Equal(t, directory.Values{"city": "Rome"}, synced.Change.After.Fields, "sync updates off stays")
	require.Equal(t, "ana.lee@corp.example", b.user("ana.lee@corp.example").Email)
	require.Equal(t, directory.Values{"city": "Rome", "phone": "1"}, synced.User.Fields)
	require.Equal(t, 1, b.sync(moved).Counts.Unchanged)
}

// A user who was changed here is compared, though their record is the one that was applied last.
func TestF7_UpdateOfAUserWhoWasChangedHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := person("1", "ana@corp.example", "city", "Berlin")
	b.sync(ana)
	_, err := b.db.Exec(`UPDATE users SET fields = '{"city": "Rome"}' WHERE email_key = 'ana@corp.example'`)
	require.NoError(t, err)
	require.Equal(t, directory.Values{"city": "Berlin"}, b.syncPerson(ana).User.Fields)
}

func TestF7_UnchangedBringsTheLinkUpToDate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana@corp.example"))
	b.accept("1")
	same := person("1", "Ana@corp.example")
	require.Nil(t, b.syncPerson(same).Change, "the case of an address is no change")
	require.Equal(t, 1, b.count(`
		SELECT count(*) FROM links l JOIN users u ON u.id = l.user_id
		WHERE l.source_id = '1' AND l.fingerprint = $1 AND l.user_version = u.version`, fingerprint(same)))
}

func TestF7_Adopt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	synced := b.syncPerson(person("boss", "owner@example.example"))
	require.Equal(t, directory.ActionAdopt, synced.Change.Action)
	require.Empty(t, synced.Holder.LinkedSourceID)
	require.Equal(t, synced.Holder.User.ID, synced.User.ID)
	require.Equal(t, directory.Active, synced.User.Status)
	require.Equal(t, directory.RoleAccountOwner, synced.User.RoleID)
	require.Equal(t, "Firstboss", synced.User.FirstName)
}

func TestF7_DeactivateWhoIsDisabledAndBringBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := person("1", "ana@corp.example")
	b.sync(ana)
	b.accept("1")
	out := b.syncPerson(disabled(ana))
	require.Equal(t, directory.ActionDeactivate, out.Change.Action)
	require.Equal(t, directory.Deactivated, out.User.Status)
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))
	back := b.syncPerson(ana)
	require.Equal(t, directory.ActionReactivate, back.Change.Action)
	require.Equal(t, directory.Active, back.User.Status)

	created := b.syncPerson(disabled(person("2", "bo@corp.example")))
	require.Equal(t, directory.Deactivated, created.User.Status)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`), "Ana's alone")
}

func TestF7_GoneOrOutOfScope(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		pref    directory.OnSourceDelete
		absence directory.Absence
		action  directory.Action
		status  directory.UserStatus
	}{
		{directory.DeactivateUser, directory.AbsenceGone, directory.ActionDeactivate, directory.Deactivated},
		{directory.DeactivateUser, directory.AbsenceOutOfScope, directory.ActionDeactivate, directory.Deactivated},
		{directory.DeleteUser, directory.AbsenceGone, directory.ActionDelete, directory.Deleted},
		{directory.DeleteUser, directory.AbsenceOutOfScope, directory.ActionDelete, directory.Deleted},
	} {
		t.Run(fmt.Sprint(row.pref, row.absence), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.settings.OnSourceDelete = row.pref
			b.sync(person("1", "ana@corp.example"))
			synced := b.syncMissing("1", row.absence)
			require.Equal(t, row.action, synced.Change.Action)
			require.Equal(t, directory.Invited, synced.Linked.Status)
			require.Equal(t, row.status, synced.User.Status)
			require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE absent`))
			require.Nil(t, b.syncMissing("1", row.absence).Change)

			stranger := b.syncMissing("2", row.absence)
			require.Equal(t, store.SyncedPerson{}, stranger)
			require.Equal(t, directory.ActionReactivate, b.syncPerson(person("1", "ana@corp.example")).Change.Action)
			require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))
		})
	}
}

func TestF7_WhomAnAdminTookOutStaysOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := person("1", "ana@corp.example")
	b.sync(ana)
	_, err := b.store.DeactivateUser(t.Context(), b.account.ID, b.userOf("1").ID)
	require.NoError(t, err)
	require.Nil(t, b.syncPerson(ana).Change)
	require.Nil(t, b.syncMissing("1", directory.AbsenceGone).Change)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE absent`), "that they are gone is known all the same")
	synced := b.syncPerson(person("1", "ana@corp.example", "city", "Rome"))
	require.Equal(t, directory.ActionUpdate, synced.Change.Action)
	require.Equal(t, directory.Deactivated, synced.User.Status)
}

func TestF7_AProblemHoldsUpItsFieldAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana@corp.example", "city", "Berlin"))
	r := person("1", "ana@corp.example", "city", "Rome")
	r.Problems = []directory.Problem{{Code: "date_format", Field: "birthday", Message: "No date.", Remedy: "Correct it."}}
	synced := b.syncPerson(r)
	require.Equal(t, directory.OutcomeApplied, synced.Change.Outcome)
	require.Equal(t, directory.Problems(r.Problems), synced.Change.Problems)
	require.Equal(t, directory.Values{"city": "Rome"}, synced.User.Fields)

	nameless := person("2", "bo@corp.example")
	delete(nameless.Values, directory.FieldLastName)
	nameless.Problems = []directory.Problem{{Code: "mandatory_missing", Field: "last_name", Message: "No name.", Remedy: "Give one."}}
	failed := b.syncPerson(nameless)
	require.Equal(t, directory.ActionError, failed.Change.Action)
	require.Equal(t, directory.OutcomeFailed, failed.Change.Outcome)
	require.Nil(t, failed.User)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM users`), "the owner and Ana")
}

func TestF7_AnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana@corp.example"), person("2", "bo@corp.example"))
	newcomer := b.syncPerson(person("3", "ana@corp.example"))
	require.Equal(t, directory.ActionError, newcomer.Change.Action)
	require.Equal(t, reconcile.CodeAddressTaken, newcomer.Change.Problems[0].Code)
	require.Equal(t, "1", newcomer.Holder.LinkedSourceID)
	require.Nil(t, newcomer.User)

	moved := b.syncPerson(person("2", "ana@corp.example", "city", "Rome"))
	require.Equal(t, directory.OutcomeApplied, moved.Change.Outcome, "the rest goes on")
	require.Equal(t, reconcile.CodeAddressTaken, moved.Change.Problems[0].Code)
	require.Equal(t, "bo@corp.example", moved.User.Email)
	require.Equal(t, "Rome", moved.User.Fields["city"])
}

func TestF7_TheLastAdminStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("boss", "owner@example.example"))
	for range 2 {
		synced := b.syncMissing("boss", directory.AbsenceGone)
		require.Equal(t, directory.OutcomeFailed, synced.Change.Outcome)
		require.Equal(t, store.CodeLastAdmin, synced.Change.Problems[0].Code)
		require.Equal(t, directory.Active, synced.User.Status)
	}
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))
	require.Zero(t, b.count(`SELECT count(*) FROM notifications`))
}

func TestF7_AdminsAreToldOfOneWhoLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana@corp.example"))
	ana := b.userOf("1")
	_, err := b.db.Exec(`UPDATE users SET role_id = 'user_admin', status = 'active', accepted_at = now() WHERE id = $1`, ana.ID)
	require.NoError(t, err)
	b.syncMissing("1", directory.AbsenceGone)
	var message string
	require.NoError(t, b.db.Get(&message, `SELECT message FROM notifications WHERE kind = 'admin_left'`))
	require.Contains(t, message, "First1 Last1, user admin, was deactivated by the directory sync “Staff” (Corp).")
}

func TestF7_Licences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana, bo := person("1", "ana@corp.example"), person("2", "bo@corp.example")
	b.sync(ana, bo)
	b.accept("1")
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 2 WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	b.syncPerson(disabled(ana))
	b.accept("2")
	waits := b.syncPerson(ana)
	require.Equal(t, directory.AwaitingLicence, waits.User.Status)
	require.Equal(t, directory.AwaitingLicence, *waits.Change.After.Status)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications WHERE kind = 'licences_exhausted'`))
	b.syncPerson(disabled(bo))
	require.Equal(t, directory.Active, b.userOf("1").Status, "the licence that came free is theirs")
}

func TestF7_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := person("1", "ana@corp.example")
	run := b.openRun(directory.KindSync)
	_, err := b.try(store.Person{Record: &ana})
	requireCode(t, err, directory.KindConflict, "run_in_progress")
	_, err = b.store.CloseRun(t.Context(), run, directory.RunCancelled, "")
	require.NoError(t, err)
	b.openRun(directory.KindPreview)
	b.syncPerson(ana)

	require.NoError(t, b.store.SetState(t.Context(), b.config.ID, directory.Disabled))
	_, err = b.try(store.Person{Record: &ana})
	requireCode(t, err, directory.KindConflict, "configuration_disabled")
	require.NoError(t, b.store.DestroyConfiguration(t.Context(), b.config.ID))
	_, err = b.try(store.Person{Record: &ana})
	requireCode(t, err, directory.KindNotFound, "not_found")
	b.config.ID = uuid.NewString()
	_, err = b.try(store.Person{Record: &ana})
	requireCode(t, err, directory.KindNotFound, "not_found")
	require.Equal(t, 2, b.count(`SELECT count(*) FROM users`))
}

func TestF7_ManyAtOnceCreateOneUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			r := person("1", "ana@corp.example")
			if i%3 == 0 {
				r = disabled(r)
			}
			if _, err := b.try(store.Person{Record: &r}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 2, b.count(`SELECT count(*) FROM users`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM changes WHERE action = 'create'`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM links`))
}

// A value that the database cannot hold is an error of the person, as in a run.
func TestF7_WhatCannotBeStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	synced := b.syncPerson(person("1", "ana@corp.example", "city", "Ber\x00lin"))
	require.Equal(t, directory.ActionError, synced.Change.Action)
	require.Equal(t, store.CodeInvalidValue, synced.Change.Problems[0].Code)
	require.Nil(t, b.syncMissing("\x00\xff", directory.AbsenceGone).Change)
}

func TestF7_Managers(t *testing.T) {
	t.Parallel()
	for _, syncUpdates := range []bool{true, false} {
		t.Run(fmt.Sprint(syncUpdates), func(t *testing.T) {
			t.Parallel()
			b := withManagers(t, syncUpdates)
			b.settings.CreateOnly = map[string]bool{"manager": !syncUpdates}
			boss, chief := ofCorp("boss"), ofCorp("chief")
			b.managed(boss, chief)
			ana := under(ofCorp("ana"), "boss")
			b.syncPerson(ana)
			require.Equal(t, map[string]string{"ana": "boss"}, b.managers())
			byAddress, nobody, stranger := under(ofCorp("ana"), "Chief@corp.example"), under(ofCorp("ana"), ""), under(ofCorp("ana"), "cy")
			b.syncPerson(byAddress)
			if syncUpdates {
				require.Equal(t, map[string]string{"ana": "chief"}, b.managers())
			}
			b.syncPerson(stranger)
			require.Len(t, b.managers(), 1, "who is not here yet is left to the next run")
			b.syncPerson(nobody)
			if syncUpdates {
				require.Empty(t, b.managers())
			} else {
				require.Equal(t, map[string]string{"ana": "boss"}, b.managers(), "written once")
			}
			b.syncPerson(ana)
			require.Equal(t, 3, b.managed(boss, chief, ana).Counts.Unchanged)
		})
	}
}

// F12: a leak of one person at a time trips the guard like a run.
func TestF7_TheGuardCountsRemovalsOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(6)...)
	b.edit(func(s *directory.Settings) {
		s.Guard = directory.Guard{MaxRemovals: 2, MaxRemovalPercent: 100, WindowDays: 7}
	})
	b.syncMissing("id-000001", directory.AbsenceGone)
	b.syncMissing("id-000002", directory.AbsenceGone)
	_, err := b.try(store.Person{SourceID: "id-000003", Absence: directory.AbsenceGone})
	requireCode(t, err, directory.KindConflict, "removals_held")
	require.Equal(t, directory.Invited, b.userOf("id-000003").Status)
	run := b.openRun(directory.KindSync)
	b.stage(run, people(3)...) // without 3, 4 and 5, and with 1 and 2 again
	summary := b.plan(run)
	require.Equal(t, 2, summary.Recent)
}
