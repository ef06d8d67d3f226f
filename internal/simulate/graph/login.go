package graph

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const tokenLifetime = 3599 * time.Second

func (t *Tenant) showOpenID(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	base := simulate.BaseURL(r) + "/" + tenant
	issuer := base + "/v2.0"
	switch {
	case anyTenant(tenant):
		issuer = simulate.BaseURL(r) + "/{tenantid}/v2.0" // as it stands: each token names its own tenant
	case !t.isTenant(tenant):
		writeLoginError(w, unknownTenant(tenant))
		return
	}
	simulate.WriteJSON(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"response_modes_supported":              []string{"query"},
		"response_types_supported":              []string{"code"},
		"scopes_supported":                      []string{"openid", "profile", "email"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"tenant_region_scope":                   "EU",
	})
}

func (t *Tenant) showKeys(w http.ResponseWriter, r *http.Request) { t.issuer().ServeKeys(w, r) }

func (t *Tenant) issueToken(w http.ResponseWriter, r *http.Request) {
	var answer map[string]any
	var err error
	switch grant := r.PostFormValue("grant_type"); grant {
	case "client_credentials":
		answer, err = t.admitClient(r)
	case "authorization_code":
		answer, err = t.redeemCode(r)
	default:
		err = &loginError{http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + grant + "'."}
	}
	if err != nil {
		writeLoginError(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	simulate.WriteJSON(w, http.StatusOK, answer)
}

// admitClient answers a request for a token of the application itself.
func (t *Tenant) admitClient(r *http.Request) (map[string]any, error) {
	if anyTenant(r.PathValue("tenant")) {
		return nil, &loginError{http.StatusBadRequest, "invalid_request", 50059,
			"No tenant-identifying information found in either the request or implied by any provided credentials."}
	}
	client, err := t.checkClient(r)
	switch {
	case err != nil:
		return nil, err
	case !strings.Contains(r.PostFormValue("scope"), "/.default"):
		return nil, &loginError{http.StatusBadRequest, "invalid_scope", 1002012,
			"The provided value for scope " + r.PostFormValue("scope") + " is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
	case t.revoked.Load():
		return nil, &loginError{http.StatusBadRequest, "unauthorized_client", 7000229,
			"The client application '" + client + "' is missing service principal in the tenant '" + t.ID() + "'. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"}
	}
	return map[string]any{
		"token_type":     "Bearer",
		"expires_in":     int(tokenLifetime.Seconds()),
		"ext_expires_in": int(tokenLifetime.Seconds()),
		"access_token":   t.signToken(client, time.Now()),
	}, nil
}

// checkClient returns the client id of a request for a token, if its secret is right.
func (t *Tenant) checkClient(r *http.Request) (string, error) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	switch tenant := r.PathValue("tenant"); {
	case !anyTenant(tenant) && !t.isTenant(tenant):
		return "", unknownTenant(tenant)
	case id == "":
		return "", &loginError{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'."}
	case secret == "" || t.secret != "" && secret != t.secret:
		return "", &loginError{http.StatusUnauthorized, "invalid_client", 7000215,
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '" + id + "'."}
	}
	return id, nil
}

func unknownTenant(tenant string) error {
	return &loginError{http.StatusBadRequest, "invalid_request", 90002,
		"Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
}

// anyTenant reports whether a path names no tenant in particular.
func anyTenant(tenant string) bool { return tenant == "common" || tenant == "organizations" }

// isTenant reports whether a path names this tenant, by id or by a domain.
func (t *Tenant) isTenant(tenant string) bool {
	named := func(name string) bool { return strings.EqualFold(tenant, name) }
	return named(t.ID()) || slices.ContainsFunc(t.domains(), named)
}

// domains are the names of the organization's verified domains.
func (t *Tenant) domains() []string {
	var verified []struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(t.organization().Get("verifiedDomains"), &verified) // of another shape: none
	var names []string
	for _, domain := range verified {
		names = append(names, domain.Name)
	}
	return names
}

type claims struct {
	Audience string   `json:"aud"`
	Tenant   string   `json:"tid"`
	Client   string   `json:"appid"`
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	Roles    []string `json:"roles"`
}

// signToken makes a JWT that outlives a restart of the tenant.
func (t *Tenant) signToken(client string, now time.Time) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(simulate.Encode(claims{
			Audience: "https://graph.microsoft.com", Tenant: t.ID(), Client: client,
			Issued: now.Unix(), Expires: now.Add(tokenLifetime).Unix(),
			Roles: []string{"User.Read.All", "GroupMember.Read.All", "Organization.Read.All", "Directory.Read.All"},
		}))
	return payload + "." + t.signature(payload)
}

func (t *Tenant) signature(payload string) string {
	mac := hmac.New(sha256.New, t.signKey[:])
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// authorize checks the bearer token of a request to Graph.
func (t *Tenant) authorize(r *http.Request) error {
	unauthorized := func(message string) error {
		return &odataError{http.StatusUnauthorized, "InvalidAuthenticationToken", message}
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return unauthorized("Access token is empty.")
	}
	at := strings.LastIndexByte(token, '.')
	if at < 0 || !hmac.Equal([]byte(token[at+1:]), []byte(t.signature(token[:at]))) {
		return unauthorized("Access token validation failure. Invalid signature.")
	}
	_, encoded, _ := strings.Cut(token[:at], ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	var c claims
	if err := errors.Join(err, json.Unmarshal(payload, &c)); err != nil {
		return unauthorized("CompactToken parsing failed.")
	}
	switch {
	case time.Now().Unix() >= c.Expires:
		return unauthorized("Lifetime validation failed, the token is expired.")
	case c.Tenant != t.ID():
		return unauthorized("Access token validation failure. Invalid tenant.")
	case t.revoked.Load():
		return unauthorized("The identity of the calling application could not be established.")
	}
	return nil
}

func writeLoginError(w http.ResponseWriter, err error) {
	var known *loginError
	if !errors.As(err, &known) {
		known = &loginError{http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred. Please try again."}
	}
	simulate.WriteBody(w, known.status, "application/json; charset=utf-8", known.body())
}
