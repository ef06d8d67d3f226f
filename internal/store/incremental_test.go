package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const deltaLink = "https://graph.example/v1.0/users/delta?$deltatoken=T1"

func fullRead(link string) store.ReadStart {
	return store.ReadStart{Mode: directory.FullRead, ChangesLink: link, Digest: []byte("digest")}
}

func changesSince(link string) store.ReadStart {
	return store.ReadStart{Mode: directory.Incremental, Cursor: link, Digest: []byte("digest")}
}

// firstSync is a full read of the records that leaves a link.
func (b *bench) firstSync(records ...mapping.Record) directory.Run {
	b.t.Helper()
	run := b.openRun(directory.KindSync)
	require.NoError(b.t, b.store.BeginRead(b.t.Context(), run, fullRead(deltaLink)))
	b.stage(run, records...)
	return b.settle(run)
}

func stageChanges(run, cursor, next, link string, gone []string, records ...mapping.Record) store.StageChanges {
	page := store.StageChanges{RunID: run, Cursor: cursor, Next: next, Link: link, Gone: gone, Records: records}
	for _, r := range records {
		page.Fingerprints = append(page.Fingerprints, fingerprint(r))
	}
	return page
}

func (b *bench) readState() store.ReadState {
	b.t.Helper()
	state, err := b.store.ReadState(b.t.Context(), b.config.ID)
	require.NoError(b.t, err)
	return state
}

// openIncremental opens a run that reads the changes since a link.
func (b *bench) openIncremental(link string) string {
	b.t.Helper()
	run := b.openRun(directory.KindSync)
	require.NoError(b.t, b.store.BeginRead(b.t.Context(), run, changesSince(link)))
	return run
}

func TestIncrementalRunTakesOutOnlyWhoIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	records := people(10)
	first := b.firstSync(records...)
	state := b.readState()
	require.Equal(t, store.ReadState{ChangesLink: deltaLink, ChangesAt: first.StartedAt, Digest: []byte("digest")}, state)

	run := b.openIncremental(deltaLink)
	records[1].Values["city"] = "Hamburg"
	read, err := b.store.StageChanges(ctx, stageChanges(run, deltaLink, "p2", "", []string{"id-000009", "id-000002", "never seen"}, records[1]))
	require.NoError(t, err)
	require.Equal(t, 4, read)
	progress, err := b.store.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, store.FetchProgress{Mode: directory.Incremental, Announced: -1, Cursor: "p2", Read: 4, Fetched: 1, Pages: 1}, progress)
	for _, stale := range []store.StageChanges{stageChanges(run, deltaLink, "p2", "", nil), stageChanges(run, "", "", "T", nil)} {
		_, err = b.store.StageChanges(ctx, stale)
		requireCode(t, err, directory.KindUnavailable, store.CodePageStale)
	}
	read, err = b.store.StageChanges(ctx, stageChanges(run, "p2", "", "T2", nil, records[2]))
	require.NoError(t, err)
	require.Equal(t, 5, read, "who comes twice: the last answer holds")
	missing, _, err := b.store.Missing(ctx, run)
	require.NoError(t, err)
	require.Zero(t, missing, "nobody is missing from a list of changes")

	closed := b.settle(run)
	require.Equal(t, directory.RunSuccess, closed.Status)
	require.Equal(t, directory.Incremental, closed.Mode)
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 1, Unchanged: 1, Deactivated: 1}, closed.Counts)
	require.Equal(t, directory.Deactivated, b.userOf("id-000009").Status)
	state = b.readState()
	require.Equal(t, []any{"T2", 1}, []any{state.ChangesLink, state.IncrementalRuns})

	run = b.openIncremental("T2")
	_, err = b.store.StageChanges(ctx, stageChanges(run, "T2", "", "T3", nil))
	require.NoError(t, err)
	b.settle(run)
	require.Equal(t, 2, b.readState().IncrementalRuns)
	b.firstSync(records[:9]...)
	require.Zero(t, b.readState().IncrementalRuns, "a full read begins anew")
}

