package web_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// feed asks for events and returns them with the next position.
func (b *bench) feed(query string) (items []map[string]any, next string) {
	b.Helper()
	a := b.get("/v1/events" + query)
	require.Equal(b, http.StatusOK, a.Status, a.Text)
	body := a.json(b)
	for _, item := range body["items"].([]any) {
		items = append(items, item.(map[string]any))
	}
	return items, body["next"].(string)
}

func typesOf(items []map[string]any) []any {
	types := []any{}
	for _, item := range items {
		types = append(types, item["type"])
	}
	return types
}

func TestEvents_AreFollowedWithTheNextOfEachAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	items, next := b.feed("")
	require.Empty(t, items)
	require.NotNil(t, b.get("/v1/events").json(t)["items"], "an empty list is a list")
	ana, invitation := b.newUser("ana@corp.example", directory.Invited)
	_, err := b.store.AcceptInvitation(t.Context(), invitation)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/activate", "").Status)

	items, second := b.feed("?limit=2&after=" + next)
	require.Equal(t, []any{"user.updated", "user.deactivated"}, typesOf(items))
	require.Equal(t, second, items[1]["id"])
	event := items[1]
	require.NotEmpty(t, event["at"])
	delete(event, "at")
	delete(event, "id")
	require.Equal(t, map[string]any{
		"type": "user.deactivated", "run_id": nil, "source": "admin",
		"subject": map[string]any{"type": "user", "id": ana, "label": "Ana Lopez"},
		"before":  map[string]any{"status": "active"}, "after": map[string]any{"status": "deactivated"},
	}, event)
	items, end := b.feed("?after=" + second)
	require.Equal(t, []any{"user.reactivated"}, typesOf(items))
	for _, query := range []string{"?after=latest", "?after=" + end} {
		items, next = b.feed(query)
		require.Empty(t, items)
		require.Equal(t, end, next, "it is asked again with the same")
	}
	items, _ = b.feed("")
	require.Len(t, items, 3, "from the beginning")
}

func TestEvents_OfALogThatWasPurgedAreGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@corp.example", directory.Active)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	_, err := b.db.Exec(`UPDATE changes SET occurred_at = now() - interval '500 days' WHERE account_id = $1`, b.account.ID)
	require.NoError(t, err)
	_, err = b.store.PurgeLog(t.Context(), b.account.ID, 100)
	require.NoError(t, err)
	a := b.get("/v1/events?after=0")
	b.requireProblem(a, http.StatusGone, "events_gone")
	require.Equal(t, "The events after this position are not kept any more. Take the present end (GET /v1/events?after=latest), then read users and "+
		"groups anew (GET /v1/users, GET /v1/groups), and go on from that end.", a.json(t)["detail"])
	items, next := b.feed("?after=latest")
	require.Empty(t, items)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/activate", "").Status)
	items, _ = b.feed("?after=" + next)
	require.Equal(t, []any{"user.reactivated"}, typesOf(items))
	whole, _ := b.feed("")
	require.Equal(t, items, whole, "the beginning is what is kept")
}

// All types that an event can have are in the description, and a membership has its own subject.
func TestEvents_AreDescribed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var description struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(b.send("GET", "/openapi.json", "", "").Text), &description))
	described := description.Components.Schemas["Event"].Properties["type"].Enum
	require.Contains(t, described, string(directory.Change{Subject: directory.SubjectUser, Action: directory.ActionAdopt}.Event(1).Type))
	for subject, actions := range map[directory.Subject][]directory.Action{
		directory.SubjectUser: {directory.ActionCreate, directory.ActionUpdate, directory.ActionAdopt, directory.ActionDeactivate,
			directory.ActionReactivate, directory.ActionDelete},
		directory.SubjectGroup:      {directory.ActionCreate, directory.ActionUpdate, directory.ActionDelete},
		directory.SubjectMembership: {directory.ActionCreate, directory.ActionDelete},
	} {
		for _, action := range actions {
			require.Contains(t, described, string(directory.Change{Subject: subject, Action: action}.Event(1).Type))
		}
	}
	require.Len(t, described, 11)
}
