package store_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// withCity is a bench whose users have a city.
func withCity(t testing.TB) *bench {
	t.Helper()
	b := setup(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "City", directory.Text)
	require.NoError(t, err)
	return b
}

func (b *bench) planUndo(run string) store.PlanSummary {
	b.t.Helper()
	summary, err := b.store.PlanUndo(b.t.Context(), run, reconcile.Revert, func(int) {})
	require.NoError(b.t, err)
	return summary
}

func (b *bench) openUndo(of directory.Run) string {
	b.t.Helper()
	id, err := b.openOf(directory.KindUndo, directory.TriggerManual, of.ID)
	require.NoError(b.t, err)
	return id
}

// undo undoes a run.
func (b *bench) undo(of directory.Run) directory.Run {
	b.t.Helper()
	run := b.openUndo(of)
	b.planUndo(run)
	b.apply(run, 500)
	closed, err := b.store.CloseRun(b.t.Context(), run, "", "")
	require.NoError(b.t, err)
	return closed
}

// state is what an account has: each user by name, address, status, values, role and organization, and each
// group with who is in it.
func (b *bench) state() []string {
	b.t.Helper()
	var state []string
	require.NoError(b.t, b.db.Select(&state, `
		SELECT concat_ws(' ', id, email, first_name, last_name, status, fields, role_id, organization_id) FROM users
		WHERE account_id = $1 AND status <> 'deleted' ORDER BY 1`, b.account.ID))
	var groups []string
	require.NoError(b.t, b.db.Select(&groups, `
		SELECT concat_ws(' ', g.id, g.source_id, g.name, g.description, g.email,
		       (SELECT string_agg(user_id::text, ' ' ORDER BY user_id) FROM memberships m WHERE m.group_id = g.id))
		FROM groups g WHERE account_id = $1 ORDER BY source_id`, b.account.ID))
	return append(state, groups...)
}

// accept has people of the directory accept their invitations.
func (b *bench) accept(sourceIDs ...string) {
	b.t.Helper()
	for _, id := range sourceIDs {
		_, err := b.store.AcceptInvitation(b.t.Context(), b.invitation(b.userOf(id).ID))
		require.NoError(b.t, err)
	}
}

// F5: whatever a run did to users, groups and memberships, its undo gives the account as it was, and the
// next sync does it again.
func TestF5UndoGivesTheAccountAsItWas(t *testing.T) {
	t.Parallel()
	for _, onDelete := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		t.Run(string(onDelete), func(t *testing.T) {
			t.Parallel()
			b := withCity(t)
			b.settings.OnSourceDelete = onDelete
			b.syncGroups([]group{synced("g-1", "Design", "keeps", "leaves", "goes", "out"), synced("g-2", "Sales", "keeps", "out", "goes"), synced("g-3", "Ops", "renamed")},
				ofCorp("keeps"), ofCorp("leaves"), ofCorp("goes"), ofCorp("renamed"), ofCorp("off"), disabled(ofCorp("back")), ofCorp("out"))
			b.accept("keeps", "goes", "off")
			b.syncGroups([]group{synced("g-1", "Design", "keeps", "leaves", "goes"), synced("g-2", "Sales", "keeps", "out", "goes"), synced("g-3", "Ops", "renamed")},
				ofCorp("keeps"), ofCorp("leaves"), ofCorp("goes"), ofCorp("renamed"), ofCorp("off"), disabled(ofCorp("back")), disabled(ofCorp("out")))
			before := b.state()

			groups := []group{synced("g-1", "Design & Research", "keeps", "new", "back"), synced("g-3", "Ops", "renamed"), synced("g-4", "Fresh", "new", "renamed")}
			records := []mapping.Record{ofCorp("keeps"), ofCorp("leaves"), person("renamed", "other@corp.example", "city", "Berlin"),
				disabled(ofCorp("off")), ofCorp("back"), disabled(ofCorp("out")), ofCorp("new"), person("adopted", "Owner@Example.example")}
			run := b.syncGroups(groups, records...)
			require.Equal(t, []int{1, 1, 1, 1}, []int{run.Counts.Created, run.Counts.Updated, run.Counts.Adopted, run.Counts.Reactivated})
			require.Equal(t, 2, run.Counts.Deactivated+run.Counts.Deleted)
			require.Equal(t, []int{1, 1, 1}, []int{run.Counts.GroupsCreated, run.Counts.GroupsUpdated, run.Counts.GroupsDeleted})
			after := b.state()

			undo := b.undo(run)
			require.Equal(t, before, b.state())
			require.Equal(t, directory.RunSuccess, undo.Status)
			require.Equal(t, run.ID, *undo.OfRun)
			require.Equal(t, []int{2, 1, 1}, []int{undo.Counts.Updated, undo.Counts.Deactivated, undo.Counts.Deleted}, "the renamed, the adopted; who was back; the new one")
			require.Equal(t, 2, undo.Counts.Reactivated)
			require.Equal(t, []int{1, 1, 1}, []int{undo.Counts.GroupsCreated, undo.Counts.GroupsUpdated, undo.Counts.GroupsDeleted})
			require.Equal(t, []int{run.Counts.MembershipsRemoved, run.Counts.MembershipsAdded}, []int{undo.Counts.MembershipsAdded, undo.Counts.MembershipsRemoved})
			require.Equal(t, store.NoteNextSyncRepeats, undo.Notes[0].Code)
			require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))

			again := b.undo(run)
			require.Equal(t, before, b.state())
			require.Equal(t, directory.Counts{Unchanged: 6}, again.Counts)
			require.Empty(t, again.Notes)

			b.undo(undo)
			require.Equal(t, after, b.state(), "an undo is undone like any run")

			b.undo(run)
			next := b.syncGroups(groups, records...)
			require.Equal(t, directory.RunSuccess, next.Status)
			require.Equal(t, withoutIDs(after), withoutIDs(b.state()), "what the directory says, it says again")
		})
	}
}

