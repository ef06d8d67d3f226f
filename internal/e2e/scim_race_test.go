package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// together sends requests at the same moment and returns the statuses of the answers, sorted.
func (p *idp) together(n int, request func(i int) (method, path string, in any)) []int {
	p.Helper()
	statuses, errs := make([]int, n), make([]error, n)
	var sending sync.WaitGroup
	for i := range n {
		sending.Go(func() {
			method, path, in := request(i)
			r, err := p.exchange(method, path, in)
			statuses[i], errs[i] = r.status, err
		})
	}
	sending.Wait()
	for _, err := range errs {
		require.NoError(p, err)
	}
	slices.Sort(statuses)
	return statuses
}

// many is the status, so many times.
func many(status, n int) []int { return slices.Repeat([]int{status}, n) }

func TestD5_NeverMoreActiveThanLicencesThroughSCIM(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 5) // the owner holds one
	require.Equal(t, many(http.StatusCreated, 12), p.together(12, func(i int) (string, string, any) {
		return http.MethodPost, "/Users", pushed(fmt.Sprintf("p%d@corp.example", i))
	}))
	require.Equal(t, map[directory.UserStatus]int{directory.Active: 4, directory.AwaitingLicence: 8}, p.statuses())
	require.Equal(t, 12, p.list("/Users"+where("active eq true")).total)
	require.Len(t, p.notices(directory.NoticeLicencesExhausted), 1, "the admins are told once")
	active := slices.Collect(func(yield func(string) bool) {
		for _, u := range p.users("status=active") {
			yield(u.ID)
		}
	})
	require.Len(t, active, 4)
	require.Equal(t, many(http.StatusOK, 4), p.together(4, func(i int) (string, string, any) {
		return http.MethodPatch, "/Users/" + active[i], patchOf(op("replace", "active", false))
	}))
	require.Equal(t, map[directory.UserStatus]int{directory.Active: 4, directory.AwaitingLicence: 4, directory.Deactivated: 4}, p.statuses())
}

func TestF6_TheLastAdminIsKeptWhenAllLeaveAtOnce(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	ids := []string{p.create(pushed(owner)), p.create(pushed("ana@corp.example")), p.create(pushed("bo@corp.example"))}
	p.execute(`UPDATE users SET role_id = 'super_admin' WHERE id IN ($1, $2)`, ids[1], ids[2])
	p.account.Token = p.apiToken(directory.RoleSuperAdmin)
	require.Equal(t, []int{http.StatusNoContent, http.StatusNoContent, http.StatusForbidden}, p.together(3, func(i int) (string, string, any) {
		return http.MethodDelete, "/Users/" + ids[i], nil
	}))
	require.Equal(t, 1, p.count(`SELECT count(*) FROM users WHERE account_id = $1 AND status = 'active' AND role_id IN ('account_owner', 'super_admin')`, p.account.ID))
}

func TestF11_TheGuardHoldsWhenAllAreRemovedAtOnce(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	p.guard(http.MethodPatch, "", object{"max_removals": 3})
	ids := p.pushedMany(12)
	require.Equal(t, append(many(http.StatusNoContent, 3), many(http.StatusForbidden, 9)...), p.together(12, func(i int) (string, string, any) {
		return http.MethodDelete, "/Users/" + ids[i], nil
	}))
	require.Equal(t, 9, p.list("/Users").total)
	require.Len(t, p.guard(http.MethodGet, "", nil).Waiting, 9)
	require.Len(t, p.notices(noticeRemovalsHeld), 1)
}

func TestD4_MembersAddedAtOnceAreAllThere(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	ids := p.pushedMany(10)
	group := p.team("Design")
	require.Equal(t, many(http.StatusOK, 10), p.together(10, func(i int) (string, string, any) {
		return http.MethodPatch, "/Groups/" + group, patchOf(op("add", "members", refs(ids[i])))
	}))
	require.Equal(t, sorted(ids...), p.members(group))
	version := p.must(http.StatusOK, http.MethodGet, "/Users/"+ids[0], nil).header.Get("ETag")
	statuses := p.together(6, func(i int) (string, string, any) {
		return http.MethodPost, "/Bulk", bulkOf(object{"method": "PATCH", "path": "/Users/" + ids[0], "version": version, "data": patchOf(op("replace", "title", number(i)))})
	})
	require.Equal(t, many(http.StatusOK, 6), statuses)
	require.Len(t, slices.DeleteFunc(p.actions(ids[0]), func(a directory.Action) bool { return a != directory.ActionUpdate }), 1, "of six who wrote to the same version one did")
}

// A member who is added and arrives at the same moment joins, whichever is first.
func TestF10_ArrivingWhileBeingAdded(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	group := p.team("Design")
	const n = 8
	p.together(2*n, func(i int) (string, string, any) {
		externalID := "00u" + number(i/2)
		if i%2 == 0 {
			return http.MethodPatch, "/Groups/" + group, patchOf(op("add", "members", refs(externalID)))
		}
		return http.MethodPost, "/Users", pushed(fmt.Sprintf("p%d@corp.example", i/2), object{"externalId": externalID})
	})
	require.Equal(t, n, p.list("/Users").total)
	require.Len(t, p.members(group), n)
	require.Zero(t, p.group(group).Parked)
}
