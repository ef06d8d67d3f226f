package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// bench is an account with a connected directory sync configuration in a database of its own.
type bench struct {
	t        testing.TB
	store    *store.Store
	db       *sqlx.DB // beside the store, to look at and to bend what it keeps
	url      string
	account  directory.Account
	token    string
	source   directory.Connection
	config   directory.Configuration
	settings reconcile.Settings
	runs     int
}

func setup(t testing.TB, options ...store.Option) *bench {
	t.Helper()
	b := bare(t, options...)
	b.account, b.token = b.newAccount("Example", 1000)
	b.source, b.config = b.configure(b.account.ID)
	return b
}

// bare is a database without an account.
func bare(t testing.TB, options ...store.Option) *bench {
	t.Helper()
	url := postgrestest.New(t, store.Migrate)
	b := &bench{t: t, url: url, store: open(t, url, options...), settings: reconcile.Settings{OnSourceDelete: directory.DeactivateUser, SourceName: "Microsoft Entra ID"}}
	db, err := sqlx.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	b.db = db
	return b
}

func open(t testing.TB, url string, options ...store.Option) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, options...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (b *bench) newAccount(name string, licences int) (directory.Account, string) {
	b.t.Helper()
	account, token, err := b.store.CreateAccount(b.t.Context(), store.NewAccount{Name: name, OwnerEmail: "owner@" + name + ".example", Licences: licences})
	require.NoError(b.t, err)
	return account, token
}

func (b *bench) connect(accountID string) directory.Connection {
	b.t.Helper()
	ctx := b.t.Context()
	pending, err := b.store.CreateConnection(ctx, accountID, directory.Entra)
	require.NoError(b.t, err)
	connection, err := b.store.Connect(ctx, accountID, pending.ID, directory.Tenant{ID: "tenant-1", Name: "Corp", Domains: []string{"corp.example"}}, nil)
	require.NoError(b.t, err)
	return connection
}

func (b *bench) configure(accountID string) (directory.Connection, directory.Configuration) {
	b.t.Helper()
	connection := b.connect(accountID)
	config, err := b.store.CreateConfiguration(b.t.Context(), accountID, connection.ID, directory.Settings{
		Name: "Staff", OnSourceDelete: directory.DeactivateUser, Guard: directory.DefaultGuard(),
		Mappings: []directory.Mapping{{Source: "department", Target: "department", SyncUpdates: true}},
	})
	require.NoError(b.t, err)
	return connection, config
}

// openRun opens the next run of the configuration.
func (b *bench) openRun(kind directory.RunKind) string {
	b.t.Helper()
	b.runs++
	id := uuid.NewString()
	_, err := b.store.OpenRun(b.t.Context(), store.NewRun{ID: id, ConfigurationID: b.config.ID, Number: b.runs, Kind: kind,
		Trigger: directory.TriggerManual, RequestedBy: "A test", WorkflowID: "w", WorkflowRunID: "r"})
	require.NoError(b.t, err)
	return id
}

// stage stages records in pages of 999 as a complete fetch.
func (b *bench) stage(run string, records ...mapping.Record) {
	b.t.Helper()
	const size = 999
	cursor := ""
	for page := 1; ; page++ {
		n := min(size, len(records))
		next := ""
		if n < len(records) {
			next = fmt.Sprintf("page-%d", page)
		}
		_, err := b.store.StagePage(b.t.Context(), stagePage(run, cursor, next, records[:n]...))
		require.NoError(b.t, err)
		records, cursor = records[n:], next
		if next == "" {
			return
		}
	}
}

func stagePage(run, cursor, next string, records ...mapping.Record) store.StagePage {
	page := store.StagePage{RunID: run, Cursor: cursor, Next: next, Records: records}
	for _, r := range records {
		page.Fingerprints = append(page.Fingerprints, fingerprint(r))
	}
	return page
}

// fingerprint is what mapping.Rules.Fingerprint gives in kind: the same for the same record, none
// for one with problems.
func fingerprint(r mapping.Record) []byte {
	if len(r.Problems) > 0 {
		return nil
	}
	return fmt.Appendf(nil, "%v %v", r.Enabled, r.Values)
}

