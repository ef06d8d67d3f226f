package scim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func TestCaseL1_Tokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusOK, b.get("/Users", header{"Authorization", "bearer " + b.token}).status)
	require.Equal(t, http.StatusOK, b.get("/Users", header{"Authorization", "BEARER  " + b.token}).status)
	revoked := b.token
	b.token = b.newToken(b.account.ID)
	tokens, err := b.store.SCIMTokens(t.Context(), b.account.ID)
	require.NoError(t, err)
	require.NoError(t, b.store.RevokeSCIMToken(t.Context(), b.account.ID, tokens[0].ID))
	var hint string
	for _, credentials := range []string{"", "Bearer", "Bearer ", "Bearer " + revoked, "Bearer rcs_nonsense", "Basic " + b.token, b.token, "Bearer " + b.token + " x"} {
		for _, path := range []string{"/Users", "/ServiceProviderConfig", "/Me", "/Users/" + nobody} {
			a := b.get(path, header{"Authorization", credentials})
			b.requireError(a, http.StatusUnauthorized, "")
			require.True(t, strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer"))
			if hint == "" {
				hint = a.text
			}
			require.Equal(t, hint, a.text, "no hint at what is wrong with it")
		}
	}
}

func TestCaseL1_Isolation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	theirs := b.newUser("ana@corp.example")
	group := b.newGroup("Finance", theirs)
	user, members := b.get("/Users/"+theirs).body, b.get("/Groups/"+group).body
	own := b.token
	_, b.token = b.newAccount("Fabrikam", 10)
	mine := b.newGroup("Mine")
	for _, path := range []string{"/Users/" + theirs, "/Groups/" + group} {
		b.requireError(b.get(path), http.StatusNotFound, "")
		b.requireError(b.send("PATCH", path, patch(op("replace", "displayName", "x"))), http.StatusNotFound, "")
		b.requireError(b.send("DELETE", path, nil), http.StatusNotFound, "")
	}
	b.requireError(b.send("PUT", "/Users/"+theirs, person("x@corp.example")), http.StatusNotFound, "")
	require.NotEqual(t, theirs, b.newUser("ana@corp.example"), "an account has its own users")
	require.Empty(t, valuesOf(b.patched("/Groups/"+mine, op("add", "members", values([]string{theirs}))), "members"))
	require.Empty(t, b.get("/Users?filter=" + url.QueryEscape(`id eq "`+theirs+`"`)).body["Resources"])
	b.token = own
	require.Equal(t, user, b.get("/Users/"+theirs).body)
	require.Equal(t, members, b.get("/Groups/"+group).body)
}

func TestD8_RateLimit(t *testing.T) {
	t.Parallel()
	b := startBench(t, 1)
	const requests = 50
	answers := make(chan answer, requests)
	for range requests {
		go func() {
			a, _ := b.try("GET", "/Users", nil)
			answers <- a
		}()
	}
	var refused answer
	allowed := 0
	for range requests {
		if a := <-answers; a.status == http.StatusOK {
			allowed++
		} else {
			refused = a
		}
	}
	require.GreaterOrEqual(t, allowed, 2, "a burst of twice the rate")
	b.requireError(refused, http.StatusTooManyRequests, "")
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	b.token = b.newToken(b.account.ID)
	require.Equal(t, http.StatusOK, b.get("/Users").status, "a token does not pay for another")
}

// A bulk request costs as much as its operations by themselves, and is refused before it begins.
func TestD8_RateLimitOfBulk(t *testing.T) {
	t.Parallel()
	b := startBench(t, 5)
	remove := bulkOp("DELETE", "/Users/"+nobody, "", nil)
	require.Len(t, b.outcomes(bulk(0, remove, remove, remove, remove, remove, remove, remove, remove)), 8)
	a := b.send("POST", "/Bulk", bulk(0, bulkOp("POST", "/Users", "ana", person("ana@corp.example")), remove, remove, remove, remove, remove, remove, remove))
	b.requireError(a, http.StatusTooManyRequests, "")
	require.NotEmpty(t, a.header.Get("Retry-After"))
	b.token = b.newToken(b.account.ID)
	require.Equal(t, json.Number("0"), b.get("/Users").body["totalResults"])
}

