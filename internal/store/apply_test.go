package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// prepare opens a run, stages the records and plans.
func (b *bench) prepare(records ...mapping.Record) string {
	b.t.Helper()
	run := b.openRun(directory.KindSync)
	b.stage(run, records...)
	b.plan(run)
	return run
}

func TestB8CreatesInviteOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.prepare(people(25)...)
	require.NoError(t, b.store.SetStage(t.Context(), run, directory.StageProvision, 25))
	result, err := b.store.ApplyBatch(t.Context(), run, reconcile.StepPresent, 10)
	require.NoError(t, err)
	require.Equal(t, store.BatchResult{Applied: 10, Remaining: 15}, result)
	applied, failed := b.apply(run, 10)
	require.Equal(t, []int{15, 0}, []int{applied, failed})
	again, err := b.store.ApplyBatch(t.Context(), run, reconcile.StepPresent, 10)
	require.NoError(t, err)
	require.Zero(t, again, "there is nothing left to apply")

	require.Equal(t, 25, b.count(`SELECT count(*) FROM users u JOIN links l ON l.user_id = u.id AND l.user_version = u.version AND l.fingerprint IS NOT NULL
		JOIN mails m ON m.user_id = u.id AND m.cause = u.invitation_id WHERE u.status = 'invited' AND u.invited_at IS NOT NULL`))
	require.Equal(t, 25, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
	require.Equal(t, 25, b.count(`SELECT stage_done FROM runs WHERE id = $1`, run))
	user := b.user("id-000003@corp.example")
	require.Equal(t, directory.Values{"department": "Sales", "phone": "+49 30 5550100", "city": "Berlin"}, user.Fields)
	require.Equal(t, directory.FromDirectorySync, user.Source)
}

func TestApplyByTwoWorkersAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.prepare(people(400)...)
	var mu sync.Mutex
	total := 0
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				result, err := b.store.ApplyBatch(t.Context(), run, reconcile.StepPresent, 30)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				total += result.Applied
				mu.Unlock()
				if result.Remaining == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, 400, total)
	require.Equal(t, 401, b.count(`SELECT count(*) FROM users`))
	require.Equal(t, 400, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
	require.Equal(t, 400, b.count(`SELECT count(*) FROM changes WHERE outcome = 'applied'`))
}

// Addresses that go round in a circle, whatever the size of the batches.
func TestSwappedAddresses(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 2, 100} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.sync(people(9)...)
			moved := people(9)
			for i := range moved {
				moved[i].Values[directory.FieldEmail] = fmt.Sprintf("id-%06d@corp.example", (i+1)%9)
			}
			run := b.prepare(moved...)
			applied, failed := b.apply(run, batch)
			require.Equal(t, []int{9, 0}, []int{applied, failed})
			for i := range moved {
				require.Equal(t, moved[i].SourceID, fmt.Sprintf("id-%06d", i))
				require.Equal(t, moved[i].Values[directory.FieldEmail], b.userOf(moved[i].SourceID).Email)
			}
		})
	}
}

// A swap beside somebody whose change is refused, and a chain that ends at an address that stays.
func TestSwappedAddressesBesideARefusedOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(6)...)
	records := people(6)
	email := func(i int, to string) { records[i].Values[directory.FieldEmail] = to + "@corp.example" }
	email(0, "id-000001")
	email(1, "id-000000")
	email(2, "id-000003")
	email(3, "foreign")
	email(4, "bad")
	run := b.prepare(records...)
	_, err := b.db.Exec(`INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, source)
		VALUES (gen_random_uuid(), $1, 'foreign@corp.example', 'foreign@corp.example', 'F', 'F', 'invited', 'admin')`, b.account.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`ALTER TABLE users ADD CONSTRAINT no_bad CHECK (email <> 'bad@corp.example')`)
	require.NoError(t, err)

	applied, failed := b.apply(run, 100)
	require.Equal(t, []int{2, 3}, []int{applied, failed})
	require.Equal(t, "id-000001@corp.example", b.userOf("id-000000").Email)
	require.Equal(t, "id-000000@corp.example", b.userOf("id-000001").Email)
	codes := map[string]string{}
	for _, c := range b.changes(run) {
		if c.Outcome == directory.OutcomeFailed {
			codes[*c.SourceID] = c.Problems[len(c.Problems)-1].Code
		}
	}
	require.Equal(t, map[string]string{"id-000002": store.CodeAddressTaken, "id-000003": store.CodeAddressTaken, "id-000004": store.CodeRefused}, codes)
	require.Equal(t, "id-000002@corp.example", b.userOf("id-000002").Email)
}

