package simulate_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func TestIDTokenIsVerified(t *testing.T) {
	t.Parallel()
	issuer, other := simulate.NewIssuer(), simulate.NewIssuer()
	server := httptest.NewServer(http.HandlerFunc(issuer.ServeKeys))
	t.Cleanup(server.Close)
	verifier := oidc.NewVerifier("https://login.example", oidc.NewRemoteKeySet(t.Context(), server.URL), &oidc.Config{ClientID: "rollcall"})
	claims := map[string]any{"iss": "https://login.example", "aud": "rollcall", "sub": "ada", "nonce": "n-1", "hd": "alderney.example"}

	token, err := verifier.Verify(t.Context(), issuer.IDToken(claims))
	require.NoError(t, err)
	require.Equal(t, "ada", token.Subject)
	require.Equal(t, "n-1", token.Nonce)
	require.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry, 10*time.Second)
	require.WithinDuration(t, time.Now(), token.IssuedAt, 10*time.Second)
	var got struct {
		Domain string `json:"hd"`
	}
	require.NoError(t, token.Claims(&got))
	require.Equal(t, "alderney.example", got.Domain)

	_, err = verifier.Verify(t.Context(), other.IDToken(claims))
	require.ErrorContains(t, err, "failed to verify signature")
	claims["exp"] = time.Now().Add(-time.Minute).Unix()
	_, err = verifier.Verify(t.Context(), issuer.IDToken(claims))
	require.ErrorContains(t, err, "token is expired")
}

func TestCodes(t *testing.T) {
	t.Parallel()
	const client, address = "rollcall", "http://127.0.0.1:8080/connect/google/callback"
	verifier := oauth2.GenerateVerifier()
	grant := simulate.Grant{
		ClientID: client, RedirectURI: address, Challenge: oauth2.S256ChallengeFromVerifier(verifier),
		Nonce: "n-1", Subject: "ada", Scopes: []string{"openid", "email"},
	}
	codes := simulate.NewCodes()

	code := codes.Issue(grant)
	got, err := codes.Redeem(code, client, address, verifier)
	require.NoError(t, err)
	require.Equal(t, grant, got)
	_, err = codes.Redeem(code, client, address, verifier)
	require.ErrorIs(t, err, simulate.ErrCode, "a code is used once")

	for name, try := range map[string][3]string{
		"another client":   {"somebody", address, verifier},
		"another address":  {client, address + "/", verifier},
		"another verifier": {client, address, oauth2.GenerateVerifier()},
		"no verifier":      {client, address, ""},
	} {
		code := codes.Issue(grant)
		_, err := codes.Redeem(code, try[0], try[1], try[2])
		require.ErrorIs(t, err, simulate.ErrCode, name)
		_, err = codes.Redeem(code, client, address, verifier)
		require.ErrorIs(t, err, simulate.ErrCode, "%s has used the code up", name)
	}

	grant.Challenge = ""
	_, err = codes.Redeem(codes.Issue(grant), client, address, "")
	require.NoError(t, err, "a client without PKCE")
	_, err = codes.Redeem(codes.Issue(grant), client, address, verifier)
	require.ErrorIs(t, err, simulate.ErrCode, "a verifier nobody announced")
}
