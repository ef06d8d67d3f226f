package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// guardian is the guard on what SCIM clients remove, as the API shows it.
type guardian struct {
	MaxRemovals       int        `json:"max_removals"`
	MaxRemovalPercent int        `json:"max_removal_percent"`
	WindowDays        int        `json:"window_days"`
	State             string     `json:"state"`
	HeldAt            *time.Time `json:"held_at"`
	ApprovedUntil     *time.Time `json:"approved_until"`
	ApprovedBy        *string    `json:"approved_by"`
	Removals          int        `json:"removals"`
	Waiting           []struct {
		UserID string           `json:"user_id"`
		Label  string           `json:"label"`
		Action directory.Action `json:"action"`
	} `json:"waiting"`
}

func (p *idp) guard(method, path string, in any) guardian {
	p.Helper()
	var g guardian
	p.call(method, "/v1/scim/guard"+path, in, &g)
	return g
}

func TestF11_TheGuardHoldsRemovalsUntilAnAdminApproves(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	g := p.guard(http.MethodGet, "", nil)
	require.Equal(t, []any{500, 20, 7, "open"}, []any{g.MaxRemovals, g.MaxRemovalPercent, g.WindowDays, g.State})
	g = p.guard(http.MethodPatch, "", object{"max_removals": 2})
	require.Equal(t, []int{2, 20, 7}, []int{g.MaxRemovals, g.MaxRemovalPercent, g.WindowDays})
	u := p.pushedMany(6)
	p.patch("/Users/"+u[0], op("replace", "active", false))
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+u[1], nil)
	require.Equal(t, 2, p.guard(http.MethodGet, "", nil).Removals)

	out := patchOf(op("replace", "active", false))
	for range 2 {
		detail := p.denied(http.StatusForbidden, "", http.MethodPatch, "/Users/"+u[2], out)
		require.Contains(t, detail, "approve")
		p.denied(http.StatusForbidden, "", http.MethodDelete, "/Users/"+u[3], nil)
		p.denied(http.StatusForbidden, "", http.MethodPut, "/Users/"+u[4], pushed("p004@corp.example", object{"active": false, "title": "Out"}))
	}
	for _, id := range u[2:] {
		require.Equal(t, directory.Active, p.userByID(id).Status)
		require.Equal(t, true, p.read(id)["active"])
		require.NotContains(t, p.read(id), "title")
	}
	told := p.notices(noticeRemovalsHeld)
	require.Len(t, told, 1, "the admins are told once")
	require.Contains(t, p.mailed(owner, 1)[0].Text, "approve")
	g = p.guard(http.MethodGet, "", nil)
	require.Equal(t, "held", g.State)
	require.NotNil(t, g.HeldAt)
	waiting := map[string]directory.Action{}
	for _, one := range g.Waiting {
		waiting[one.UserID] = one.Action
		require.Contains(t, one.Label, "Roe")
	}
	require.Equal(t, map[string]directory.Action{u[2]: directory.ActionDeactivate, u[3]: directory.ActionDelete, u[4]: directory.ActionDeactivate}, waiting)

	require.Equal(t, "Lead", p.patch("/Users/"+u[5], op("replace", "title", "Lead"))["title"], "all else goes on")
	p.patch("/Users/"+u[0], op("replace", "active", true))
	p.create(pushed("new@corp.example"))

	g = p.guard(http.MethodPost, "/approve", nil)
	require.Equal(t, "approved", g.State)
	require.NotNil(t, g.ApprovedUntil)
	require.NotNil(t, g.ApprovedBy)
	p.patch("/Users/"+u[2], op("replace", "active", false))
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+u[3], nil)
	require.Equal(t, directory.Deactivated, p.userByID(u[2]).Status)
	require.Equal(t, directory.Deactivated, p.userByID(u[3]).Status)
	for _, one := range p.guard(http.MethodGet, "", nil).Waiting {
		require.Equal(t, u[4], one.UserID, "who is out waits no more")
	}
}

func TestF11_TheGuardCountsAShareToo(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	u := p.pushedMany(20)
	for _, id := range u[:4] {
		p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+id, nil)
	}
	require.Equal(t, "open", p.guard(http.MethodGet, "", nil).State)
	held := p.bulk(bulkOf(object{"method": "DELETE", "path": "/Users/" + u[4]}, object{"method": "DELETE", "path": "/Users/" + u[5]}))
	require.Contains(t, []any{"204", "403"}, held[0]["status"], "the fifth is a fifth")
	require.Equal(t, "403", held[1]["status"])
	require.Equal(t, "held", p.guard(http.MethodGet, "", nil).State)
	p.execute(`UPDATE changes SET occurred_at = occurred_at - interval '8 days' WHERE account_id = $1`, p.account.ID)
	require.Zero(t, p.guard(http.MethodGet, "", nil).Removals, "what is older than the window does not count")
	p.refused(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/scim/guard", object{"max_removal_percent": 101})
	p.refused(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/scim/guard", object{"max_removals": -1})
}

func TestF11_AnApprovalEnds(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	p.guard(http.MethodPatch, "", object{"max_removals": 1})
	u := p.pushedMany(5)
	leaves := func(id string, status int) {
		t.Helper()
		p.must(status, http.MethodDelete, "/Users/"+id, nil)
	}
	leaves(u[0], http.StatusNoContent)
	leaves(u[1], http.StatusForbidden)
	p.guard(http.MethodPost, "/approve", nil)
	leaves(u[1], http.StatusNoContent)
	leaves(u[2], http.StatusNoContent)
	p.execute(`UPDATE scim_guards SET approved_until = now() WHERE account_id = $1`, p.account.ID)
	require.Zero(t, p.guard(http.MethodGet, "", nil).Removals, "what was approved does not count again")
	leaves(u[3], http.StatusNoContent)
	leaves(u[4], http.StatusForbidden)
	require.Len(t, p.notices(noticeRemovalsHeld), 2, "the admins are told again")
}
