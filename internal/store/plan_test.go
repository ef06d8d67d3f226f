package store_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestUnchangedRecordsAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	records := people(30)
	b.sync(records...)
	records[4].Values["city"] = "Hamburg"
	run := b.openRun(directory.KindSync)
	b.stage(run, records...)
	asked := 0
	summary, err := b.store.Plan(t.Context(), run, func(c reconcile.Candidate) reconcile.Decision {
		asked++
		return reconcile.Decide(c, b.settings)
	}, nil, func(int) {})
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	require.Equal(t, store.PlanSummary{Unchanged: 29, Changes: 1, Linked: 30}, summary)
	b.apply(run, 100)
	require.Equal(t, "Hamburg", b.user("id-000004@corp.example").Fields["city"])
	change := b.changes(run)[0]
	require.Equal(t, directory.Values{"city": "Berlin"}, change.Before.Fields)
	require.Equal(t, directory.Values{"city": "Hamburg"}, change.After.Fields)
	require.Nil(t, change.After.Email)
}

// A user who was changed beside the sync is looked at again once, not for ever.
func TestVersionOfAUserIsNotedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(3)...)
	_, err := b.store.AcceptInvitation(t.Context(), b.invitation(b.user("id-000001@corp.example").ID))
	require.NoError(t, err)
	for _, want := range []int{1, 0} {
		run := b.openRun(directory.KindSync)
		b.stage(run, people(3)...)
		asked := 0
		summary, err := b.store.Plan(t.Context(), run, func(c reconcile.Candidate) reconcile.Decision {
			asked++
			return reconcile.Decide(c, b.settings)
		}, nil, func(int) {})
		require.NoError(t, err)
		require.Equal(t, want, asked)
		require.Equal(t, 3, summary.Unchanged)
	}
}

func TestPlanTwicePlansOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.openRun(directory.KindSync)
	b.stage(run, people(5)...)
	first := b.plan(run)
	require.Equal(t, store.PlanSummary{Changes: 5}, first)
	require.Equal(t, first, b.plan(run))
	b.apply(run, 2)
	require.Equal(t, 5, b.plan(run).Changes)
	require.Equal(t, 5, b.count(`SELECT count(*) FROM changes`))
}

func TestPlanThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.openRun(directory.KindSync)
	b.stage(run, people(5)...)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.store.Plan(ctx, run, func(c reconcile.Candidate) reconcile.Decision {
		cancel()
		return reconcile.Decide(c, b.settings)
	}, nil, func(int) {})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, b.count(`SELECT count(*) FROM changes`))
	require.Equal(t, 5, b.plan(run).Changes)
}

// C1: the address is renamed, then only its case changes.
func TestC1Rename(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1001", "ana.lopez@corp.example"), person("2", "bo@corp.example"))
	before := b.user("ana.lopez@corp.example")

	run := b.sync(person("1001", "ana.ruiz@corp.example"), person("2", "bo@corp.example", "city", "Berlin"))
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, 2, run.Counts.Updated)
	after := b.user("ana.ruiz@corp.example")
	require.Equal(t, before.ID, after.ID)

	run = b.sync(person("1001", "Ana.Ruiz@Corp.Example"), person("2", "bo@corp.example", "city", "Berlin"))
	require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 2}, run.Counts)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
}

// C2 (a): the address of somebody who left goes to a newcomer.
func TestC2RecycledAddress(t *testing.T) {
	t.Parallel()
	for _, onDelete := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		t.Run(string(onDelete), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.settings.OnSourceDelete = onDelete
			b.sync(person("1001", "sam@corp.example"))
			old := b.user("sam@corp.example")
			_, err := b.db.Exec(`UPDATE users SET role_id = 'user_admin' WHERE id = $1`, old.ID)
			require.NoError(t, err)

			run := b.sync(person("2002", "sam@corp.example"))
			require.Equal(t, directory.RunSuccess, run.Status)
			newcomer := b.user("sam@corp.example")
			require.NotEqual(t, old.ID, newcomer.ID)
			require.Equal(t, newcomer.ID, b.userOf("2002").ID)
			require.Equal(t, directory.RoleMember, newcomer.RoleID)
			gone, err := b.store.User(t.Context(), b.account.ID, old.ID)
			require.NoError(t, err)
			require.False(t, gone.Status.In())
			require.Equal(t, 2, len(b.changes(run.ID)))

			for range 2 {
				run = b.sync(person("2002", "sam@corp.example"))
				require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, run.Counts)
			}
		})
	}
}

// C2 (c): a user who was never synced is linked, not doubled.
func TestF4AdoptsAUserWithTheAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.user("owner@example.example")
	run := b.sync(person("1", "Owner@Example.example", "city", "Berlin"))
	require.Equal(t, 1, run.Counts.Adopted)
	adopted := b.userOf("1")
	require.Equal(t, owner.ID, adopted.ID)
	require.Equal(t, directory.RoleAccountOwner, adopted.RoleID)
	require.Equal(t, directory.Active, adopted.Status)
	require.Equal(t, "Berlin", adopted.Fields["city"])
	require.Zero(t, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
}

