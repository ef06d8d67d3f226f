package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// withManagers maps a field of type person.
func withManagers(t *testing.T, syncUpdates bool) *bench {
	t.Helper()
	b := setup(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Manager", directory.Person)
	require.NoError(t, err)
	b.edit(func(s *directory.Settings) {
		s.Mappings = append(s.Mappings, directory.Mapping{Source: "manager", Target: "manager", SyncUpdates: syncUpdates})
	})
	return b
}

// under is a record that names a manager.
func under(r mapping.Record, manager string) mapping.Record {
	r.People = map[string]string{"manager": manager}
	return r
}

func ofCorp(id string) mapping.Record { return person(id, id+"@corp.example") }

// managed syncs everybody and notes who is not here.
func (b *bench) managed(records ...mapping.Record) directory.Run {
	b.t.Helper()
	return b.finish(b.staged(directory.KindSync, records...))
}

func (b *bench) staged(kind directory.RunKind, records ...mapping.Record) string {
	b.t.Helper()
	run := b.openRun(kind)
	b.stage(run, records...)
	return run
}

func (b *bench) finish(run string) directory.Run {
	b.t.Helper()
	b.plan(run)
	b.apply(run, 2)
	require.NoError(b.t, b.store.ParkMembers(b.t.Context(), run))
	closed, err := b.store.CloseRun(b.t.Context(), run, "", "")
	require.NoError(b.t, err)
	return closed
}

// managers are the source ids of the managers of those who have one, by source id.
func (b *bench) managers() map[string]string {
	b.t.Helper()
	var rows []struct{ Person, Manager string }
	require.NoError(b.t, b.db.Select(&rows, `
		SELECT l.source_id AS person, coalesce(m.source_id, u.fields->>'manager') AS manager
		FROM links l JOIN users u ON u.id = l.user_id LEFT JOIN links m ON m.user_id::text = u.fields->>'manager'
		WHERE u.fields ? 'manager'`))
	managers := map[string]string{}
	for _, row := range rows {
		managers[row.Person] = row.Manager
	}
	return managers
}

// parked are the references that wait for somebody.
func (b *bench) parked() []string {
	b.t.Helper()
	references := []string{}
	require.NoError(b.t, b.db.Select(&references, `SELECT reference FROM parked_people ORDER BY reference`))
	return references
}

func TestF10ManagersAreSetInTheRunThatCreatesThem(t *testing.T) {
	t.Parallel()
	b := withManagers(t, true)
	records := []mapping.Record{
		under(ofCorp("ana"), "bob"), under(ofCorp("bob"), "Cyd@Corp.example"), under(ofCorp("cyd"), "ana"), under(ofCorp("dan"), "dan"), under(ofCorp("eve"), ""), ofCorp("fay"),
	}
	run := b.managed(records...)
	require.Equal(t, map[string]string{"ana": "bob", "bob": "cyd", "cyd": "ana", "dan": "dan"}, b.managers(), "in a circle, and of oneself")
	require.Equal(t, directory.Counts{Fetched: 6, Created: 6}, run.Counts, "the manager is a part of the person")
	require.Empty(t, b.parked())
	var set []directory.Change
	for _, c := range b.changes(run.ID) {
		if c.Action == directory.ActionUpdate {
			set = append(set, c)
		}
	}
	require.Len(t, set, 4)
	for _, c := range set {
		require.Equal(t, directory.OutcomeApplied, c.Outcome)
		require.Equal(t, directory.Values{"manager": nil}, c.Before.Fields)
		require.NotEmpty(t, c.After.Fields["manager"])
	}

	run = b.managed(records...)
	require.Equal(t, directory.Counts{Fetched: 6, Unchanged: 6}, run.Counts)
	require.Empty(t, b.changes(run.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM links l JOIN users u ON u.id = l.user_id WHERE l.user_version <> u.version`), "records are known to be unchanged")

	records[0] = under(ofCorp("ana"), "")
	run = b.managed(records...)
	require.Equal(t, map[string]string{"bob": "cyd", "cyd": "ana", "dan": "dan"}, b.managers())
	changes := b.changes(run.ID)
	require.Len(t, changes, 1)
	require.Equal(t, directory.Values{"manager": b.userOf("bob").ID}, changes[0].Before.Fields)
	require.Equal(t, directory.Values{"manager": nil}, changes[0].After.Fields)
	require.Equal(t, "Firstana Lastana", changes[0].Label)
}

func TestF10ManagersWhoArriveLaterAreSetThen(t *testing.T) {
	t.Parallel()
	for _, mode := range []directory.RunMode{directory.FullRead, directory.Incremental} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			b := withManagers(t, true)
			ana, bob := under(ofCorp("ana"), "boss"), under(ofCorp("bob"), "Boss@corp.example")
			b.managed(ana, bob)
			require.Empty(t, b.managers())
			require.Equal(t, []string{"boss", "boss@corp.example"}, b.parked())

			arrived := []mapping.Record{ofCorp("boss")}
			if mode == directory.FullRead {
				b.managed(ana, bob, arrived[0])
			} else {
				run := b.openRun(directory.KindSync)
				require.NoError(t, b.store.BeginRead(t.Context(), run, store.ReadStart{Mode: mode, Cursor: deltaLink}))
				_, err := b.store.StageChanges(t.Context(), stageChanges(run, deltaLink, "", "T2", nil, arrived...))
				require.NoError(t, err)
				b.finish(run)
			}
			require.Equal(t, map[string]string{"ana": "boss", "bob": "boss"}, b.managers())
			require.Empty(t, b.parked())
		})
	}
}

func TestF10ManagersWhoLeaveAreCleared(t *testing.T) {
	t.Parallel()
	b := withManagers(t, true)
	ana, boss := under(ofCorp("ana"), "boss"), ofCorp("boss")
	b.managed(ana, boss)
	b.managed(ana)
	require.Equal(t, directory.Deactivated, b.userOf("boss").Status)
	require.Empty(t, b.managers())
	require.Equal(t, []string{"boss"}, b.parked())
	b.managed(ana, boss)
	require.Equal(t, map[string]string{"ana": "boss"}, b.managers(), "who comes back is the manager again")
	require.Empty(t, b.parked())

	b.managed(boss)
	require.Equal(t, map[string]string{"ana": "boss"}, b.managers(), "who is out stays as they are")
	b.managed(under(ofCorp("ana"), "gone"), boss)
	require.Empty(t, b.managers())
	require.Equal(t, []string{"gone"}, b.parked())
	_, err := b.db.Exec(`DELETE FROM users WHERE id = $1`, b.userOf("ana").ID)
	require.NoError(t, err)
	require.Empty(t, b.parked())
}

func TestF10ManagersWithSyncUpdatesOffAreSetOnce(t *testing.T) {
	t.Parallel()
	b := withManagers(t, false)
	owner := person("own", "owner@example.example")
	b.managed(under(ofCorp("ana"), "boss"), under(ofCorp("bob"), "late"), ofCorp("boss"), under(owner, "boss"))
	want := map[string]string{"ana": "boss", "own": "boss"}
	require.Equal(t, want, b.managers())
	b.managed(under(ofCorp("ana"), ""), under(ofCorp("bob"), "late"), ofCorp("boss"), ofCorp("late"), under(owner, "late"))
	require.Equal(t, want, b.managers())
	require.Empty(t, b.parked())
}

// Whoever could not be created is nobody's manager, until they can.
func TestF10ManagerWhoCouldNotBeCreatedIsParked(t *testing.T) {
	t.Parallel()
	b := withManagers(t, true)
	_, err := b.db.Exec(`ALTER TABLE users ADD CONSTRAINT no_boss CHECK (email <> 'boss@corp.example')`)
	require.NoError(t, err)
	run := b.staged(directory.KindSync, under(ofCorp("ana"), "boss"), under(ofCorp("boss"), "ana"))
	require.Equal(t, store.PlanSummary{Changes: 2, People: 2, NamesPeople: true}, b.plan(run))
	require.Equal(t, store.BatchResult{Applied: 1, Failed: 1}, b.applyStep(run, reconcile.StepPresent, 10))
	require.Equal(t, store.BatchResult{}, b.applyStep(run, reconcile.StepPeople, 10))
	require.Len(t, b.changes(run), 2)
	for range 2 {
		require.NoError(t, b.store.ParkMembers(t.Context(), run))
		require.Equal(t, []string{"boss"}, b.parked())
	}
	require.Empty(t, b.managers())
}

func TestF10APreviewShowsManagers(t *testing.T) {
	t.Parallel()
	b := withManagers(t, true)
	run := b.staged(directory.KindPreview, under(ofCorp("ana"), "boss"), ofCorp("boss"))
	require.Equal(t, store.PlanSummary{Changes: 2, People: 1, NamesPeople: true}, b.plan(run))
	closed, err := b.store.CloseRun(t.Context(), run, "", "")
	require.NoError(t, err)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 2}, closed.Counts)
	changes := b.changes(run)
	require.Len(t, changes, 3)
	require.Equal(t, directory.OutcomePlanned, changes[2].Outcome)
	ids := map[string]string{}
	for _, c := range changes[:2] {
		ids[*c.SourceID] = *c.UserID
	}
	require.Equal(t, ids["ana"], *changes[2].UserID)
	require.Equal(t, ids["boss"], changes[2].After.Fields["manager"])
	require.Zero(t, b.count(`SELECT count(*) FROM links`))
}

// What is parked goes with the configuration; what is set stays.
func TestB5ManagersStay(t *testing.T) {
	t.Parallel()
	b := withManagers(t, true)
	b.managed(under(ofCorp("ana"), "boss"), under(ofCorp("bob"), "late"), ofCorp("boss"))
	manager := b.userOf("boss").ID
	require.NoError(t, b.store.DestroyConfiguration(t.Context(), b.config.ID))
	require.Empty(t, b.parked())
	require.Equal(t, manager, b.user("ana@corp.example").Fields["manager"])
}