// withoutIDs are the lines of a state without the ids that they begin with: a sync makes groups anew.
func withoutIDs(state []string) []string {
	const id = len("01a22102-5ce0-7d0f-8705-f2b1cba31658 ")
	out := make([]string, len(state))
	for i, line := range state {
		out[i] = line[id:]
	}
	return out
}

// F5: a thousand people were changed, ten of whom somebody edited since: 990 go back, and the ten are
// conflicts that name what was edited. A second undo does nothing but say so again.
func TestF5UndoOfAThousandLeavesEditsAlone(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	records := people(1000)
	b.sync(records...)
	before := b.state()
	for i := range records {
		records[i].Values["city"], records[i].Values["last_name"] = "Hamburg", "Renamed"
	}
	run := b.sync(records...)
	require.Equal(t, 1000, run.Counts.Updated)
	_, err := b.db.Exec(`UPDATE users SET fields = fields || '{"city": "Bremen"}' WHERE email_key < 'id-000010'`)
	require.NoError(t, err)
	edited := b.state()

	undo := b.undo(run)
	require.Equal(t, directory.RunPartialSuccess, undo.Status)
	require.Equal(t, directory.Counts{Updated: 990, Failed: 10}, undo.Counts)
	changes := b.changes(undo.ID)
	require.Len(t, changes, 1000)
	for i, c := range changes[:10] {
		require.Equal(t, []any{directory.ActionError, directory.OutcomeFailed}, []any{c.Action, c.Outcome})
		require.Equal(t, reconcile.CodeChangedSince, c.Problems[0].Code)
		name := fmt.Sprintf("Firstid-%06d", i)
		require.Equal(t, name+" Renamed was not put back: their 'City' was changed since the run.", c.Problems[0].Message)
	}
	same := map[string]bool{}
	for _, user := range b.state() {
		same[user] = true
	}
	kept, back := 0, 0
	for i := range before {
		if same[before[i]] {
			back++
		} else if same[edited[i]] {
			kept++
		}
	}
	require.Equal(t, []int{991, 10}, []int{back, kept}, "with the owner, whom the run did not touch")

	versions := `SELECT sum(version) FROM users`
	was := b.count(versions)
	second := b.undo(run)
	require.Equal(t, directory.Counts{Unchanged: 990, Failed: 10}, second.Counts)
	require.Len(t, b.changes(second.ID), 10)
	require.Equal(t, was, b.count(versions))
}

