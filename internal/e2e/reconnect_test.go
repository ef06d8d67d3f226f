package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA5_TheTenantIsShown(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		now := c.connectionNow(c.connection)
		require.Equal(t, directory.ConnectionConnected, now.State)
		id := map[directory.Provider]string{directory.Entra: "84841066-274d-4ec0-a5c1-276be684bdd3", directory.Google: "C01corp01"}[v.provider]
		require.Equal(t, &directory.Tenant{ID: id, Name: "Corp Ltd", Domains: []string{"corp.example"}}, now.Tenant)
	})
}

func TestA5_AnotherTenantIsNotSynced(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		first := c.configure()
		require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
		c.leaves("e-1")
		fault := object{"path": "/organization", "body": `{"value":[{"id":"0a7a3c1e-9f5b-4f3e-8a33-5d1a2f1f6f10","displayName":"Somebody else"}]}`}
		if v.provider == directory.Google {
			fault = object{"path": "/customers/", "body": `{"id":"C0elsewhere","customerDomain":"elsewhere.example","postalAddress":{"organizationName":"Somebody else"}}`}
		}
		c.fault(fault)
		run := c.syncNow()
		require.Equal(t, directory.RunFailure, run.Status)
		require.Contains(t, run.Reason, "than the one that gave consent")
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 1}, c.statuses())
	})
}

func TestA5_AReconnectStaysWithTheTenant(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		before := c.connectionNow(c.connection)
		refusal := c.goThrough(c.reconnect().AuthorizeURL, "other-organization").decline(t)
		require.Equal(t, http.StatusConflict, refusal.Status, refusal.Detail)
		require.Equal(t, "tenant_changed", refusal.Code)
		require.Contains(t, refusal.Detail, "another organization than Corp Ltd")
		require.Equal(t, before, c.connectionNow(c.connection))

		again := c.reconnect()
		require.Equal(t, c.connection, again.ID)
		said := c.goThrough(again.AuthorizeURL, v.steps()...)
		require.Equal(t, http.StatusOK, said.status, said.body)
		require.Equal(t, before, c.connectionNow(c.connection))
		require.Equal(t, directory.RunSuccess, c.configure().Status)
	})
}

// Whose consent was withdrawn at the directory gives it again, and the sync goes on as before.
func TestA5_ReconnectAfterTheConsentWasWithdrawn(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		require.Equal(t, directory.RunSuccess, c.configure().Status)
		c.simulate(http.MethodPost, "revoke-consent", nil)
		failure := c.syncNow()
		said := c.goThrough(c.reconnect().AuthorizeURL, v.steps()...)
		require.Equal(t, directory.RunFailure, failure.Status)
		require.Contains(t, failure.Reason, "no longer lets Rollcall read this tenant")
		require.Equal(t, http.StatusOK, said.status, said.body)
		c.joins(person("e-2", "Bo", "Nilsson"))
		require.Equal(t, directory.Counts{Created: 1}, c.succeeds().changed())
	})
}

func TestA4_DisconnectingDestroysTheSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		pending := c.reconnect()
		kept := func() (secrets, consents int) {
			t.Helper()
			require.NoError(t, c.database().QueryRowContext(t.Context(), `
				SELECT (SELECT count(*) FROM connections WHERE id = $1 AND secret IS NOT NULL), (SELECT count(*) FROM consents WHERE connection_id = $1)`,
				c.connection).Scan(&secrets, &consents))
			return secrets, consents
		}
		secrets, consents := kept()
		require.Equal(t, v.provider == directory.Google, secrets == 1, "Google's has a refresh token")
		require.Equal(t, 1, consents)
		if v.provider == directory.Google {
			var sealed string
			require.NoError(t, c.database().QueryRowContext(t.Context(), `SELECT encode(secret, 'escape') FROM connections WHERE id = $1`, c.connection).Scan(&sealed))
			require.NotContains(t, sealed, "refresh", "what is kept is sealed")
		}
		c.call(http.MethodDelete, "/v1/connections/"+c.connection, nil, nil)
		secrets, consents = kept()
		require.Zero(t, secrets)
		require.Zero(t, consents)
		require.Equal(t, directory.ConnectionRevoked, c.connectionNow(c.connection).State)
		require.Equal(t, http.StatusGone, c.goThrough(pending.AuthorizeURL, v.steps()[0]).status, "a consent that was on its way is worth nothing")
		c.refused(http.StatusConflict, http.MethodPost, "/v1/connections/"+c.connection+"/reconnect", nil)
	})
}