func TestCaseA1RepeatedTokenOfChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openIncremental(deltaLink)
	_, err := b.store.StageChanges(ctx, stageChanges(run, deltaLink, "tok-2", "", nil))
	require.NoError(t, err)
	_, err = b.store.StageChanges(ctx, stageChanges(run, "tok-2", "tok-2", "", nil))
	require.NoError(t, err)
	_, err = b.store.StageChanges(ctx, stageChanges(run, "tok-2", "tok-2", "", nil))
	requireCode(t, err, directory.KindUnavailable, directory.CodeRepeatedPage)
}

// A2 (c): the link moves only when all people of the run are stored.
func TestCaseA2LinkMovesWithACompleteRunOnly(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bench, run string){
		"killed after a page": func(*bench, string) {},
		"cancelled": func(b *bench, run string) {
			_, err := b.store.CloseRun(b.t.Context(), run, directory.RunCancelled, "Cancelled.")
			require.NoError(b.t, err)
		},
		"with an error of a record": func(b *bench, run string) {
			half := person("h", "h@corp.example")
			half.Problems = []directory.Problem{{Code: "date_format", Field: "joining", Message: "No date.", Remedy: "Use a date."}}
			_, err := b.store.StageChanges(b.t.Context(), stageChanges(run, "p2", "", "T2", nil, half))
			require.NoError(b.t, err)
			require.Equal(b.t, directory.RunPartialSuccess, b.settle(run).Status)
		},
		"said to be a success": func(b *bench, run string) {
			_, err := b.store.CloseRun(b.t.Context(), run, directory.RunSuccess, "")
			require.NoError(b.t, err)
		},
		"the settings unknown": func(b *bench, run string) {
			_, err := b.store.StageChanges(b.t.Context(), stageChanges(run, "p2", "", "T2", nil))
			require.NoError(b.t, err)
			_, err = b.db.Exec(`UPDATE runs SET changes_digest = NULL WHERE id = $1`, run)
			require.NoError(b.t, err)
			b.settle(run)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			b.firstSync(people(3)...)
			run := b.openIncremental(deltaLink)
			_, err := b.store.StageChanges(ctx, stageChanges(run, deltaLink, "p2", "", nil, person("new", "new@corp.example")))
			require.NoError(t, err)
			require.Equal(t, deltaLink, b.readState().ChangesLink, "while it runs, nothing moves")
			end(b, run)
			b.openRun(directory.KindSync)
			require.Zero(t, b.readState(), "the next run reads everybody")
		})
	}
}

// The link is of what the settings said when the run read it, whatever they say when it ends.
func TestLinkIsOfTheSettingsThatWereRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.BeginRead(ctx, run, store.ReadStart{Mode: directory.FullRead, ChangesLink: "T1", Digest: []byte("then")}))
	require.NoError(t, b.store.BeginRead(ctx, run, store.ReadStart{Mode: directory.FullRead, ChangesLink: "T2", Digest: []byte("now")}))
	b.stage(run, people(2)...)
	b.settle(run)
	state := b.readState()
	require.Equal(t, []string{"T1", "then"}, []string{state.ChangesLink, string(state.Digest)})
}