// Addresses that the run moved around among people go back to whose they were, in whatever ring.
func TestF5UndoOfSwappedAddresses(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(person("1", "a@corp.example"), person("2", "b@corp.example"), person("3", "c@corp.example"), person("4", "d@corp.example"), person("5", "e@corp.example"))
	before := b.state()
	// Two swap, a third takes the address of one who leaves, whose own a newcomer takes.
	run := b.sync(person("1", "b@corp.example"), person("2", "a@corp.example"), person("3", "d@corp.example"), person("6", "c@corp.example"), person("5", "f@corp.example"))
	require.Equal(t, directory.RunSuccess, run.Status)
	undo := b.undo(run)
	require.Equal(t, directory.RunSuccess, undo.Status)
	require.Equal(t, before, b.state())
	require.Equal(t, 6, b.count(`SELECT count(*) FROM users WHERE email_key = lower(email) AND status <> 'deleted'`), "each holds what is theirs, with the owner")
}

// Who came back to an address that a newcomer had taken gives it up to the newcomer again.
func TestF5UndoOfAReturnToARecycledAddress(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(person("old", "sam@corp.example"))
	b.sync(person("new", "sam@corp.example"))
	before := b.state()
	run := b.sync(person("old", "sam@corp.example"), person("new", "sam2@corp.example"))
	require.Equal(t, []int{1, 1}, []int{run.Counts.Reactivated, run.Counts.Updated})
	require.Equal(t, directory.RunSuccess, b.undo(run).Status)
	require.Equal(t, before, b.state())
	require.Equal(t, b.userOf("new").ID, b.user("sam@corp.example").ID)
}

// Somebody else has the address by now: an error of that record, and the others go back.
func TestF5UndoOfAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(person("1", "a@corp.example"), person("2", "b@corp.example"))
	run := b.sync(person("1", "a1@corp.example"), person("2", "b2@corp.example"))
	b.sync(person("1", "a1@corp.example"), person("2", "b2@corp.example"), person("3", "a@corp.example"))
	undo := b.undo(run)
	require.Equal(t, directory.Counts{Updated: 1, Failed: 1}, undo.Counts)
	require.Equal(t, []string{"a1@corp.example", "b@corp.example", "a@corp.example"}, []string{b.userOf("1").Email, b.userOf("2").Email, b.userOf("3").Email})
	for _, c := range b.changes(undo.ID) {
		if c.Outcome == directory.OutcomeFailed {
			require.Equal(t, store.CodeAddressTaken, c.Problems[0].Code)
		}
	}
}

// F6: an undo does not take out the last admin, nor take the last one's role.
func TestF6UndoKeepsTheLastAdmin(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(disabled(ofCorp("1")), ofCorp("2"))
	run := b.sync(ofCorp("1"), ofCorp("2"))
	require.Equal(t, 1, run.Counts.Reactivated)
	_, err := b.db.Exec(`UPDATE users SET role_id = 'super_admin', status = 'active', accepted_at = now() WHERE email_key = '1@corp.example'`)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE changes SET after = '{"status": "active"}' WHERE run_id = $1 AND action = 'reactivate'`, run.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET status = 'deactivated', deactivated_by = 'admin' WHERE email_key = 'owner@example.example'`)
	require.NoError(t, err)
	undo := b.undo(run)
	require.Equal(t, directory.Counts{Failed: 1}, undo.Counts)
	require.Equal(t, store.CodeLastAdmin, b.changes(undo.ID)[0].Problems[0].Code)
	require.Contains(t, b.changes(undo.ID)[0].Problems[0].Remedy, "undo again")
	require.Equal(t, directory.Active, b.userOf("1").Status)
}

// Who is gone for good cannot be put back; of a user whom the run created and who is gone, nothing is left
// to undo.
func TestF5UndoOfPurgedUsers(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(person("1", "a@corp.example"), person("2", "b@corp.example"))
	run := b.sync(person("1", "a@corp.example", "city", "Berlin"), person("2", "b@corp.example", "city", "Berlin"), person("3", "c@corp.example"))
	ids := []string{b.userOf("1").ID, b.userOf("3").ID}
	for _, id := range ids {
		_, err := b.db.Exec(`DELETE FROM users WHERE id = $1`, id)
		require.NoError(t, err)
	}
	undo := b.undo(run)
	require.Equal(t, directory.Counts{Updated: 1, Unchanged: 1, Failed: 1}, undo.Counts)
	conflict := b.changes(undo.ID)[0]
	require.Equal(t, ids[0], *conflict.UserID)
	require.Equal(t, "First1 Last1", conflict.Label)
	require.Equal(t, "First1 Last1 was not put back: they were deleted for good since the run.", conflict.Problems[0].Message)
	require.Empty(t, b.userOf("2").Fields["city"])
}

