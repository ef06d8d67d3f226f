package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestC4ChangesArePagedOnceEach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.sync(people(23)...)
	records := people(23)
	for i := range 5 {
		records[i].Values["city"] = "Hamburg"
	}
	second := b.sync(records...)
	collect := func(f store.ChangeFilter) (ids []int64) {
		f.Limit = 4
		for {
			page, err := b.store.Changes(t.Context(), b.account.ID, f)
			require.NoError(t, err)
			for _, c := range page.Items {
				ids = append(ids, c.ID)
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				return ids
			}
		}
	}
	all := collect(store.ChangeFilter{})
	require.Len(t, all, 28)
	require.IsDecreasing(t, all, "newest first")
	ofRun := collect(store.ChangeFilter{RunID: first.ID})
	require.Len(t, ofRun, 23)
	require.IsIncreasing(t, ofRun, "a run in its order")
	require.Len(t, collect(store.ChangeFilter{Action: directory.ActionUpdate}), 5)
	require.Len(t, collect(store.ChangeFilter{UserID: b.userOf("id-000002").ID}), 2)
	require.Len(t, collect(store.ChangeFilter{Outcome: directory.OutcomeApplied}), 28)
	require.Empty(t, collect(store.ChangeFilter{Outcome: directory.OutcomeFailed}))
	after := second.FinishedAt.Add(time.Minute)
	require.Empty(t, collect(store.ChangeFilter{Since: &after}))
	require.Len(t, collect(store.ChangeFilter{Since: &second.StartedAt}), 5)

	for _, f := range []store.ChangeFilter{{Cursor: "?"}, {Cursor: "eHg"}, {RunID: second.ID, Cursor: "MQ"}} {
		_, err := b.store.Changes(t.Context(), b.account.ID, f)
		requireCode(t, err, directory.KindMalformed, "cursor_invalid")
	}
	_, err := b.store.Changes(t.Context(), b.account.ID, store.ChangeFilter{RunID: "none"})
	requireCode(t, err, directory.KindNotFound, "not_found")
}

func TestStreamChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.sync(people(12)...)
	changes := b.changes(run.ID)
	require.Len(t, changes, 12)
	created := changes[3]
	require.Equal(t, "Firstid-000003 Lastid-000003", created.Label)
	require.Equal(t, directory.ActionCreate, created.Action)
	require.Equal(t, "id-000003@corp.example", *created.After.Email)
	require.Equal(t, directory.Invited, *created.After.Status)
	require.Equal(t, "Sales", created.After.Fields["department"])
	require.Nil(t, created.Before)

	enough := errors.New("enough")
	seen := 0
	err := b.store.StreamChanges(t.Context(), b.account.ID, store.ChangeFilter{}, func(directory.Change) error {
		seen++
		return enough
	})
	require.ErrorIs(t, err, enough)
	require.Equal(t, 1, seen)
}
