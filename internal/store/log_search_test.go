package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// found are the labels of the changes that a search finds, newest first.
func (b *bench) found(search string, more ...func(*store.ChangeFilter)) []string {
	b.t.Helper()
	f := store.ChangeFilter{Search: search, Limit: 500}
	for _, set := range more {
		set(&f)
	}
	page, err := b.store.Changes(b.t.Context(), b.account.ID, f)
	require.NoError(b.t, err)
	labels := []string{}
	for _, c := range page.Items {
		labels = append(labels, c.Label+" "+string(c.Action))
	}
	return labels
}

func TestC4_SearchFindsPeopleAsTheyAreAndAsTheyWere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana.lopez@corp.example", directory.FieldFirstName, "Ana", directory.FieldLastName, "López-Ortega"))
	b.sync(person("1", "Ana.Ruiz@corp.example", directory.FieldFirstName, "Ana", directory.FieldLastName, "Ruiz"))
	created, updated := "Ana López-Ortega create", "Ana Ruiz update"
	both := []string{updated, created}
	for _, search := range []string{
		"Ruiz", "ruiz ANA", "LÓPEZ", "ortega", "Ana López-Ortega", "lópez-ort", "  ana  ", "an",
		"ana.lopez@corp.example", "ANA.LOPEZ@CORP.EXAMPLE", "ana.ruiz@corp", "Ana.Ruiz@corp.example", "@corp.example", "corp", "'ana'", `ana\`, "ana:*", "Ana & Ruiz",
	} {
		require.Equal(t, both, b.found(search), search)
	}
	for _, search := range []string{"Ana Bo", "uiz", "lopez@corp.example", "ana.lopez@corp.example.org", "%", "_", "!ana bo", "' | '", `\`, b.account.ID + "x"} {
		require.Empty(t, b.found(search), search)
	}
	require.Equal(t, []string{updated}, b.found("lópez", func(f *store.ChangeFilter) { f.Action = directory.ActionUpdate }), "what another filter leaves")
	require.Equal(t, []string{updated}, b.found("lópez", func(f *store.ChangeFilter) { f.Since = new(b.changeOf("update").OccurredAt) }))
	require.Equal(t, []string{created}, b.found("ruiz", func(f *store.ChangeFilter) { f.Until = new(b.changeOf("update").OccurredAt) }))
	require.Equal(t, []string{created}, b.found("ruiz", func(f *store.ChangeFilter) { f.RunID = *b.changeOf("create").RunID }))

	other, _ := b.newAccount("Other", 10)
	page, err := b.store.Changes(t.Context(), other.ID, store.ChangeFilter{Search: "ruiz"})
	require.NoError(t, err)
	require.Empty(t, page.Items, "of another account")

	_, err = b.db.Exec(`DELETE FROM changes WHERE action = 'create'; UPDATE changes SET before = '{"status":"invited"}', after = '{"status":"active"}'`)
	require.NoError(t, err)
	require.Equal(t, []string{updated}, b.found("ana.ruiz@corp.example"), "the address of today, which no line of the log has")
}

// changeOf is the change with the action.
func (b *bench) changeOf(action directory.Action) directory.Change {
	b.t.Helper()
	page, err := b.store.Changes(b.t.Context(), b.account.ID, store.ChangeFilter{Action: action})
	require.NoError(b.t, err)
	require.Len(b.t, page.Items, 1)
	return page.Items[0]
}

func TestC4_SearchFindsWhoIsNotInTheAccountAndMemberships(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, subject, user_id, group_id, label, source, action, outcome) VALUES
		($1, 'user', NULL, NULL, 'bo.nilsson@corp.example', 'directory_sync', 'error', 'failed'),
		($1, 'membership', gen_random_uuid(), gen_random_uuid(), 'Cy Young in Design', 'directory_sync', 'create', 'applied'),
		($1, 'user', NULL, NULL, $2, 'directory_sync', 'error', 'failed')`, b.account.ID, strings.Repeat("ж", 5000))
	require.NoError(t, err)
	require.Equal(t, []string{"bo.nilsson@corp.example error"}, b.found("nilsson bo"))
	require.Equal(t, []string{"Cy Young in Design create"}, b.found("young"))
	require.Len(t, b.found("жжж"), 1, "a word of any length")
}

func TestC4_SearchInWhatARunWouldDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(2)...)
	preview := b.openRun(directory.KindPreview)
	b.stage(preview, append(people(3), disabled(person("x", "x@corp.example")))...)
	b.plan(preview)
	planned := func(f *store.ChangeFilter) { f.Outcome = directory.OutcomePlanned }
	require.Equal(t, []string{"Firstid-000002 Lastid-000002 create"}, b.found("id-000002@corp", func(f *store.ChangeFilter) { f.RunID = preview }))
	require.Equal(t, []string{"Firstid-000002 Lastid-000002 create"}, b.found("000002", planned))
	require.Empty(t, b.found("000001", planned))
	require.Empty(t, b.found("000002"), "what is only planned has not happened")
}