// A2 (b): the source no longer knows the link, so everybody is read in the same run.
func TestCaseA2FallsBackToAFullRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.firstSync(people(4)...)
	run := b.openIncremental(deltaLink)
	require.NoError(t, b.store.SetStage(ctx, run, directory.StageFetch, 0))
	b.stageGroups(run, synced("g-1", "Design", "id-000001"))
	_, err := b.store.StageChanges(ctx, stageChanges(run, deltaLink, "p2", "", []string{"id-000003"}, person("id-000001", "b@corp.example")))
	require.NoError(t, err)
	note := directory.Note{Code: "full_resync", Message: "Everybody was read again."}
	for _, link := range []string{"T7", "T8"} {
		require.NoError(t, b.store.BeginRead(ctx, run, fullRead(link), note))
	}
	require.Zero(t, b.count(`SELECT count(*) FROM staged_users`)+b.count(`SELECT count(*) FROM staged_absent`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM staged_members`), "the groups are read already")
	progress, err := b.store.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: -1}, progress)
	_, err = b.store.StageChanges(ctx, stageChanges(run, "p2", "", "T2", nil))
	requireCode(t, err, directory.KindUnavailable, store.CodePageStale)

	b.stage(run, people(4)...)
	require.NoError(t, b.store.BeginRead(ctx, run, changesSince(deltaLink)))
	require.NoError(t, b.store.BeginRead(ctx, run, fullRead("T9")))
	closed := b.settle(run)
	require.Equal(t, directory.RunSuccess, closed.Status)
	require.Equal(t, directory.FullRead, closed.Mode)
	require.Equal(t, directory.Notes{note}, closed.Notes)
	require.Equal(t, 4, closed.Counts.Unchanged)
	require.Equal(t, "T7", b.readState().ChangesLink, "the link of before the first page")
	requireCode(t, b.store.BeginRead(ctx, run, store.ReadStart{Mode: directory.FullRead}), directory.KindConflict, "run_ended")
}

func TestBeginReadChangesNothingOnceItWasRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.BeginRead(ctx, run, store.ReadStart{Mode: directory.FullRead}))
	_, err := b.store.StagePage(ctx, stagePage(run, "", "p2", people(2)...))
	require.NoError(t, err)
	for _, mode := range []directory.RunMode{directory.FullRead, directory.Incremental} {
		require.NoError(t, b.store.BeginRead(ctx, run, store.ReadStart{Mode: mode, Cursor: "elsewhere", ChangesLink: "T1"}, directory.Note{Code: "late"}))
		progress, err := b.store.FetchProgress(ctx, run)
		require.NoError(t, err)
		require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: -1, Cursor: "p2", Read: 2, Fetched: 2, Pages: 1}, progress)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM runs WHERE notes = '[]' AND changes_link IS NULL`))
	requireCode(t, b.store.BeginRead(ctx, uuid.NewString(), store.ReadStart{Mode: directory.FullRead}), directory.KindNotFound, "not_found")
}

func TestPreviewLeavesTheLinkAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.firstSync(people(2)...)
	run := b.openRun(directory.KindPreview)
	b.stage(run, people(2)...)
	_, err := b.store.CloseRun(t.Context(), run, "", "")
	require.NoError(t, err)
	require.Equal(t, deltaLink, b.readState().ChangesLink)
	require.WithinDuration(t, time.Now(), b.readState().ChangesAt, time.Hour)
}

// A holder whose record a list of changes does not have keeps their address; one who is gone does not.
func TestIncrementalRunKnowsWhoHoldsAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.firstSync(person("1", "ana@corp.example"), person("2", "bob@corp.example"))
	run := b.openIncremental(deltaLink)
	_, err := b.store.StageChanges(ctx, stageChanges(run, deltaLink, "", "T2", []string{"2"},
		person("3", "ana@corp.example"), person("4", "bob@corp.example")))
	require.NoError(t, err)
	closed := b.settle(run)
	require.Equal(t, []int{1, 1, 1}, []int{closed.Counts.Created, closed.Counts.Deactivated, closed.Counts.Failed})
	require.Equal(t, "3", *b.changes(run)[0].SourceID)
	require.Equal(t, b.userOf("4").ID, b.user("bob@corp.example").ID)
	require.Equal(t, b.userOf("1").ID, b.user("ana@corp.example").ID)
}

func TestNotesOfOneCodeReplaceEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.AddNotes(ctx, run, directory.Note{Code: "a", Message: "One."}, directory.Note{Code: "b", Message: "Two\x00."}, directory.Note{}))
	require.NoError(t, b.store.AddNotes(ctx, run, directory.Note{Code: "a", Message: "Three."}))
	require.NoError(t, b.store.AddNotes(ctx, run))
	got, err := b.store.Run(ctx, b.account.ID, run)
	require.NoError(t, err)
	require.Equal(t, directory.Notes{{Code: "a", Message: "Three."}, {Code: "b", Message: "Two."}}, got.Notes)
}