func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(3)...)
	records := people(3)
	for i := range records {
		records[i].Values["city"] = "Hamburg"
	}
	run := b.prepare(records...)
	_, err := b.db.Exec(`UPDATE users SET fields = fields || '{"city": "Rome"}' WHERE email_key = 'id-000000@corp.example'`)
	require.NoError(t, err)
	_, err = b.store.AcceptInvitation(ctx, b.invitation(b.userOf("id-000001").ID))
	require.NoError(t, err)

	applied, failed := b.apply(run, 10)
	require.Equal(t, []int{2, 1}, []int{applied, failed})
	require.Equal(t, "Rome", b.userOf("id-000000").Fields["city"])
	require.Equal(t, "Hamburg", b.userOf("id-000001").Fields["city"], "accepting an invitation stands in nobody's way")
	require.Equal(t, directory.Active, b.userOf("id-000001").Status)
	for _, c := range b.changes(run) {
		if c.Outcome == directory.OutcomeFailed {
			require.Equal(t, store.CodeChangedMeanwhile, c.Problems[0].Code)
		}
	}
	next := b.sync(records...)
	require.Equal(t, 1, next.Counts.Updated, "the next run heals it")
}

func TestF6SyncKeepsTheLastAdmin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(append(people(20), person("boss", "owner@example.example"))...)
	run := b.sync()
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, 20, run.Counts.Deactivated)
	require.Equal(t, 1, run.Counts.Failed)
	require.Equal(t, directory.Active, b.userOf("boss").Status)
	for _, c := range b.changes(run.ID) {
		if c.Outcome == directory.OutcomeFailed {
			require.Equal(t, store.CodeLastAdmin, c.Problems[0].Code)
			require.Contains(t, c.Problems[0].Message, "is the last account owner or super admin and was kept.")
		}
	}
}

// The licence of somebody who came back may be another's by now.
func TestB9ReturnersWaitForALicence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(6)...)
	for i := range 5 {
		_, err := b.store.AcceptInvitation(ctx, b.invitation(b.userOf(fmt.Sprintf("id-%06d", i)).ID))
		require.NoError(t, err)
	}
	records := people(6)
	for i := range 4 {
		records[i].Enabled = false
	}
	b.sync(records...)
	require.Equal(t, 2, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 3 WHERE id = $1`, b.account.ID)
	require.NoError(t, err)

	// Four come back, one goes: one licence is free and one comes free.
	records = people(6)
	records[4].Enabled = false
	run := b.sync(records...)
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, 4, run.Counts.Reactivated)
	require.Equal(t, 3, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM users WHERE status = 'awaiting_licence'`))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM changes WHERE run_id = $1 AND after->>'status' = 'awaiting_licence'`, run.ID))
	require.Equal(t, 6, b.sync(records...).Counts.Unchanged)
}

// K2: 7,000 new users are 70,000 values; one row of them breaks a constraint.
func TestK2OneBadRowOfThousands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.Exec(`ALTER TABLE users ADD CONSTRAINT no_4321 CHECK (email <> 'id-004321@corp.example')`)
	require.NoError(t, err)
	run := b.sync(people(7000)...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, 6999, run.Counts.Created)
	require.Equal(t, 1, run.Counts.Failed)
	require.Equal(t, 6999, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
	failed := b.count(`SELECT count(*) FROM changes WHERE outcome = 'failed' AND source_id = 'id-004321' AND problems->0->>'message' LIKE '%no_4321%'`)
	require.Equal(t, 1, failed)
}

// K2: what fails gives its connection back in order.
func TestK2FailingRunsLeaveThePoolWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, store.MaxConnections(5))
	ctx := t.Context()
	for range 20 {
		run := b.openRun(directory.KindSync)
		b.stage(run, people(50)...)
		_, err := b.store.Plan(ctx, run, func(c reconcile.Candidate) reconcile.Decision {
			d := reconcile.Decide(c, b.settings)
			if c.Record.SourceID == "id-000043" {
				d.Action = "none that there is"
			}
			return d
		}, nil, func(int) {})
		require.ErrorContains(t, err, "changes_action_check")
		require.NotContains(t, err.Error(), "corp.example")
	}
	require.Zero(t, b.count(`SELECT count(*) FROM changes`))
	require.Zero(t, b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := b.store.Account(ctx, b.account.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 50, b.sync(people(50)...).Counts.Created)
}

func TestErrorsQuoteNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"), person("2", "bob@corp.example"))
	ana := b.userOf("1")
	_, err := b.store.DeactivateUser(ctx, b.account.ID, ana.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET email_key = NULL WHERE id = $1`, ana.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET email = 'ana@corp.example', email_key = 'ana@corp.example' WHERE email_key = 'bob@corp.example'`)
	require.NoError(t, err)
	_, err = b.store.ActivateUser(ctx, b.account.ID, ana.ID)
	requireCode(t, err, directory.KindConflict, store.CodeAddressTaken)
	require.False(t, strings.Contains(fmt.Sprintf("%+v", err), "ana@"))
}

func TestApplyOfNoRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.store.ApplyBatch(t.Context(), uuid.NewString(), 3, 10)
	requireCode(t, err, directory.KindNotFound, "not_found")
}
