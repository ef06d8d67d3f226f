package web_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

func TestSavingStartsTheWorkflowWithItsFirstRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	owner := b.get("/v1/users").json(t)["items"].([]any)[0].(map[string]any)["id"].(string)
	connection := b.connect()
	a := b.post("/v1/configurations", configurationBody(connection, `,"scope":{"kind":"all_users"},"notify_user_ids":["`+owner+`"],"guard":{"max_removals":7}`))
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	c := a.json(t)
	require.Equal(t, "enabled", c["state"])
	require.Equal(t, connection, c["connection_id"])
	require.Equal(t, "deactivate", c["on_source_delete"])
	require.Len(t, c["mappings"], 3, "the defaults are filled in")
	require.Equal(t, `7`, c["guard"].(map[string]any)["max_removals"].(interface{ String() string }).String())
	require.Equal(t, `20`, c["guard"].(map[string]any)["max_removal_percent"].(interface{ String() string }).String())
	require.Nil(t, c["last_run"])
	require.Contains(t, c, "next_run_at")
	id := c["id"].(string)
	require.Equal(t, workflows.DirectorySyncInput{
		AccountID: b.account.ID, ConfigurationID: id, Provider: directory.Entra,
		Due: &workflows.Due{Trigger: directory.TriggerFirst, RequestedBy: "Account Owner"},
	}, b.workflows.live["directory-sync/"+id])
	require.Equal(t, "directory_sync", b.get("/v1/account").json(t)["provisioning"])

	b.requireProblem(b.post("/v1/configurations", configurationBody(connection, "")), http.StatusConflict, "provisioning_in_use")
	b.requireProblem(b.send("DELETE", "/v1/connections/"+connection, b.owner, ""), http.StatusConflict, "connection_in_use")
	require.Len(t, b.get("/v1/configurations").json(t)["items"], 1)
}

func TestAllMistakesOfAConfigurationAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Joining date", directory.Date)
	require.NoError(t, err)
	before := b.digest()
	connection := b.connect()
	body := `{"name":"","connection_id":"` + connection + `","scope":{"kind":"groups","group_ids":["g-1","g-9"]},"groups":{"enabled":false,"group_ids":["g-1"]},
		"mappings":[{"source":"jobTitle","target":"joining_date"},{"source":"jobTitle","target":"nobody"}],
		"schedule":{"weekday":"funday","time":"2","time_zone":"Local"},"on_source_delete":"forget",
		"notify_user_ids":["00000000-0000-4000-8000-000000000000"],"role_mappings":[{"group_id":"g","role_id":"member"}],
		"organization_mappings":[{"group_id":"g","organization_id":"o"}],"guard":{"max_removals":-1}}`
	a := b.post("/v1/configurations", `{"guard":{"max_removals":-1},`+body[1:len(body)-len(`,"guard":{"max_removals":-1}}`)]+`}`)
	b.requireProblem(a, http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, []string{"guard.max_removals"}, a.fields(t), "the form comes first")
	a = b.post("/v1/configurations", body[:len(body)-len(`,"guard":{"max_removals":-1}}`)]+`}`)
	b.requireProblem(a, http.StatusUnprocessableEntity, "invalid")
	require.ElementsMatch(t, []string{
		"name", "scope.group_ids[1]", "groups.group_ids", "role_mappings[0].group_id", "organization_mappings[0].group_id",
		"organization_mappings[0].organization_id", "schedule.weekday", "schedule.time", "schedule.time_zone",
		"on_source_delete", "notify_user_ids[0]", "mappings[0].target", "mappings[1].target",
	}, a.fields(t))
	for _, id := range []string{"", "x", "00000000-0000-4000-8000-000000000000"} {
		require.Equal(t, []string{"connection_id"}, b.post("/v1/configurations", configurationBody(id, "")).fields(t))
	}
	_, err = b.db.Exec(`DELETE FROM connections WHERE id = $1`, connection)
	require.NoError(t, err)
	require.Equal(t, before, b.digest())
	require.Empty(t, b.workflows.seen())
}

func TestEditingKeepsWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	a := b.send("PATCH", "/v1/configurations/"+id, b.owner, `{"schedule":{"weekday":"friday","time":"05:30","time_zone":"Pacific/Auckland"},"on_source_delete":"delete","guard":{"max_removal_percent":5}}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	c := b.get("/v1/configurations/" + id).json(t)
	require.Equal(t, "Contoso staff", c["name"])
	require.Equal(t, "delete", c["on_source_delete"])
	require.Equal(t, map[string]any{"weekday": "friday", "time": "05:30", "time_zone": "Pacific/Auckland"}, c["schedule"])
	require.Equal(t, "500", c["guard"].(map[string]any)["max_removals"].(interface{ String() string }).String())
	require.Equal(t, "5", c["guard"].(map[string]any)["max_removal_percent"].(interface{ String() string }).String())
	require.Equal(t, "7", c["guard"].(map[string]any)["window_days"].(interface{ String() string }).String())
	require.Contains(t, b.workflows.seen(), "settings-changed directory-sync/"+id)
}

func TestSyncNowDisableEnableDelete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	path := "/v1/configurations/" + id

	first := b.post(path+"/sync", "")
	require.Equal(t, http.StatusAccepted, first.Status, first.Text)
	run := first.json(t)["run_id"]
	require.Equal(t, map[string]any{"status": "started", "run_id": run}, first.json(t))
	require.Equal(t, map[string]any{"status": "queued"}, b.post(path+"/sync", "").json(t))
	status := b.get(path + "/status").json(t)
	require.Equal(t, run, status["current_run"].(map[string]any)["id"])
	require.Nil(t, status["current_run"].(map[string]any)["eta_seconds"])
	_, err := b.store.CloseRun(t.Context(), run.(string), directory.RunSuccess, "")
	require.NoError(t, err)
	require.Nil(t, b.get(path + "/status").json(t)["current_run"])
	require.Equal(t, run, b.get(path).json(t)["last_run"].(map[string]any)["id"])

	disabled := b.post(path+"/disable", "")
	require.Equal(t, http.StatusAccepted, disabled.Status, disabled.Text)
	require.Equal(t, "disabled", disabled.json(t)["state"])
	refused := b.post(path+"/sync", "")
	b.requireProblem(refused, http.StatusConflict, "configuration_disabled")
	require.Contains(t, refused.Text, path+"/enable")
	preview := b.post(path+"/preview", "")
	require.Equal(t, http.StatusAccepted, preview.Status, preview.Text)
	require.Equal(t, "preview", b.get("/v1/runs/" + preview.json(t)["run_id"].(string)).json(t)["kind"])
	require.Equal(t, "enabled", b.post(path+"/enable", "").json(t)["state"])

	require.Equal(t, http.StatusNoContent, b.send("DELETE", path, b.owner, "").Status)
	b.requireProblem(b.get(path), http.StatusNotFound, "not_found")
	require.Equal(t, "none", b.get("/v1/account").json(t)["provisioning"])
}

func TestA6_A7_TheGroupsOfTheScopeAreSyncedUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.post("/v1/configurations", configurationBody(b.connect(), `,"scope":{"kind":"groups","group_ids":["g-2","g-1"]},"groups":{"enabled":true}`))
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	c := a.json(t)
	require.Equal(t, map[string]any{"kind": "groups", "group_ids": []any{"g-2", "g-1"}}, c["scope"])
	require.Equal(t, map[string]any{"enabled": true, "group_ids": []any{"g-2", "g-1"}}, c["groups"])
	path := "/v1/configurations/" + c["id"].(string)
	edited := b.send("PATCH", path, b.owner, `{"groups":{"enabled":true,"group_ids":["g-3"]}}`)
	require.Equal(t, http.StatusOK, edited.Status, edited.Text)
	require.Equal(t, map[string]any{"enabled": true, "group_ids": []any{"g-3"}}, edited.json(t)["groups"])

	everybody := b.send("PATCH", path, b.owner, `{"scope":{"kind":"all_users"},"groups":{"enabled":true}}`).json(t)
	require.Equal(t, map[string]any{"kind": "all_users"}, everybody["scope"])
	require.Equal(t, map[string]any{"enabled": true}, everybody["groups"], "all groups")
}

func TestManyGroupsAreLookedForInTheListOfAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := []string{"g-1", "g-2", "g-3"}
	for i := range 250 {
		ids = append(ids, "no-"+itoa(i))
	}
	encoded, err := json.Marshal(ids)
	require.NoError(t, err)
	a := b.post("/v1/configurations", configurationBody(b.connect(), `,"scope":{"kind":"groups","group_ids":`+string(encoded)+`}`))
	b.requireProblem(a, http.StatusUnprocessableEntity, "invalid")
	require.Len(t, a.fields(t), 250)
	require.Equal(t, "scope.group_ids[3]", a.fields(t)[0])
}

// loseGroup has the directory lose a group.
func (b *bench) loseGroup(id string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodDelete, b.tenants.entra+"/_sim/groups/"+id, nil)
	require.NoError(b, err)
	response, err := b.tenants.client().Do(r)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
}

// A group that the directory has lost since does not keep an admin from changing something else.
func TestALostGroupDoesNotBlockAnEdit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.post("/v1/configurations", configurationBody(b.connect(), `,"scope":{"kind":"groups","group_ids":["g-3"]}`)).json(t)["id"].(string)
	b.loseGroup("g-3")
	edited := b.send("PATCH", "/v1/configurations/"+id, b.owner, `{"on_source_delete":"delete"}`)
	require.Equal(t, http.StatusOK, edited.Status, edited.Text)
}

func TestF13_AnEditIsPreviewedAndNotSaved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/v1/configurations/" + b.configure()
	before := b.get(path).json(t)
	a := b.post(path+"/preview", `{"scope":{"kind":"groups","group_ids":["g-1"]},"on_source_delete":"delete"}`)
	require.Equal(t, http.StatusAccepted, a.Status, a.Text)
	id := a.json(t)["run_id"].(string)
	require.Equal(t, before, b.get(path).json(t))
	of := func(runID string) directory.Settings {
		opened, err := b.store.RunContext(t.Context(), runID)
		require.NoError(t, err)
		return opened.Settings
	}
	require.Equal(t, directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g-1"}}, of(id).Scope)
	require.Equal(t, directory.DeleteUser, of(id).OnSourceDelete)
	require.Equal(t, "Contoso staff", of(id).Name)
	b.closeRun(id)
	plain := b.post(path+"/preview", "").json(t)["run_id"].(string)
	require.Equal(t, directory.AllUsers, of(plain).Scope.Kind)
	b.closeRun(plain)

	b.workflows.fail(errors.New("connection refused"))
	b.requireProblem(b.post(path+"/preview", ""), http.StatusServiceUnavailable, "workflows_unavailable")
	failed := b.get("/v1/runs").json(t)["items"].([]any)[0].(map[string]any)
	require.Equal(t, "failure", failed["status"])
	require.Contains(t, failed["reason"], "did not start")
	require.NotContains(t, failed["temporal_url"], "history")
}

// closeRun has a run come to its end.
func (b *bench) closeRun(id string) {
	b.Helper()
	_, err := b.store.CloseRun(b.Context(), id, "", "")
	require.NoError(b, err)
}

func TestF3_OnePreviewAtATime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/v1/configurations/" + b.configure() + "/preview"
	var asking sync.WaitGroup
	answers := make([]answer, 10)
	for i := range answers {
		asking.Go(func() { answers[i] = b.post(path, "") })
	}
	asking.Wait()
	first := slices.IndexFunc(answers, func(a answer) bool { return a.Status == http.StatusAccepted })
	require.GreaterOrEqual(t, first, 0, answers)
	started := answers[first].json(t)["run_id"].(string)
	for _, a := range slices.Delete(answers, first, first+1) {
		b.requireProblem(a, http.StatusConflict, "preview_in_progress")
		require.Contains(t, a.Text, "run "+started)
	}
	b.closeRun(started)
	second := b.post(path, "")
	require.Equal(t, http.StatusAccepted, second.Status, second.Text)

	_, err := b.db.Exec(`UPDATE runs SET started_at = now() - interval '25 hours' WHERE id = $1`, second.json(t)["run_id"])
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, b.post(path, "").Status, "one that never ended does not count after a day")
}

func TestRunsAsTheContractSays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	run := b.post("/v1/configurations/"+id+"/sync", "").json(t)["run_id"].(string)
	r := b.get("/v1/runs?configuration_id=" + id).json(t)["items"].([]any)[0].(map[string]any)
	require.Equal(t, run, r["id"])
	require.Equal(t, "running", r["status"])
	require.Equal(t, "manual", r["trigger"])
	require.Equal(t, "Account Owner", r["requested_by"])
	require.Equal(t, "https://temporal.example/namespaces/rollcall/workflows/directory-sync%2F"+id+"%2Frun%2F1/019f0000-0000-7000-8000-000000000001/history", r["temporal_url"])
	for _, count := range []string{"reactivated", "groups_created", "memberships_added", "memberships_parked"} {
		require.Contains(t, r["counts"], count)
	}
	require.Equal(t, "full", r["mode"])
	require.Equal(t, []any{}, r["notes"])

	b.requireProblem(b.post("/v1/runs/"+run+"/approve", ""), http.StatusConflict, "run_not_awaiting_approval")
	b.requireProblem(b.post("/v1/runs/"+run+"/reject", ""), http.StatusConflict, "run_not_awaiting_approval")
	cancelled := b.post("/v1/runs/"+run+"/cancel", "")
	require.Equal(t, http.StatusAccepted, cancelled.Status, cancelled.Text)
	require.Equal(t, "cancelled", cancelled.json(t)["status"])
	b.requireProblem(b.post("/v1/runs/"+run+"/cancel", ""), http.StatusConflict, "run_ended")
}

func TestAHeldRunIsApprovedOrRejected(t *testing.T) {
	t.Parallel()
	for decision, status := range map[string]string{"approve": "running", "reject": "cancelled"} {
		t.Run(decision, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			run := b.post("/v1/configurations/"+b.configure()+"/sync", "").json(t)["run_id"].(string)
			require.NoError(t, b.store.SetStage(t.Context(), run, directory.StageApproval, 0))
			require.Equal(t, "awaiting_approval", b.get("/v1/runs/" + run).json(t)["status"])
			decided := b.post("/v1/runs/"+run+"/"+decision, "")
			require.Equal(t, http.StatusAccepted, decided.Status, decided.Text)
			require.Equal(t, status, decided.json(t)["status"])
			b.requireProblem(b.post("/v1/runs/"+run+"/"+decision, ""), http.StatusConflict, "run_not_awaiting_approval")
		})
	}
}

func TestTemporalBeingAwayIsSaid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	connection := b.connect()
	b.workflows.fail(errors.New("connection refused: 10.0.0.7"))
	b.requireProblem(b.send("GET", "/readyz", "", ""), http.StatusServiceUnavailable, "not_ready")
	created := b.post("/v1/configurations", configurationBody(connection, ""))
	require.Equal(t, http.StatusCreated, created.Status, "it is saved; its workflow is started later")
	id := created.json(t)["id"].(string)
	refused := b.post("/v1/configurations/"+id+"/sync", "")
	b.requireProblem(refused, http.StatusServiceUnavailable, "workflows_unavailable")
	require.NotContains(t, refused.Text, "10.0.0.7")

	b.workflows.fail(nil)
	require.Equal(t, http.StatusOK, b.send("GET", "/readyz", "", "").Status)
	require.NoError(t, b.admin.EnsureWorkflows(t.Context()))
	require.Equal(t, directory.TriggerFirst, b.workflows.live["directory-sync/"+id].Due.Trigger)
	require.Contains(t, b.workflows.seen(), "Maintenance maintenance")
}
