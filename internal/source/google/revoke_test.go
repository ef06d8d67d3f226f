package google_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/google"
)

var _ source.Revoker = (*google.Opener)(nil)

func connected() directory.Connection {
	return directory.Connection{ID: "connection-1", Provider: directory.Google, Tenant: &directory.Tenant{ID: customerID}, Secret: seal(refresh)}
}

func TestRevokeEndsTheGrant(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{}`))
	opener := google.New(w.options())
	require.NoError(t, opener.Revoke(t.Context(), connected()))
	require.Equal(t, []url.Values{{"token": {refresh}}}, w.revoked)

	w.answer = loginError(http.StatusBadRequest, "invalid_token")
	require.NoError(t, opener.Revoke(t.Context(), connected()), "it was given back already")
	for _, answer := range []http.HandlerFunc{
		loginError(http.StatusBadRequest, "invalid_request"), loginError(http.StatusServiceUnavailable, refresh), status(http.StatusFound, "", "", ""), status(http.StatusNotFound, "", "", ""),
	} {
		w.answer = answer
		err := opener.Revoke(t.Context(), connected())
		require.ErrorContains(t, err, "give grant back")
		require.NotContains(t, err.Error(), refresh)
	}
	foreign := connected()
	foreign.Secret = []byte("sealed for connection-2 x")
	require.ErrorContains(t, opener.Revoke(t.Context(), foreign), "unseal")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, opener.Revoke(gone, connected()))
}

// A client that was dropped signs in anew.
func TestARevokedConnectionIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{}`))
	opener := google.New(w.options())
	read := func() {
		_, err := open(t, opener, customerID, refresh).Users(t.Context(), "", nil, 0)
		require.NoError(t, err)
	}
	read()
	opener.Forget("connection-2")
	read()
	require.Len(t, w.tokens, 1)
	opener.Forget("connection-1")
	read()
	require.Len(t, w.tokens, 2)
	require.NoError(t, opener.Revoke(t.Context(), connected()))
	read()
	require.Len(t, w.tokens, 3)
}

func loginError(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%q}`, code, refresh)
	}
}