// F2: people whom an undo would take out count for the guard.
func TestF2UndoCountsRemovals(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(people(2)...)
	run := b.sync(people(42)...)
	id := b.openUndo(run)
	want := store.PlanSummary{Changes: 40, Removals: 40, Linked: 42}
	require.Equal(t, want, b.planUndo(id))
	require.Equal(t, want, b.planUndo(id), "planning again gives the plan that stands")
	require.Equal(t, 40, b.count(`SELECT count(*) FROM changes WHERE run_id = $1`, id))
	require.NoError(t, b.store.RejectPlan(t.Context(), id))
	closed, err := b.store.CloseRun(t.Context(), id, directory.RunCancelled, "")
	require.NoError(t, err)
	require.Empty(t, closed.Notes)
	require.Equal(t, 42, b.count(`SELECT count(*) FROM users WHERE status = 'invited'`))
}

// An edit while the undo waited for its approval is not overwritten either.
func TestF5EditsWhileAnUndoWaits(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(ofCorp("1"), ofCorp("2"), person("3", "3@corp.example", "city", "Berlin"), ofCorp("4"))
	run := b.sync(person("1", "1@corp.example", "city", "Berlin"), disabled(ofCorp("2")), person("3", "3@corp.example", "city", nil), person("4", "4@corp.example", "city", "Rome"))
	id := b.openUndo(run)
	require.Equal(t, store.PlanSummary{Changes: 4, Linked: 3, Recent: 1}, b.planUndo(id))
	for _, source := range []string{"1", "3"} {
		_, err := b.db.Exec(`UPDATE users SET fields = '{"city": "Bremen"}' WHERE id = $1`, b.userOf(source).ID)
		require.NoError(t, err)
	}
	_, err := b.store.DeactivateUser(t.Context(), b.account.ID, b.userOf("2").ID)
	require.NoError(t, err)
	applied, failed := b.apply(id, 10)
	require.Equal(t, []int{1, 3}, []int{applied, failed})
	require.Equal(t, []any{"Bremen", "Bremen", nil}, []any{b.userOf("1").Fields["city"], b.userOf("3").Fields["city"], b.userOf("4").Fields["city"]})
	require.Equal(t, directory.ByAdmin, *b.userOf("2").DeactivatedBy)
	for _, c := range b.changes(id) {
		if c.Outcome == directory.OutcomeFailed {
			require.Equal(t, reconcile.CodeChangedSince, c.Problems[0].Code)
		}
	}
}

// Whoever comes back had a licence, and awaits one when it is somebody else's by now.
func TestF5UndoOfDeactivationsWithoutLicences(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(people(3)...)
	b.accept("id-000000", "id-000001")
	run := b.sync(disabled(people(1)[0]), disabled(people(2)[1]), people(3)[2])
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 2`)
	require.NoError(t, err)
	undo := b.undo(run)
	require.Equal(t, 2, undo.Counts.Reactivated)
	require.Equal(t, []directory.UserStatus{directory.Active, directory.AwaitingLicence}, []directory.UserStatus{b.userOf("id-000000").Status, b.userOf("id-000001").Status})
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications WHERE kind = 'licences_exhausted'`))
	require.Equal(t, directory.Counts{Unchanged: 2}, b.undo(run).Counts, "who waits is back too")
}

