package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func changing(t *testing.T, w *wire) source.Incremental {
	t.Helper()
	from, ok := open(t, w.opener(), tenantID).(source.Incremental)
	require.True(t, ok)
	return from
}

// Case A2 (a): the link after the last page is Graph's own, to the letter, and so is each request.
func TestCaseA2_LinkOfLaterChanges(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	start, next := w.URL+"/v1.0/users/delta?$deltatoken=T%2b0", w.URL+"/v1.0/users/delta?%24skiptoken=S1~"
	link := w.URL + "/v1.0/users/delta?$deltatoken=T1"
	w.answer = func(out http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.RequestURI, "latest"):
			_, _ = fmt.Fprintf(out, `{"value":[],"@odata.deltaLink":%q}`, start)
		case strings.Contains(r.RequestURI, "skiptoken"):
			_, _ = fmt.Fprintf(out, `{"value":[{"id":"u3","@removed":{"reason":"changed"}}],"@odata.deltaLink":%q}`, link)
		default:
			_, _ = fmt.Fprintf(out, `{"value":[{"id":"u1","mail":null},{"id":"u2"},{"id":"u1"}],"@odata.nextLink":%q}`, next)
		}
	}
	from := changing(t, w)
	begun, err := from.ChangesLink(t.Context(), []string{"mail", "onPremisesExtensionAttributes/extensionAttribute1", "onPremisesExtensionAttributes/extensionAttribute2"})
	require.NoError(t, err)
	require.Equal(t, start, begun)
	first, err := from.Changes(t.Context(), begun)
	require.NoError(t, err)
	require.Equal(t, source.ChangePage{IDs: []string{"u1", "u2"}, Next: next}, first)
	second, err := from.Changes(t.Context(), first.Next)
	require.NoError(t, err)
	require.Equal(t, source.ChangePage{IDs: []string{"u3"}, Link: link}, second)

	var asked []string
	for _, r := range w.requests {
		asked = append(asked, r.RequestURI)
	}
	require.Equal(t, []string{
		"/v1.0/users/delta?$select=accountEnabled,id,mail,onPremisesExtensionAttributes&$deltatoken=latest",
		strings.TrimPrefix(start, w.URL), strings.TrimPrefix(next, w.URL),
	}, asked)
}

// Case A2 (b): a link that Graph no longer knows means that everybody has to be read again.
func TestCaseA2_ExpiredLink(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		code   string
		kind   directory.Kind
	}{
		{410, "SyncStateNotFound", directory.KindGone}, {410, "", directory.KindGone}, {410, "resyncRequired", directory.KindGone},
		{400, "syncStateNotFound", directory.KindGone}, {400, "Directory_ExpiredPageToken", directory.KindGone},
		{404, "Request_ResourceNotFound", directory.KindConflict}, {403, "Authorization_RequestDenied", directory.KindGone},
		{429, "TooManyRequests", directory.KindUnavailable}, {500, "", directory.KindUnavailable},
	} {
		w := newWire(t, func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(test.status)
			_, _ = fmt.Fprintf(out, `{"error":{"code":%q,"message":"The sync state generation is not found"}}`, test.code)
		})
		_, err := changing(t, w).Changes(t.Context(), w.URL+"/v1.0/users/delta?$deltatoken=T1")
		got := failure(t, err)
		require.Equal(t, test.kind, got.Kind, test)
		require.Equal(t, test.kind == directory.KindGone, got.Code == "changes_expired")
		_, err = changing(t, w).ChangesLink(t.Context(), nil)
		require.NotEqual(t, directory.KindGone, failure(t, err).Kind)
	}
}

func TestMalformedChanges(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"value":[]}`, `{"@odata.deltaLink":"x"}`, `{"value":[],"@odata.deltaLink":"x","@odata.nextLink":"y"}`,
		`{"value":[{}],"@odata.deltaLink":"x"}`, `{"value":[null],"@odata.deltaLink":"x"}`, `{"value":[{"id":1}],"@odata.deltaLink":"x"}`, `{"value":[],"@odata.deltaLink":7}`,
	} {
		w := newWire(t, body(text))
		_, err := changing(t, w).Changes(t.Context(), w.URL+"/v1.0/users/delta?$deltatoken=T1")
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, text)
		_, err = changing(t, w).ChangesLink(t.Context(), nil)
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, text)
	}
	w := newWire(t, body(`{"value":[],"@odata.nextLink":"x"}`))
	_, err := changing(t, w).ChangesLink(t.Context(), nil)
	require.ErrorContains(t, err, "no link for later changes")
}
