package e2e

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestB8_InvitedNotAdded(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		const many = 60
		c := v.company(t, crowd(many)...)
		run := c.configure()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: many}, c.statuses())
		c.await("all invitations", func() bool { return len(c.invitations()) >= many })
		users := c.users("")
		for address, mails := range c.invitations() {
			require.Len(t, mails, 1, "mails to %s", address)
			require.Contains(t, users, address)
		}
		require.Len(t, c.invitations(), many)

		const address = "pat.number00@corp.example"
		c.accept(address)
		var again *devstack.APIError
		require.ErrorAs(t, c.tryAccept(address), &again)
		require.Equal(t, http.StatusGone, again.Status)
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: many - 1, directory.Active: 1}, c.statuses())
		require.Equal(t, directory.Counts{}, c.syncAll().changed())
		require.Len(t, c.invitations(), many, "nobody is invited twice")
	})
}

func TestB9_NeverMoreActiveThanLicences(t *testing.T) {
	t.Parallel()
	// The account's owner is active already and holds the 101st licence.
	c := entra().companyOf(t, 101, crowd(120))
	c.configure()
	c.await("120 invitations", func() bool { return len(c.invitations()) == 120 })
	var told sync.Map
	var accepting sync.WaitGroup
	for address := range c.invitations() {
		token := c.invitation(address)
		accepting.Go(func() {
			told.Store(token, devstack.Client{Base: c.stack.StarterURL()}.Call(t.Context(), http.MethodPost, "/v1/invitations/"+token+"/accept", nil, nil))
		})
	}
	accepting.Wait()
	in, waiting := 0, 0
	for _, answer := range told.Range {
		var refusal *devstack.APIError
		switch err, _ := answer.(error); {
		case err == nil:
			in++
		case errors.As(err, &refusal):
			require.Equal(t, http.StatusConflict, refusal.Status)
			require.Equal(t, "licences_exhausted", refusal.Code)
			require.Contains(t, refusal.Detail, "Contact your admins")
			waiting++
		default:
			require.NoError(t, err)
		}
	}
	require.Equal(t, 100, in)
	require.Equal(t, 20, waiting)
	require.Equal(t, map[directory.UserStatus]int{directory.Active: 100, directory.AwaitingLicence: 20}, c.statuses())
	require.Len(t, c.notices(directory.NoticeLicencesExhausted), 1, "the admins are told once")
}

func TestB9_TheWaitingListIsServedInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 2, crowd(4))
		c.configure()
		address := func(i int) string { return fmt.Sprintf("pat.number%02d@corp.example", i) }
		c.accept(address(0))
		for i, place := range []int{1, 2, 3} {
			var refusal *devstack.APIError
			require.ErrorAs(t, c.tryAccept(address(3-i)), &refusal)
			require.Contains(t, refusal.Detail, fmt.Sprintf("You are number %d on the waiting list.", place))
		}
		exhausted := c.notices(directory.NoticeLicencesExhausted)
		require.Len(t, exhausted, 1)
		require.Len(t, c.mailed(owner, 1), 1)
		active := func() []string { return slices.Sorted(maps.Keys(c.users("status=active"))) }

		c.leaves("e-00")
		require.Equal(t, directory.Counts{Deactivated: 1}, c.succeeds().changed())
		require.Equal(t, []string{address(3)}, active(), "who came first has the licence that became free")
		require.Contains(t, c.mailed(address(3), 1)[0].Subject, "You have a licence now")

		c.call(http.MethodPatch, "/v1/account", object{"licences": object{"total": 3}}, nil)
		require.Equal(t, []string{address(2), address(3)}, active(), "and so with one that was bought")
		c.refused(http.StatusConflict, http.MethodPatch, "/v1/account", object{"licences": object{"total": 1}})
		require.Equal(t, map[directory.UserStatus]int{directory.Active: 2, directory.AwaitingLicence: 1, directory.Deactivated: 1}, c.statuses())
	})
}