// Fields of type person name whom they named, if those are in; roles and organizations go back too; and a
// field that is deleted is no obstacle.
func TestF5UndoOfManagersAndRoles(t *testing.T) {
	t.Parallel()
	b := withManagers(t, true)
	ctx := t.Context()
	b.managed(under(ofCorp("1"), "3"), under(ofCorp("2"), "4"), ofCorp("3"), ofCorp("4"))
	before := b.state()
	run := b.managed(under(ofCorp("1"), "2"), under(ofCorp("2"), "3"), ofCorp("3"), disabled(ofCorp("4")))
	sales, err := b.store.CreateOrganization(ctx, b.account.ID, "Sales")
	require.NoError(t, err)
	user := b.userOf("1")
	_, err = b.db.Exec(`UPDATE users SET role_id = 'user_admin', organization_id = $2 WHERE id = $1`, user.ID, sales.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`
		INSERT INTO changes (account_id, run_id, step, user_id, label, source, action, before, after, outcome)
		VALUES ($1, $2, 10, $3, 'One', 'directory_sync', 'update', '{"role": "member", "organization": "", "fields": {"shoe_size": null}}',
		        jsonb_build_object('role', 'user_admin', 'organization', $4::text, 'fields', '{"shoe_size": "5"}'::jsonb), 'applied')`, b.account.ID, run.ID, user.ID, sales.ID)
	require.NoError(t, err)

	id := b.openUndo(run)
	require.Equal(t, store.PlanSummary{Changes: 2, People: 2, NamesPeople: true, Linked: 3, Recent: 1}, b.planUndo(id))
	b.apply(id, 1)
	require.Equal(t, before, b.state())
	require.Equal(t, map[string]string{"1": "3", "2": "4"}, b.managers())
	_, err = b.store.CloseRun(ctx, id, "", "")
	require.NoError(t, err)

	// A manager who is out by now is named by nobody.
	_, err = b.store.DeactivateUser(ctx, b.account.ID, b.userOf("3").ID)
	require.NoError(t, err)
	again := b.managed(under(ofCorp("1"), "2"), under(ofCorp("2"), "4"), ofCorp("3"), ofCorp("4"))
	require.Equal(t, map[string]string{"1": "2", "2": "4"}, b.managers())
	b.undo(again)
	require.Equal(t, map[string]string{"2": "4"}, b.managers())
}

// What became of groups since is left alone, and named.
func TestF5GroupsThatWereChangedSince(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.syncGroups([]group{synced("old", "Old", "id-000000"), synced("named", "Named"), synced("gone", "Gone")}, people(3)...)
	run := b.syncGroups([]group{synced("named", "Renamed"), synced("gone", "Goner"), synced("new", "New", "id-000000"), synced("joined", "Joined", "id-000000")}, people(3)...)
	b.syncGroups([]group{synced("old", "Old"), synced("named", "Named anew"), synced("new", "Newer", "id-000000"), synced("joined", "Joined", "id-000000", "id-000001")}, people(3)...)
	undo := b.undo(run)
	require.Equal(t, directory.Counts{Failed: 5, MembershipsRemoved: 2}, undo.Counts)
	var messages []string
	for _, c := range b.changes(undo.ID) {
		if c.Subject == directory.SubjectGroup {
			require.Equal(t, []any{directory.ActionError, reconcile.CodeChangedSince}, []any{c.Action, c.Problems[0].Code})
			messages = append(messages, c.Problems[0].Message)
		}
	}
	require.ElementsMatch(t, []string{
		"The group Old was not put back: it was created anew since the run.",
		"The group Renamed was not put back: it was changed since the run.",
		"The group Goner was not put back: it was deleted since the run.",
		"The group New was not deleted: it, or who is in it, was changed since the run.",
		"The group Joined was not deleted: it, or who is in it, was changed since the run.",
	}, messages)
	require.Equal(t, map[string][]string{"joined": {"id-000001"}}, b.members())
}

// The next run looks anew at whom an undo changed, and at everybody.
func TestF5SyncAfterUndoReadsEverybody(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(people(2)...)
	records := people(2)
	records[0].Values["city"] = "Hamburg"
	run := b.firstSync(records...)
	require.Equal(t, deltaLink, b.readState().ChangesLink)
	b.undo(run)
	require.Empty(t, b.readState().ChangesLink)
	require.Equal(t, "Berlin", b.userOf("id-000000").Fields["city"])
	next := b.sync(records...)
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 1, Unchanged: 1}, next.Counts)
}

