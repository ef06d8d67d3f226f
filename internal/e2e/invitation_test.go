package e2e

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestB8_InvitedNotAdded(t *testing.T) {
	t.Parallel()
	c := companyOf(t, graph.Demo(), 200)
	run := c.configure()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, map[directory.UserStatus]int{directory.Invited: 120}, c.statuses())
	c.await("120 invitations", func() bool { return len(c.invitations()) >= 120 })
	users := c.users("")
	for address, mails := range c.invitations() {
		require.Len(t, mails, 1, "mails to %s", address)
		require.Contains(t, users, address)
	}
	require.Len(t, c.invitations(), 120)

	for address := range users {
		c.accept(address)
		require.Equal(t, directory.Active, c.user(address).Status)
		var again *devstack.APIError
		err := devstack.Client{Base: c.stack.StarterURL()}.Call(t.Context(), http.MethodPost, "/v1/invitations/"+c.invitation(address)+"/accept", nil, nil)
		require.ErrorAs(t, err, &again)
		require.Equal(t, http.StatusGone, again.Status)
		break
	}
	require.Equal(t, map[directory.UserStatus]int{directory.Invited: 119, directory.Active: 1}, c.statuses())
	require.Equal(t, directory.Counts{Fetched: 120, Unchanged: 120}, c.syncNow().Counts)
	require.Len(t, c.invitations(), 120, "nobody is invited twice")
}

func TestB9_NeverMoreActiveThanLicences(t *testing.T) {
	t.Parallel()
	// The account's owner is active already and holds the 101st licence.
	c := companyOf(t, graph.Demo(), 101)
	c.configure()
	c.await("120 invitations", func() bool { return len(c.invitations()) == 120 })
	var tokens []string
	for address := range c.invitations() {
		tokens = append(tokens, c.invitation(address))
	}

	var told sync.Map
	var all sync.WaitGroup
	for _, token := range tokens {
		all.Go(func() {
			told.Store(token, devstack.Client{Base: c.stack.StarterURL()}.Call(t.Context(), http.MethodPost, "/v1/invitations/"+token+"/accept", nil, nil))
		})
	}
	all.Wait()
	in, waiting := 0, 0
	for _, answer := range told.Range {
		var refusal *devstack.APIError
		switch err, _ := answer.(error); {
		case err == nil:
			in++
		case errors.As(err, &refusal):
			require.Equal(t, http.StatusConflict, refusal.Status)
			require.Equal(t, "licences_exhausted", refusal.Code)
			require.Contains(t, refusal.Detail, "admins")
			waiting++
		default:
			require.NoError(t, err)
		}
	}
	require.Equal(t, 100, in)
	require.Equal(t, 20, waiting)
	require.Equal(t, map[directory.UserStatus]int{directory.Active: 100, directory.AwaitingLicence: 20}, c.statuses())
}
