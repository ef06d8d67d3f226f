package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestStagePageTwiceStagesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	fetched, err := b.store.StagePage(ctx, stagePage(run, "", "p2", people(5)...))
	require.NoError(t, err)
	require.Equal(t, 5, fetched)
	_, err = b.store.StagePage(ctx, stagePage(run, "", "p2", people(5)...))
	requireCode(t, err, directory.KindUnavailable, store.CodePageStale)

	progress, err := b.store.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: -1, Cursor: "p2", Read: 5, Fetched: 5, Pages: 1}, progress)
	_, err = b.store.StagePage(ctx, stagePage(run, "p2", "", people(7)...))
	require.NoError(t, err)
	progress, err = b.store.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: -1, Read: 12, Fetched: 12, Pages: 2, Done: true}, progress)
	staged, err := b.store.Staged(ctx, run)
	require.NoError(t, err)
	require.Equal(t, 7, staged, "a record that comes on two pages is one record")
	_, err = b.store.StagePage(ctx, stagePage(run, "", "", people(1)...))
	requireCode(t, err, directory.KindUnavailable, store.CodePageStale)
	_, err = b.store.StagePage(ctx, stagePage(uuid.NewString(), "", ""))
	requireCode(t, err, directory.KindNotFound, "not_found")
}

func TestStagePageByTwoWorkersAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.openRun(directory.KindSync)
	var staged atomic.Int32
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := b.store.StagePage(t.Context(), stagePage(run, "", "p2", people(50)...)); err == nil {
				staged.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, staged.Load())
	require.Equal(t, 50, b.count(`SELECT fetched FROM runs WHERE id = $1`, run))
}

// A1 (b): a page token that keeps coming back.
func TestA1RepeatedCursorEndsTheFetch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(40)...)
	run := b.openRun(directory.KindSync)
	_, err := b.store.StagePage(ctx, stagePage(run, "", "tok-2", people(2)...))
	require.NoError(t, err)
	_, err = b.store.StagePage(ctx, stagePage(run, "tok-2", "tok-2", people(2)...))
	require.NoError(t, err)
	for range 2 {
		_, err = b.store.StagePage(ctx, stagePage(run, "tok-2", "tok-2", people(2)...))
		requireCode(t, err, directory.KindUnavailable, directory.CodeRepeatedPage)
		var coded *directory.Error
		require.ErrorAs(t, err, &coded)
		require.True(t, coded.Permanent)
	}
	progress, err := b.store.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.False(t, progress.Done)
	require.Equal(t, 2, progress.Pages)
}

func TestK1CharactersThatPostgresRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	records := people(200)
	records[7].Values["title"] = "Q\x00A"
	records[9].SourceID = "id\x00-9\xff"
	records[11].Values["title"] = "broken \xff byte"
	records[12].Values["title"] = `a literal \u0000 is harmless`
	run := b.sync(records...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, 199, run.Counts.Created)
	require.Equal(t, 1, run.Counts.Failed)
	failed := b.changes(run.ID)[0]
	require.Equal(t, directory.OutcomeFailed, failed.Outcome)
	require.Equal(t, records[7].SourceID, *failed.SourceID)
	require.Equal(t, store.CodeInvalidValue, failed.Problems[0].Code)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE source_id = $1`, "id-9\uFFFD"))
	require.Equal(t, "broken \uFFFD byte", b.user(records[11].Values["email"].(string)).Fields["title"])
	require.Equal(t, `a literal \u0000 is harmless`, b.user(records[12].Values["email"].(string)).Fields["title"])
}