func TestD8_ErrorsOfEveryKind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newUser("ana@corp.example")
	nothing := b.get("/Nothing")
	b.requireError(nothing, http.StatusNotFound, "")
	require.NotContains(t, nothing.text, "/docs", "that is another API")
	b.requireError(b.get("/Users/"+id+"/name"), http.StatusNotFound, "")
	a := b.send("POST", "/Users/"+id, person("x@corp.example"))
	b.requireError(a, http.StatusMethodNotAllowed, "")
	require.Contains(t, a.header.Get("Allow"), "PATCH")
	b.requireError(b.send("DELETE", "/Users", nil), http.StatusMethodNotAllowed, "")
	b.requireError(b.get("/Users?filter=%zz"), http.StatusBadRequest, "invalidSyntax")
	b.requireError(b.send("POST", "/Users", "{"), http.StatusBadRequest, "invalidSyntax")
	b.requireError(b.send("POST", "/Users", ""), http.StatusBadRequest, "invalidSyntax")
	b.requireError(b.send("POST", "/Users", `{"displayName":"nobody"}`), http.StatusBadRequest, "invalidValue")
	b.requireError(b.send("POST", "/Users", person("x@corp.example"), header{"Content-Type", "text/plain"}), http.StatusUnsupportedMediaType, "")
	b.requireError(b.send("POST", "/Users", `{"userName":"`+strings.Repeat("x", 10<<20)+`"}`), http.StatusRequestEntityTooLarge, "")
	for _, kind := range []string{"application/json", "application/scim+json; charset=utf-8", "application/json;charset=UTF-8"} {
		require.Equal(t, http.StatusOK, b.send("PATCH", "/Users/"+id, patch(op("add", "title", "x")), header{"Content-Type", kind}).status, kind)
	}
	require.Equal(t, http.StatusOK, b.send("PATCH", "/Users/"+id, patch(op("add", "title", "x")), header{"Content-Type", ""}).status)
}

func TestD8_AnUnexpectedErrorTellsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.db.Exec(`ALTER TABLE scim_users RENAME TO hidden`)
	require.NoError(t, err)
	a := b.get("/Users/" + nobody)
	b.requireError(a, http.StatusInternalServerError, "")
	require.NotContains(t, a.text, "scim_users")
	require.Contains(t, a.text, a.header.Get("X-Request-Id"))
	require.Contains(t, b.log.String(), a.header.Get("X-Request-Id"))
	require.Equal(t, 1, strings.Count(b.log.String(), "level=ERROR"), "logged once")
}

// Administrators give clients the base URL with a slash too many.
func TestD2_SlashesTooMany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made := b.send("POST", "//Users/", person("ana@corp.example"))
	require.Equal(t, http.StatusCreated, made.status, made.text)
	require.Equal(t, http.StatusOK, b.get("/Users//"+made.body["id"].(string)).status)
	require.Equal(t, http.StatusOK, b.get("/").status)
	require.Equal(t, http.StatusOK, b.get("//ServiceProviderConfig").status)
}

func TestD8_LogAndMetricsTellNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newUser("ana@corp.example")
	b.get("/Users/" + id)
	b.get("/Users?filter=" + url.QueryEscape(`userName eq "ana@corp.example"`))
	b.send("POST", "/Users", map[string]any{"schemas": []string{schema.UserURN}, "userName": "ana@corp.example"})
	b.get("/Nothing/ana")
	response, err := http.Get(b.url + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	var metrics strings.Builder
	require.NoError(t, response.Write(&metrics))
	require.Contains(t, metrics.String(), `{method="GET",route="GET /scim/v2/Users/{id}",status="200"} 1`)
	require.Contains(t, b.log.String(), `route="GET /scim/v2/Users/{id}"`)
	for _, private := range []string{"ana", b.token, "Bearer", "filter=", "userName"} {
		require.NotContains(t, b.log.String(), private)
		require.NotContains(t, metrics.String(), private)
	}
}
