package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestF5_UndoIsARunThatSaysOfWhich(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	configuration := b.configure()
	run := b.post("/v1/configurations/"+configuration+"/sync", "").json(t)["run_id"].(string)
	path := "/v1/runs/" + run + "/undo"
	require.Nil(t, b.get("/v1/runs/" + run).json(t)["of_run_id"])
	b.requireProblem(b.post(path, ""), http.StatusConflict, "run_not_ended")
	b.closeRun(run)
	b.requireProblem(b.post(path, ""), http.StatusConflict, "nothing_to_undo")

	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, run_id, label, source, action, outcome) VALUES ($1, $2, 'Ana Lee', 'directory_sync', 'update', 'applied')`, b.account.ID, run)
	require.NoError(t, err)
	require.Equal(t, "disabled", b.post("/v1/configurations/"+configuration+"/disable", "").json(t)["state"])
	begun := b.post(path, "")
	require.Equal(t, http.StatusAccepted, begun.Status, begun.Text)
	undo := begun.json(t)
	require.Equal(t, []any{"undo", "manual", run, "Account Owner", "running"},
		[]any{undo["kind"], undo["trigger"], undo["of_run_id"], undo["requested_by"], undo["status"]})
	id := undo["id"].(string)
	require.Equal(t, run, b.get("/v1/runs/" + id).json(t)["of_run_id"])
	require.Equal(t, id, b.get("/v1/configurations/" + configuration + "/status").json(t)["current_run"].(map[string]any)["id"])

	going := b.post(path, "")
	b.requireProblem(going, http.StatusConflict, "run_in_progress")
	require.Contains(t, going.Text, "POST /v1/runs/"+id+"/cancel")
	require.NoError(t, b.store.SetStage(t.Context(), id, directory.StageApproval, 0))
	held := b.post(path, "")
	b.requireProblem(held, http.StatusConflict, "run_in_progress")
	require.Contains(t, held.Text, "POST /v1/runs/"+id+"/approve")
	b.requireProblem(b.post("/v1/runs/"+id+"/undo", ""), http.StatusConflict, "run_not_ended")
}

func TestE5_ARerunIsARunThatSaysOfWhich(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	configuration := b.configure()
	run := b.post("/v1/configurations/"+configuration+"/sync", "").json(t)["run_id"].(string)
	_, err := b.store.StagePage(t.Context(), store.StagePage{RunID: run, Next: "page-2", Records: []mapping.Record{{SourceID: "1"}}, Fingerprints: [][]byte{nil}})
	require.NoError(t, err)
	path := "/v1/runs/" + run + "/rerun"
	b.requireProblem(b.post(path, ""), http.StatusConflict, "run_not_failed")
	_, err = b.store.CloseRun(t.Context(), run, directory.RunFailure, "The directory did not answer.")
	require.NoError(t, err)

	require.Equal(t, "disabled", b.post("/v1/configurations/"+configuration+"/disable", "").json(t)["state"])
	b.requireProblem(b.post(path, ""), http.StatusConflict, "configuration_disabled")
	require.Equal(t, "enabled", b.post("/v1/configurations/"+configuration+"/enable", "").json(t)["state"])
	begun := b.post(path, "")
	require.Equal(t, http.StatusAccepted, begun.Status, begun.Text)
	rerun := begun.json(t)
	require.Equal(t, []any{"sync", "rerun", run}, []any{rerun["kind"], rerun["trigger"], rerun["of_run_id"]})

	refused := b.post(path, "")
	b.requireProblem(refused, http.StatusConflict, "not_the_newest_run")
	require.Contains(t, refused.Text, "Sync now: POST /v1/configurations/"+configuration+"/sync")
}

// Nobody has an undo give, or take, a role that they may not give or take by hand.
func TestF5_UserAdminsUndoNothingAboutAdmins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := b.post("/v1/configurations/"+b.configure()+"/sync", "").json(t)["run_id"].(string)
	b.closeRun(run)
	path, userAdmin := "/v1/runs/"+run+"/undo", b.newToken(directory.RoleUserAdmin)
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, run_id, user_id, step, label, source, action, outcome)
		VALUES ($1, $2, $3, 10, 'Ana Lee', 'directory_sync', 'update', 'applied')`, b.account.ID, run, ana)
	require.NoError(t, err)
	for before, after := range map[string]string{"super_admin": "member", "user_admin": "auditor", "member": "super_admin", "auditor": "user_admin"} {
		_, err := b.db.Exec(`UPDATE changes SET before = jsonb_build_object('role', $2::text), after = jsonb_build_object('role', $3::text) WHERE run_id = $1`, run, before, after)
		require.NoError(t, err)
		b.requireProblem(b.send("POST", path, userAdmin, ""), http.StatusForbidden, "role_forbidden")
	}
	_, stranger := b.newAccount("Fabrikam")
	b.requireProblem(b.send("POST", path, stranger, ""), http.StatusNotFound, "not_found")
	_, err = b.db.Exec(`UPDATE changes SET before = '{"role":"auditor"}', after = '{"role":"member"}' WHERE run_id = $1`, run)
	require.NoError(t, err)
	begun := b.send("POST", path, userAdmin, "")
	require.Equal(t, http.StatusAccepted, begun.Status, begun.Text)
}
