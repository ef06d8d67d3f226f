package web_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestC3_HourAndFrequencyOfTheReport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	account := b.get("/v1/account").json(t)
	require.Equal(t, json.Number("7"), account["report_hour"])
	require.Equal(t, "daily", account["report_frequency"])

	told := "settings-changed account-report/" + b.account.ID
	patched := b.send("PATCH", "/v1/account", b.owner, `{"name":"Contoso"}`)
	require.Equal(t, http.StatusOK, patched.Status, patched.Text)
	require.NotContains(t, b.workflows.seen(), told)
	for i, body := range []string{`{"report_hour":0}`, `{"report_frequency":"errors_only"}`, `{"time_zone":"Asia/Tokyo"}`} {
		patched = b.send("PATCH", "/v1/account", b.newToken(directory.RoleUserAdmin), body)
		require.Equal(t, http.StatusOK, patched.Status, patched.Text)
		require.Len(t, b.workflows.seen(), i+1)
		require.Equal(t, told, b.workflows.seen()[i])
	}
	require.Equal(t, json.Number("0"), patched.json(t)["report_hour"])
	require.Equal(t, patched.json(t), b.get("/v1/account").json(t))
}

func TestC1_ReportNow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusAccepted, b.post("/v1/account/report", "").Status)
	require.Equal(t, []string{"report-now account-report/" + b.account.ID}, b.workflows.seen())
	b.requireProblem(b.send("POST", "/v1/account/report", b.newToken(directory.RoleMember), ""), http.StatusForbidden, "role_forbidden")
	b.workflows.fail(errors.New("connection refused"))
	b.requireProblem(b.post("/v1/account/report", ""), http.StatusServiceUnavailable, "workflows_unavailable")
}

// Every account that wants a report has its workflow started, however its last one ended.
func TestC1_EveryAccountThatWantsAReportHasItsWorkflow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	started := "AccountReport account-report/" + b.account.ID
	require.NoError(t, b.admin.EnsureWorkflows(t.Context()))
	require.NotContains(t, b.workflows.seen(), started, "no service is on")

	_, _, err := b.store.CreateSCIMToken(t.Context(), b.account.ID, "Okta", "an admin", nil)
	require.NoError(t, err)
	require.NoError(t, b.admin.EnsureWorkflows(t.Context()))
	require.Contains(t, b.workflows.seen(), started)

	before, never := len(b.workflows.seen()), directory.ReportNever
	_, err = b.store.UpdateAccount(t.Context(), b.account.ID, store.AccountPatch{ReportFrequency: &never})
	require.NoError(t, err)
	require.NoError(t, b.admin.EnsureWorkflows(t.Context()))
	require.NotContains(t, b.workflows.seen()[before:], started)
}