func (b *bench) plan(run string) store.PlanSummary {
	b.t.Helper()
	summary, err := b.store.Plan(b.t.Context(), run,
		func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, b.settings) },
		func(m reconcile.Missing) reconcile.Decision { return reconcile.DecideMissing(m, b.settings) },
		func(int) {})
	require.NoError(b.t, err)
	return summary
}

// apply applies all steps in batches.
func (b *bench) apply(run string, batch int) (applied, failed int) {
	b.t.Helper()
	for step := reconcile.StepRelease; step <= reconcile.StepRoles; step++ {
		for {
			result, err := b.store.ApplyBatch(b.t.Context(), run, step, batch)
			require.NoError(b.t, err)
			applied, failed = applied+result.Applied, failed+result.Failed
			if result.Remaining == 0 {
				break
			}
		}
	}
	return applied, failed
}

// sync runs a whole run of the records.
func (b *bench) sync(records ...mapping.Record) directory.Run {
	b.t.Helper()
	run := b.openRun(directory.KindSync)
	b.stage(run, records...)
	b.plan(run)
	b.apply(run, 2000)
	closed, err := b.store.CloseRun(b.t.Context(), run, "", "")
	require.NoError(b.t, err)
	return closed
}

func (b *bench) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	require.NoError(b.t, b.db.GetContext(b.t.Context(), &n, query, args...))
	return n
}

func (b *bench) user(email string) directory.User {
	b.t.Helper()
	var id string
	require.NoError(b.t, b.db.Get(&id, `SELECT id FROM users WHERE account_id = $1 AND email_key = $2`, b.account.ID, directory.EmailKey(email)))
	user, err := b.store.User(b.t.Context(), b.account.ID, id)
	require.NoError(b.t, err)
	return user
}

func (b *bench) userOf(sourceID string) directory.User {
	b.t.Helper()
	var id string
	require.NoError(b.t, b.db.Get(&id, `SELECT user_id FROM links WHERE connection_id = $1 AND source_id = $2`, b.source.ID, sourceID))
	user, err := b.store.User(b.t.Context(), b.account.ID, id)
	require.NoError(b.t, err)
	return user
}

func (b *bench) changes(run string) []directory.Change {
	b.t.Helper()
	var all []directory.Change
	require.NoError(b.t, b.store.StreamChanges(b.t.Context(), b.account.ID, store.ChangeFilter{RunID: run}, func(c directory.Change) error {
		all = append(all, c)
		return nil
	}))
	return all
}

func (b *bench) invitation(userID string) string {
	b.t.Helper()
	var id string
	require.NoError(b.t, b.db.Get(&id, `SELECT invitation_id FROM users WHERE id = $1`, userID))
	return id
}

// person is an enabled record; values are pairs of further fields.
func person(id, email string, values ...any) mapping.Record {
	r := mapping.Record{SourceID: id, Enabled: true, Values: directory.Values{
		directory.FieldEmail: email, directory.FieldFirstName: "First" + id, directory.FieldLastName: "Last" + id}}
	for i := 0; i+1 < len(values); i += 2 {
		r.Values[values[i].(string)] = values[i+1]
	}
	return r
}

func people(n int) []mapping.Record {
	records := make([]mapping.Record, n)
	for i := range records {
		id := fmt.Sprintf("id-%06d", i)
		records[i] = person(id, id+"@corp.example", "department", "Sales", "phone", "+49 30 5550100", "city", "Berlin")
	}
	return records
}

func disabled(r mapping.Record) mapping.Record {
	r.Enabled = false
	return r
}

func requireCode(t testing.TB, err error, kind directory.Kind, code string) {
	t.Helper()
	var coded *directory.Error
	require.ErrorAs(t, err, &coded)
	require.Equal(t, code, coded.Code)
	require.Equal(t, kind, coded.Kind)
}

const (
	waitFor = 10 * time.Second
	tick    = 5 * time.Millisecond
)
