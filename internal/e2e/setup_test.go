package e2e

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA1_UsersOfEntraAreRead(t *testing.T) { usersAreRead(t, entra()) }

func TestA2_UsersOfGoogleAreRead(t *testing.T) { usersAreRead(t, google()) }

func usersAreRead(t *testing.T, v vendor) {
	t.Helper()
	t.Parallel()
	c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
	run := c.configure()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 2}, run.Counts)
	require.Equal(t, directory.FullRead, run.Mode)
	ana := c.user("ana.lopez@corp.example")
	require.Equal(t, "Ana", ana.FirstName)
	require.Equal(t, "Lopez", ana.LastName)
	require.Equal(t, directory.FromDirectorySync, ana.Source)
	require.Len(t, c.users(""), 2)
}

func TestA3_OneProvisioningServiceAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		var made sync.Map
		var posts sync.WaitGroup
		for i := range 4 {
			posts.Go(func() {
				made.Store(i, c.stack.Client(c.account).Call(t.Context(), http.MethodPost, "/v1/configurations", c.settings(), nil))
			})
		}
		posts.Wait()
		accepted := 0
		for _, result := range made.Range {
			err, _ := result.(error)
			if err == nil {
				accepted++
				continue
			}
			var refusal *devstack.APIError
			require.True(t, errors.As(err, &refusal), err)
			require.Equal(t, http.StatusConflict, refusal.Status)
			require.Equal(t, "provisioning_in_use", refusal.Code)
			require.Contains(t, refusal.Detail, "Directory sync is on for this account already.")
			require.Contains(t, refusal.Detail, "Delete its configuration to turn it off.")
		}
		require.Equal(t, 1, accepted)
		var saved struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		}
		c.call(http.MethodGet, "/v1/configurations", nil, &saved)
		require.Len(t, saved.Items, 1)
		c.sync = saved.Items[0].ID
		require.Equal(t, directory.RunSuccess, c.nextRun().Status)
		require.Len(t, c.runs(), 1)
	})
}

func TestA16_SavingStartsTheFirstRun(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		run := c.configure()
		require.Equal(t, directory.TriggerFirst, run.Trigger)
		require.Equal(t, directory.KindSync, run.Kind)
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, c.sync, run.ConfigurationID)
		require.Len(t, c.runs(), 1)
		require.Len(t, c.users(""), 1)
	})
}
