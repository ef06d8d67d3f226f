package store_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// newSCIMToken makes a token that expires after life; 0: never.
func (b *bench) newSCIMToken(accountID, name string, life time.Duration) (directory.SCIMToken, string) {
	b.t.Helper()
	token, secret, err := b.store.CreateSCIMToken(b.t.Context(), accountID, name, "Ana Ruiz", after(life))
	require.NoError(b.t, err)
	return token, secret
}

func after(life time.Duration) *time.Time {
	if life == 0 {
		return nil
	}
	at := time.Now().Add(life).UTC().Truncate(time.Microsecond)
	return &at
}

func (b *bench) provisioning(accountID string) directory.Provisioning {
	b.t.Helper()
	account, err := b.store.Account(b.t.Context(), accountID)
	require.NoError(b.t, err)
	return account.Provisioning
}

func (b *bench) requireNoSCIM(secret string) {
	b.t.Helper()
	_, err := b.store.AuthenticateSCIM(b.t.Context(), secret)
	requireCode(b.t, err, directory.KindUnauthenticated, "unauthenticated")
}

func TestD1_TokenIsShownOnceAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	fresh, _ := b.newAccount("scim", 5)
	_, err := b.store.CreateField(ctx, fresh.ID, "Cost centre", directory.Integer)
	require.NoError(t, err)
	token, secret := b.newSCIMToken(fresh.ID, "Okta", time.Hour)
	require.True(t, strings.HasPrefix(secret, "rcs_"))
	require.Equal(t, "Ana Ruiz", token.CreatedBy)
	require.Equal(t, directory.ProvisioningSCIM, b.provisioning(fresh.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM scim_tokens t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'`, secret[len("rcs_"):]))

	client, err := b.store.AuthenticateSCIM(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, store.SCIMClient{
		AccountID: fresh.ID, TokenID: token.ID, Name: "Okta",
		Fields: []directory.Field{{ID: "cost_centre", AccountID: fresh.ID, Name: "Cost centre", Type: directory.Integer}},
	}, client, "custom fields alone")
	tokens, err := b.store.SCIMTokens(ctx, fresh.ID)
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	require.NotNil(t, tokens[0].LastUsedAt)
	token.LastUsedAt = tokens[0].LastUsedAt
	require.Equal(t, token, tokens[0])
}

func TestD1_TwoTokensOverlapSoThatARotationHasNoGap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	fresh, _ := b.newAccount("scim", 5)
	one, first := b.newSCIMToken(fresh.ID, "Okta", 0)
	two, second := b.newSCIMToken(fresh.ID, "Okta, new", 0)
	for _, secret := range []string{first, second} {
		_, err := b.store.AuthenticateSCIM(ctx, secret)
		require.NoError(t, err)
	}
	require.NoError(t, b.store.RevokeSCIMToken(ctx, fresh.ID, one.ID))
	require.NoError(t, b.store.RevokeSCIMToken(ctx, fresh.ID, one.ID), "again")
	b.requireNoSCIM(first)
	_, err := b.store.AuthenticateSCIM(ctx, second)
	require.NoError(t, err)
	require.Equal(t, directory.ProvisioningSCIM, b.provisioning(fresh.ID))

	require.NoError(t, b.store.RevokeSCIMToken(ctx, fresh.ID, two.ID))
	require.Equal(t, directory.ProvisioningNone, b.provisioning(fresh.ID), "the last one turns SCIM off")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM users WHERE account_id = $1`, fresh.ID), "users stay")
	tokens, err := b.store.SCIMTokens(ctx, fresh.ID)
	require.NoError(t, err)
	require.Len(t, tokens, 2, "revoked ones too")
	require.NotNil(t, tokens[0].RevokedAt)

	b.configure(fresh.ID)
	require.NoError(t, b.store.RevokeSCIMToken(ctx, fresh.ID, two.ID))
	require.Equal(t, directory.ProvisioningDirectorySync, b.provisioning(fresh.ID), "revoking again changes nothing")
}

// An expired token does not keep SCIM on: revoking what is left of it turns it off.
func TestD1_ExpiredTokensAreNotInForce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	fresh, _ := b.newAccount("scim", 5)
	_, gone := b.newSCIMToken(fresh.ID, "Old", time.Hour)
	live, _ := b.newSCIMToken(fresh.ID, "New", 0)
	_, err := b.db.Exec(`UPDATE scim_tokens SET expires_at = now() WHERE name = 'Old'`)
	require.NoError(t, err)
	b.requireNoSCIM(gone)
	require.NoError(t, b.store.RevokeSCIMToken(ctx, fresh.ID, live.ID))
	require.Equal(t, directory.ProvisioningNone, b.provisioning(fresh.ID))
}

// L1 (e): whatever is wrong with a token, the refusal gives no hint.
func TestCaseL1_WhatIsNoTokenInForceIsRefusedAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fresh, apiToken := b.newAccount("scim", 5)
	revoked, secret := b.newSCIMToken(fresh.ID, "Okta", 0)
	_, kept := b.newSCIMToken(fresh.ID, "Entra", 0)
	require.NoError(t, b.store.RevokeSCIMToken(t.Context(), fresh.ID, revoked.ID))
	for _, wrong := range []string{"", "rcs_", secret, strings.ToUpper(kept), kept + " ", apiToken, b.token, "\x00"} {
		b.requireNoSCIM(wrong)
	}
	_, err := b.store.Authenticate(t.Context(), kept)
	requireCode(t, err, directory.KindUnauthenticated, "unauthenticated")
	_, err = b.db.Exec(`UPDATE accounts SET provisioning = 'none' WHERE id = $1`, fresh.ID)
	require.NoError(t, err)
	b.requireNoSCIM(kept)
}

func TestL1SCIMTokensAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	mine, _ := b.newAccount("mine", 5)
	other, _ := b.newAccount("other", 5)
	token, secret := b.newSCIMToken(mine.ID, "Okta", 0)
	b.newSCIMToken(other.ID, "Okta", 0)
	requireCode(t, b.store.RevokeSCIMToken(ctx, other.ID, token.ID), directory.KindNotFound, "not_found")
	requireCode(t, b.store.RevokeSCIMToken(ctx, mine.ID, uuid.NewString()), directory.KindNotFound, "not_found")
	requireCode(t, b.store.RevokeSCIMToken(ctx, mine.ID, "none"), directory.KindNotFound, "not_found")
	_, _, err := b.store.CreateSCIMToken(ctx, uuid.NewString(), "Okta", "Ana", nil)
	requireCode(t, err, directory.KindNotFound, "not_found")
	client, err := b.store.AuthenticateSCIM(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, mine.ID, client.AccountID)
	tokens, err := b.store.SCIMTokens(ctx, other.ID)
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	require.NotEqual(t, token.ID, tokens[0].ID)
}

func TestD1_TokensThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	fresh, _ := b.newAccount("scim", 5)
	_, _, err := b.store.CreateSCIMToken(ctx, fresh.ID, "Okta", "Ana", after(-time.Minute))
	requireCode(t, err, directory.KindInvalid, "token_invalid")
	require.Equal(t, directory.ProvisioningNone, b.provisioning(fresh.ID), "nothing was turned on")
	for i := range 10 {
		b.newSCIMToken(fresh.ID, fmt.Sprint("Client ", i), time.Hour)
	}
	_, _, err = b.store.CreateSCIMToken(ctx, fresh.ID, "Okta", "Ana", nil)
	requireCode(t, err, directory.KindConflict, "too_many_tokens")
	_, err = b.db.Exec(`UPDATE scim_tokens SET expires_at = now() WHERE name = 'Client 3'`)
	require.NoError(t, err)
	b.newSCIMToken(fresh.ID, "Okta", 0)
	_, _, err = b.store.CreateSCIMToken(ctx, b.account.ID, "Okta", "Ana", nil)
	requireCode(t, err, directory.KindConflict, "provisioning_in_use")
	require.ErrorContains(t, err, "Directory sync is on")
	require.ErrorContains(t, err, "Delete its configuration to turn it off")
	require.Zero(t, b.count(`SELECT count(*) FROM scim_tokens WHERE account_id = $1`, b.account.ID))
}

func TestA3_SCIMAndDirectorySyncAtOnceOneWins(t *testing.T) {
	t.Parallel()
	b := setup(t, store.MaxConnections(20))
	for round := range 5 {
		fresh, _ := b.newAccount(fmt.Sprint("fresh", round), 5)
		connection := b.connect(fresh.ID)
		var tokens, configurations atomic.Int32
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 20 {
			wg.Go(func() {
				<-start
				var err error
				made := &tokens
				if i%2 == 0 {
					_, _, err = b.store.CreateSCIMToken(t.Context(), fresh.ID, "Okta", "Ana", nil)
				} else {
					made = &configurations
					_, err = b.store.CreateConfiguration(t.Context(), fresh.ID, connection.ID, directory.Settings{Name: "One"})
				}
				if err == nil {
					made.Add(1)
				} else if !directory.HasCode(err, "provisioning_in_use") {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		if b.provisioning(fresh.ID) == directory.ProvisioningSCIM {
			require.EqualValues(t, 10, tokens.Load())
			require.Zero(t, configurations.Load())
		} else {
			require.EqualValues(t, 1, configurations.Load())
			require.Zero(t, tokens.Load())
		}
		require.EqualValues(t, tokens.Load(), b.count(`SELECT count(*) FROM scim_tokens WHERE account_id = $1`, fresh.ID))
		require.EqualValues(t, configurations.Load(), b.count(`SELECT count(*) FROM configurations WHERE account_id = $1`, fresh.ID))
	}
}

func TestD1_UseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fresh, _ := b.newAccount("scim", 5)
	token, secret := b.newSCIMToken(fresh.ID, "Okta", 0)
	used := func() time.Time {
		_, err := open(t, b.url).AuthenticateSCIM(t.Context(), secret) // by a process that has not just done so
		require.NoError(t, err)
		tokens, err := b.store.SCIMTokens(t.Context(), fresh.ID)
		require.NoError(t, err)
		require.Equal(t, token.ID, tokens[0].ID)
		return *tokens[0].LastUsedAt
	}
	first := used()
	require.Equal(t, first, used())
	_, err := b.db.Exec(`UPDATE scim_tokens SET last_used_at = last_used_at - interval '61 seconds'`)
	require.NoError(t, err)
	require.False(t, used().Before(first))
}

// The sign-in statement is kept prepared: what loses its connection is prepared anew.
func TestK4_SignInOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fresh, _ := b.newAccount("scim", 5)
	_, secret := b.newSCIMToken(fresh.ID, "Okta", 0)
	for i := range 3 {
		_, err := b.store.AuthenticateSCIM(t.Context(), secret)
		require.NoError(t, err)
		_, err = b.store.CreateField(t.Context(), fresh.ID, fmt.Sprint("Field ", i), directory.Text) // so that it is looked up again
		require.NoError(t, err)
		_, err = b.db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			_, err := b.store.AuthenticateSCIM(t.Context(), secret)
			return err == nil
		}, waitFor, tick)
	}
}

func TestD1_AdminsAreToldOnceBeforeATokenExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.account, b.token = b.newAccount("scim", 5)
	zone, format := "Europe/Berlin", "DD.MM.YYYY"
	_, err := b.store.UpdateAccount(ctx, b.account.ID, store.AccountPatch{TimeZone: &zone, DateFormat: &format})
	require.NoError(t, err)
	admin, member := b.insert("ana@corp.example", directory.RoleUserAdmin, directory.Active), b.insert("bo@corp.example", directory.RoleMember, directory.Active)
	b.newSCIMToken(b.account.ID, "Never", 0)
	b.newSCIMToken(b.account.ID, "Later", 15*24*time.Hour)
	revoked, _ := b.newSCIMToken(b.account.ID, "Revoked", 15*24*time.Hour)
	require.NoError(t, b.store.RevokeSCIMToken(ctx, b.account.ID, revoked.ID))
	accounts, err := b.store.NoticeExpiringSCIMTokens(ctx)
	require.NoError(t, err)
	require.Empty(t, accounts)

	_, err = b.db.Exec(`UPDATE scim_tokens SET expires_at = now() + interval '13 days 23 hours' WHERE name IN ('Later', 'Revoked')`)
	require.NoError(t, err)
	for _, told := range [][]string{{b.account.ID}, nil} {
		accounts, err = b.store.NoticeExpiringSCIMTokens(ctx)
		require.NoError(t, err)
		require.Equal(t, told, accounts)
	}
	require.Empty(t, b.told(member))
	for _, id := range []string{admin, b.owner()} {
		got := b.told(id)
		require.Len(t, got, 1)
		require.Equal(t, directory.NoticeSCIMTokenExpiring, got[0].Kind)
		require.Equal(t, "The SCIM token “Later” is about to expire", got[0].Title)
		berlin, err := time.LoadLocation(zone)
		require.NoError(t, err)
		var at time.Time
		require.NoError(t, b.db.Get(&at, `SELECT expires_at FROM scim_tokens WHERE name = 'Later'`))
		require.Contains(t, got[0].Message, "expires on "+at.In(berlin).Format("02.01.2006")+" at "+at.In(berlin).Format("15:04")+" (Europe/Berlin).")
		require.Contains(t, got[0].Message, "\nWhat to do: ")
	}
	due, err := b.store.DueMails(ctx, b.account.ID, 10)
	require.NoError(t, err)
	require.Len(t, due, 2)
	require.Equal(t, store.MailNotice, due[0].Kind)
}

func TestD1_ATokenOfLessThanTwoWeeksIsToldOfAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.account, b.token = b.newAccount("scim", 5)
	b.newSCIMToken(b.account.ID, "Trial", time.Hour)
	require.Len(t, b.told(b.owner()), 1)
	accounts, err := b.store.NoticeExpiringSCIMTokens(t.Context())
	require.NoError(t, err)
	require.Empty(t, accounts)
	require.Len(t, b.told(b.owner()), 1)
}

// A token that expired while nobody looked is told of, once, as what it is.
func TestD1_ATokenThatHasExpiredUntoldIsToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.account, b.token = b.newAccount("scim", 5)
	b.newSCIMToken(b.account.ID, "Okta", 30*24*time.Hour)
	_, err := b.db.Exec(`UPDATE scim_tokens SET expires_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	for range 2 {
		_, err = b.store.NoticeExpiringSCIMTokens(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, b.told(b.owner()), 1)
	require.Equal(t, "The SCIM token “Okta” has expired", b.told(b.owner())[0].Title)
}

// BenchmarkAuthenticateSCIM is the sign-in of a request, eight at once.
func BenchmarkAuthenticateSCIM(t *testing.B) {
	b := setup(t)
	fresh, _ := b.newAccount("scim", 5)
	for i := range 10 {
		_, err := b.store.CreateField(t.Context(), fresh.ID, fmt.Sprint("Field ", i), directory.Text)
		require.NoError(t, err)
	}
	_, secret := b.newSCIMToken(fresh.ID, "Okta", 0)
	t.SetParallelism(4)
	t.ResetTimer()
	t.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := b.store.AuthenticateSCIM(t.Context(), secret); err != nil {
				t.Error(err)
			}
		}
	})
}