// D1: only a source that was read to its end says who is missing.
func TestD1IncompleteFetchRemovesNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	records := people(40)
	b.sync(records...)
	run := b.openRun(directory.KindSync)
	_, err := b.store.StagePage(ctx, stagePage(run, "", "p2", records[:10]...))
	require.NoError(t, err)
	summary, err := b.store.Plan(ctx, run, func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, b.settings) },
		func(reconcile.Missing) reconcile.Decision {
			t.Error("nobody is missing yet")
			return reconcile.Decision{}
		}, func(int) {})
	require.NoError(t, err)
	require.Equal(t, store.PlanSummary{Unchanged: 10, Linked: 40}, summary)

	run = b.openRun(directory.KindSync)
	b.stage(run, records[:10]...)
	require.Equal(t, store.PlanSummary{Unchanged: 10, Changes: 30, Removals: 30, Linked: 40}, b.plan(run))
	b.apply(run, 7)
	require.Equal(t, 30, b.count(`SELECT count(*) FROM users WHERE status = 'deactivated' AND deactivated_by = 'source'`))
}

// D2: addresses that several records have.
func TestD2SharedAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.sync(
		person("9", "x@corp.example"), disabled(person("8", "X@corp.example")),
		person("10", "y@corp.example"), person("11", "y@corp.example"),
		person("12", "z@corp.example"), disabled(person("13", "never@corp.example")))
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, 2, run.Counts.Failed)
	require.Equal(t, directory.Invited, b.userOf("9").Status)
	require.Equal(t, directory.Invited, b.userOf("12").Status)
	require.Equal(t, directory.Deactivated, b.userOf("13").Status)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
	for _, c := range b.changes(run.ID)[:2] {
		require.Equal(t, directory.ActionError, c.Action)
		require.Equal(t, reconcile.CodeAddressShared, c.Problems[0].Code)
		require.Contains(t, []string{"10", "11"}, *c.SourceID)
	}

	// One of the two who share moves away: both are there after one run.
	run = b.sync(person("9", "x@corp.example"), person("10", "y@corp.example"), person("11", "y2@corp.example"),
		person("12", "z@corp.example"), disabled(person("13", "never@corp.example")))
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, 2, run.Counts.Created)
}

// Somebody unchanged, whose address a changed record now claims too, is looked at with it.
func TestD2UnchangedRecordWhoseAddressIsClaimed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "a@corp.example"), person("2", "b@corp.example"))
	run := b.sync(person("1", "a@corp.example"), person("2", "a@corp.example"))
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, 2, run.Counts.Failed)
	require.Equal(t, "a@corp.example", b.userOf("1").Email)
	require.Equal(t, "b@corp.example", b.userOf("2").Email)
}

// Of two records without a user who have an address, the one that cannot become a user claims nothing.
func TestD2IncompleteRecordClaimsNoAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nameless := person("2", "a@corp.example")
	delete(nameless.Values, directory.FieldLastName)
	nameless.Problems = []directory.Problem{{Code: "mandatory_missing", Field: directory.FieldLastName, Message: "Last name is missing.", Remedy: "Fill it in."}}
	run := b.sync(person("1", "a@corp.example"), nameless)
	require.Equal(t, 1, run.Counts.Created)
	require.Equal(t, 1, run.Counts.Failed)
	require.Equal(t, directory.Invited, b.userOf("1").Status)
}

// D2: disabled at the source, then enabled again: the same row.
func TestD2DisabledComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "a@corp.example"))
	user := b.userOf("1")
	run := b.sync(disabled(person("1", "a@corp.example")))
	require.Equal(t, 1, run.Counts.Deactivated)
	require.Equal(t, directory.BySource, *b.userOf("1").DeactivatedBy)
	run = b.sync(person("1", "a@corp.example"))
	require.Equal(t, 1, run.Counts.Reactivated)
	back := b.userOf("1")
	require.Equal(t, user.ID, back.ID)
	require.Equal(t, directory.Invited, back.Status)
	require.Nil(t, back.DeactivatedBy)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`), "the pending invitation stands")
}

// B2: a value that is cleared at the source is cleared here.
func TestB2ClearedValue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "a@corp.example", "phone", "+49 30 5550100", "department", "Sales"))
	b.sync(person("1", "a@corp.example", "phone", nil, "department", "Sales"))
	require.Equal(t, directory.Values{"department": "Sales"}, b.userOf("1").Fields)
	run := b.sync(person("1", "a@corp.example", "phone", nil, "department", "Sales"))
	require.Equal(t, 1, run.Counts.Unchanged)
}

func TestErrorsAreSaidAgainInEachRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	half := person("1", "a@corp.example")
	half.Problems = []directory.Problem{{Code: "date_format", Field: "joining", Message: "Joining date: 'June sixth' is not a date.", Remedy: "Use DD/MM/YYYY."}}
	for round := range 3 {
		run := b.sync(half)
		require.Equal(t, 1, run.Counts.Failed, "round %d", round)
		require.Equal(t, directory.RunPartialSuccess, run.Status)
	}
	require.Equal(t, 1, b.sync(person("1", "a@corp.example")).Counts.Unchanged)
}

func TestPlanOfNoRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.store.Plan(t.Context(), uuid.NewString(), nil, nil, nil)
	requireCode(t, err, directory.KindNotFound, "not_found")
}