func TestF5WhatCannotBeUndone(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	ctx := t.Context()
	refused := func(run, code string) {
		t.Helper()
		_, err := b.store.Undoable(ctx, b.account.ID, run)
		requireCode(t, err, directory.KindConflict, code)
	}
	first := b.sync(people(2)...)
	undoable, err := b.store.Undoable(ctx, b.account.ID, first.ID)
	require.NoError(t, err)
	require.Equal(t, first.ID, undoable.ID)
	other, _ := b.newAccount("Other", 5)
	for account, run := range map[string]string{other.ID: first.ID, b.account.ID: uuid.NewString()} {
		_, err = b.store.Undoable(ctx, account, run)
		requireCode(t, err, directory.KindNotFound, "not_found")
	}
	refused(b.sync(people(2)...).ID, "nothing_to_undo")
	going := b.openRun(directory.KindSync)
	refused(going, "run_not_ended")
	preview := b.openRun(directory.KindPreview)
	b.stage(preview, people(3)...)
	b.plan(preview)
	_, err = b.store.CloseRun(ctx, preview, "", "")
	require.NoError(t, err)
	refused(preview, "nothing_to_undo")
	require.NoError(t, b.store.SetState(ctx, b.config.ID, directory.Disabled))
	_, err = b.store.Undoable(ctx, b.account.ID, first.ID)
	require.NoError(t, err, "a disabled configuration is no obstacle")
	_, err = b.db.Exec(`UPDATE runs SET started_at = now() - interval '401 days' WHERE id = $1`, first.ID)
	require.NoError(t, err)
	refused(first.ID, "changes_purged")
	require.NoError(t, b.store.DestroyConfiguration(ctx, b.config.ID))
	refused(first.ID, "configuration_deleted")
}

func TestF5WhomTheRunCreatedStaysWhenEditedWhileTheUndoWaits(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(ofCorp("1"))
	undone := b.sync(ofCorp("1"), ofCorp("2"), ofCorp("3"))
	undo := b.openUndo(undone)
	b.planUndo(undo)
	admin := directory.RoleUserAdmin
	_, err := b.store.UpdateUser(t.Context(), b.account.ID, b.userOf("2").ID, store.UserPatch{Role: &admin}, func(string, string) error { return nil })
	require.NoError(t, err)
	applied, failed := b.apply(undo, 10)
	require.Equal(t, []int{1, 1}, []int{applied, failed})
	require.Equal(t, directory.Invited, b.userOf("2").Status)
	require.Equal(t, directory.Deleted, b.userOf("3").Status)
}

func TestF5AnUndoLeavesWhomTheDirectoryHasLostToAdmins(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	b.sync(ofCorp("1"), ofCorp("2"))
	undone := b.sync(ofCorp("1"), person("2", "2@corp.example", "city", "Rome"))
	b.sync(ofCorp("1"))
	gone := b.userOf("2")
	require.Equal(t, directory.Deactivated, gone.Status)
	require.Equal(t, 1, b.undo(undone).Counts.Updated)
	_, err := b.store.ActivateUser(t.Context(), b.account.ID, gone.ID)
	require.NoError(t, err)
	b.sync(ofCorp("1"))
	now, err := b.store.User(t.Context(), b.account.ID, gone.ID)
	require.NoError(t, err)
	require.Equal(t, directory.Active, now.Status, "an admin brought them back, and the directory has not told anything of them since")
}

func TestF5ARoleThatComesBackIsWhoseItWas(t *testing.T) {
	t.Parallel()
	b := withCity(t)
	auditor := b.role("Auditor")
	b.mapRoles(toRole("g-aud", auditor, "Auditor"), toRole("g-adm", directory.RoleUserAdmin, "User admin"))
	groups := func(auditors, admins []string) []group {
		read := []group{synced("g-aud", "Auditors", auditors...), synced("g-adm", "Admins", admins...)}
		for i := range read {
			read[i].Mapped = true
		}
		return read
	}
	const byHand, mapped = "id-000000", "id-000001"
	b.syncGroups(groups(nil, []string{mapped}), people(2)...)
	admin := directory.RoleUserAdmin
	_, err := b.store.UpdateUser(t.Context(), b.account.ID, b.userOf(byHand).ID, store.UserPatch{Role: &admin}, func(string, string) error { return nil })
	require.NoError(t, err)
	undone := b.syncGroups(groups([]string{byHand, mapped}, nil), people(2)...)
	require.Equal(t, []string{auditor + "*", ""}, b.has(byHand))
	b.undo(undone)
	require.Equal(t, []string{"user_admin", ""}, b.has(byHand))
	require.Equal(t, []string{"user_admin*", ""}, b.has(mapped))
	b.syncGroups(groups(nil, nil), people(2)...)
	require.Equal(t, []string{"user_admin", ""}, b.has(byHand), "what was given by hand stays")
	require.Equal(t, []string{"member", ""}, b.has(mapped), "what a mapping gave goes with the group")
}
