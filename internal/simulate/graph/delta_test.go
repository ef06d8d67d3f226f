package graph_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestDeltaTellsAllThenOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(450))
	values, last := c.all("/v1.0/users/delta()?$select=displayName")
	require.Len(t, unique(texts(t, values, "id")), 450)
	require.Len(t, values, 450)
	ids := texts(t, values, "id")

	values, last = c.all(last.DeltaLink)
	require.Empty(t, values)

	c.control(http.MethodPatch, "users/"+ids[3], `{"displayName":"Renamed"}`, http.StatusOK)
	c.control(http.MethodDelete, "users/"+ids[4], "", http.StatusNoContent)
	c.control(http.MethodDelete, "users/"+ids[5]+"?permanent=true", "", http.StatusNoContent)
	c.control(http.MethodPost, "users", `{"id":"new","displayName":"New"}`, http.StatusCreated)
	values, last = c.all(last.DeltaLink)
	require.Len(t, values, 4)
	require.Equal(t, `{"id":"`+ids[3]+`","displayName":"Renamed"}`, string(values[0]))
	require.Equal(t, `{"id":"`+ids[4]+`","@removed":{"reason":"changed"}}`, string(values[1]))
	require.Equal(t, `{"id":"`+ids[5]+`","@removed":{"reason":"deleted"}}`, string(values[2]))
	require.Equal(t, `{"id":"new","displayName":"New"}`, string(values[3]))

	values, _ = c.all(last.DeltaLink)
	require.Empty(t, values)
}

func TestDeltaMissesNothingThatHappensBetweenPages(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(30))
	first := c.page("/v1.0/users/delta?$select=id,displayName", "Prefer", "odata.maxpagesize=10")
	require.Len(t, first.Value, 10)
	ids := texts(t, first.Value, "id")
	c.control(http.MethodPatch, "users/"+ids[0], `{"displayName":"Renamed"}`, http.StatusOK)
	c.control(http.MethodDelete, "users/"+ids[1], "", http.StatusNoContent)
	_, last := c.all(first.Next)
	values, _ := c.all(last.DeltaLink)
	require.Equal(t, []string{ids[0], ids[1]}, texts(t, values, "id"))

	for _, id := range ids[2:10] {
		c.control(http.MethodPatch, "users/"+id, `{"displayName":"Again"}`, http.StatusOK)
	}
	small := c.page("/v1.0/users/delta?$deltatoken=latest&$top=3")
	require.Empty(t, small.Value)
	for _, id := range ids[2:10] {
		c.control(http.MethodPatch, "users/"+id, `{"displayName":"Thrice"}`, http.StatusOK)
	}
	values, _ = c.all(small.DeltaLink)
	require.Equal(t, ids[2:10], texts(t, values, "id"))
}

func TestExpiredDeltaAnswersGone(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(3))
	_, last := c.all("/v1.0/users/delta")
	c.control(http.MethodPost, "expire-delta", "", http.StatusNoContent)
	got := c.get(last.DeltaLink)
	c.requireError(got, http.StatusGone, "syncStateNotFound")
	values, _ := c.all(got.header.Get("Location"))
	require.Len(t, values, 3)
}

func TestReplacedDirectoryIsToldByDelta(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, `{"users":[{"id":"a","n":1},{"id":"b","n":1},{"id":"c","n":1},{"n":"no id"}]}`))
	_, last := c.all("/v1.0/users/delta")
	c.control(http.MethodPut, "directory", `{"users":[{"id":"d"},{"id":"b","n":2},{"id":"a","n":1}]}`, http.StatusNoContent)
	values, _ := c.all(last.DeltaLink + "&x=1")
	require.ElementsMatch(t, []string{"d", "b", "c"}, texts(t, values, "id"))
	require.Equal(t, []string{"a", "b", "d"}, texts(t, mustAll(c, "/v1.0/users"), "id"))
}