func TestC4_ASearchForTooManyListsWhatSaysItsWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.many(1001)
	one := *b.changeOfLabel("First77x Last77x").UserID
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, user_id, label, source, action, outcome) VALUES ($1, $2, 'Renamed', 'admin', 'update', 'applied')`, b.account.ID, one)
	require.NoError(t, err)
	require.Equal(t, []string{"Renamed update", "First77x Last77x create"}, b.found("first77x"))
	require.NotContains(t, b.found("corp.example"), "Renamed update", "1,001 people")
	require.Contains(t, b.found("first1"), "First1x Last1x create")
	_, err = b.db.Exec(`DELETE FROM changes WHERE label = 'First1x Last1x'`)
	require.NoError(t, err)
	require.Contains(t, b.found("corp.example"), "Renamed update", "1,000 people")
}

// many are as many users' changes, a minute apart.
func (b *bench) many(n int) {
	b.t.Helper()
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, run_id, user_id, label, source, action, after, outcome, occurred_at)
		SELECT $1, $2, gen_random_uuid(), 'First' || i || 'x Last' || i || 'x', 'directory_sync', 'create',
		       jsonb_build_object('email', 'p' || i || '@corp.example'), 'applied', now() - i * interval '1 minute'
		FROM generate_series(1, $3::int) AS i`, b.account.ID, "0198c0de-0000-7000-8000-000000000001", n)
	require.NoError(b.t, err)
}

func TestC4_TheLogIsReadByIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.many(20_000)
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			_, err := b.db.Exec(`ANALYZE changes`)
			require.NoError(t, err)
		}
		at := b.changeOfLabel("First77x Last77x").OccurredAt
		user := *b.changeOfLabel("First77x Last77x").UserID
		for name, c := range map[string]struct {
			filter store.ChangeFilter
			index  string
		}{
			"search":  {store.ChangeFilter{Search: "first77x last77x"}, "changes_words"},
			"newest":  {store.ChangeFilter{}, "changes_newest"},
			"since":   {store.ChangeFilter{Since: &at}, "changes_newest"},
			"until":   {store.ChangeFilter{Until: &at}, "changes_newest"},
			"user":    {store.ChangeFilter{UserID: user}, "changes_of_user"},
			"run":     {store.ChangeFilter{RunID: "0198c0de-0000-7000-8000-000000000001"}, "changes_of_run"},
			"failed":  {store.ChangeFilter{Outcome: directory.OutcomeFailed}, "changes_failed"},
			"planned": {store.ChangeFilter{Outcome: directory.OutcomePlanned}, "changes_planned"},
		} {
			text, args, err := store.ChangesQuery(b.account.ID, c.filter)
			require.NoError(t, err)
			var plan []string
			require.NoError(t, b.db.Select(&plan, "EXPLAIN (ANALYZE, BUFFERS) "+text, args...))
			shown := strings.Join(plan, "\n")
			require.Contains(t, shown, c.index, "%s, analyzed %v", name, analyzed)
			require.NotContains(t, shown, "Seq Scan on changes", "%s, analyzed %v: %s", name, analyzed, shown)
		}
	}
}

func (b *bench) changeOfLabel(label string) directory.Change {
	b.t.Helper()
	page, err := b.store.Changes(b.t.Context(), b.account.ID, store.ChangeFilter{Search: label})
	require.NoError(b.t, err)
	require.Len(b.t, page.Items, 1, label)
	return page.Items[0]
}

func TestC4_PagesStayWhileTheLogGrows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.many(200)
	for _, f := range []store.ChangeFilter{{}, {Search: "corp.example"}, {Source: directory.FromDirectorySync}} {
		want := map[int64]bool{}
		require.NoError(t, b.store.StreamChanges(t.Context(), b.account.ID, f, func(c directory.Change) error {
			want[c.ID] = true
			return nil
		}))
		f.Limit = 7
		for seen := 0; ; seen++ {
			page, err := b.store.Changes(t.Context(), b.account.ID, f)
			require.NoError(t, err)
			for _, c := range page.Items {
				require.True(t, want[c.ID], "no line twice, and none that came meanwhile")
				delete(want, c.ID)
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
			_, err = b.db.Exec(`
				INSERT INTO changes (account_id, label, source, action, after, outcome)
				VALUES ($1, $2, 'directory_sync', 'error', '{"email":"new@corp.example"}', 'failed')`, b.account.ID, fmt.Sprint("Newcomer ", seen))
			require.NoError(t, err)
		}
		require.Empty(t, want, "no line is left out")
	}
}

func TestC4_AStreamHoldsNoConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, store.MaxConnections(1))
	b.many(4500)
	n, last := 0, int64(0)
	require.NoError(t, b.store.StreamChanges(t.Context(), b.account.ID, store.ChangeFilter{}, func(c directory.Change) error {
		n++
		require.NotEqual(t, last, c.ID)
		last = c.ID
		if n%1000 == 0 {
			require.NoError(t, b.store.Ping(t.Context()), "the only connection is free while a slow reader takes its time")
		}
		return nil
	}))
	require.Equal(t, 4500, n)
}
