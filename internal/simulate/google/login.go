package google

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) showOpenID(w http.ResponseWriter, r *http.Request) {
	base := simulate.BaseURL(r)
	simulate.WriteJSON(w, http.StatusOK, map[string]any{
		"issuer":                                base,
		"authorization_endpoint":                base + consentPath,
		"token_endpoint":                        base + "/token",
		"revocation_endpoint":                   base + "/revoke",
		"jwks_uri":                              base + "/oauth2/v3/certs",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"claims_supported":                      []string{"aud", "email", "email_verified", "exp", "hd", "iat", "iss", "nonce", "sub"},
		"code_challenge_methods_supported":      []string{"S256"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
	})
}

// issueToken answers POST /token.
// https://developers.google.com/identity/protocols/oauth2/web-server
func (t *Tenant) issueToken(w http.ResponseWriter, r *http.Request) {
	answer, err := t.tokenAnswer(r)
	if err != nil {
		writeLoginError(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	simulate.WriteJSON(w, http.StatusOK, answer)
}

func (t *Tenant) tokenAnswer(r *http.Request) (map[string]any, error) {
	client, err := t.checkClient(r)
	if err != nil {
		return nil, err
	}
	switch kind := r.PostFormValue("grant_type"); kind {
	case "authorization_code":
		return t.redeem(r, client)
	case "refresh_token":
		return t.refresh(r, client)
	default:
		return nil, &loginError{http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: " + kind}
	}
}

// checkClient returns the client id of a request with the right secret.
func (t *Tenant) checkClient(r *http.Request) (string, error) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	switch {
	case id == "":
		return "", &loginError{http.StatusBadRequest, "invalid_request", "Could not determine client ID from request."}
	case secret == "":
		return "", &loginError{http.StatusBadRequest, "invalid_request", "client_secret is missing."}
	case t.secret != "" && secret != t.secret:
		return "", &loginError{http.StatusUnauthorized, "invalid_client", "Unauthorized"}
	}
	return id, nil
}

func (t *Tenant) redeem(r *http.Request, client string) (map[string]any, error) {
	given, err := t.codes.Redeem(r.PostFormValue("code"), client, r.PostFormValue("redirect_uri"), r.PostFormValue("code_verifier"))
	if err != nil {
		return nil, &loginError{http.StatusBadRequest, "invalid_grant", "Bad Request"}
	}
	who := account(given.Subject)
	g := t.newGrant(client, who, given.Scopes)
	answer := t.accessAnswer(g)
	if given.Offline {
		answer["refresh_token"] = t.sign(g, kindRefresh, time.Now())
	}
	if claims := t.claims(who, given.Scopes); claims != nil {
		claims["iss"], claims["aud"], claims["azp"] = simulate.BaseURL(r), client, client
		if given.Nonce != "" {
			claims["nonce"] = given.Nonce
		}
		answer["id_token"] = t.issuer.IDToken(claims)
	}
	return answer, nil
}

func (t *Tenant) refresh(r *http.Request, client string) (map[string]any, error) {
	g, ok := t.read(r.PostFormValue("refresh_token"), kindRefresh)
	switch {
	case !ok:
		return nil, &loginError{http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked."}
	case g.Client != "" && g.Client != client:
		return nil, &loginError{http.StatusUnauthorized, "unauthorized_client", "Unauthorized"}
	}
	return t.accessAnswer(g), nil
}

func (t *Tenant) accessAnswer(g grant) map[string]any {
	return map[string]any{
		"access_token": t.sign(g, kindAccess, time.Now()),
		"expires_in":   int(tokenLifetime.Seconds()),
		"scope":        strings.Join(g.Scopes, " "),
		"token_type":   "Bearer",
	}
}

// revokeToken takes back the grant that an access or refresh token stands for.
// https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
func (t *Tenant) revokeToken(w http.ResponseWriter, r *http.Request) {
	for _, kind := range []string{kindRefresh, kindAccess} {
		if g, ok := t.read(r.FormValue("token"), kind); ok {
			t.revoke(g)
			simulate.WriteJSON(w, http.StatusOK, struct{}{})
			return
		}
	}
	writeLoginError(w, &loginError{http.StatusBadRequest, "invalid_token", "Token expired or revoked"})
}

func writeLoginError(w http.ResponseWriter, err error) {
	var known *loginError
	if !errors.As(err, &known) {
		known = &loginError{http.StatusInternalServerError, "internal_failure", "Backend Error"}
	}
	simulate.WriteBody(w, known.status, jsonType, known.body())
}
