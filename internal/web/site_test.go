package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocsNeedNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.send("GET", "/docs", "", "")
	require.Equal(t, http.StatusOK, page.Status)
	require.NotContains(t, page.Text, "<script")
	require.NotContains(t, page.Text, "https://")
	require.Contains(t, page.Header.Get("Content-Security-Policy"), "default-src 'none'")
	for _, r := range b.apiRoutes() {
		require.Contains(t, page.Text, "<code>"+r.name()+"</code>")
	}
	require.Contains(t, b.send("GET", "/assets/rollcall.css", "", "").Header.Get("Content-Type"), "text/css")
}

func TestOpenAPIHoldsTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.send("GET", "/openapi.json", "", "")
	require.Equal(t, http.StatusOK, a.Status)
	description := a.json(t)
	require.Equal(t, "3.1.0", description["openapi"])
	schemas := description["components"].(map[string]any)["schemas"].(map[string]any)
	require.NotContains(t, schemas, "ErrorModel")
	var follow func(v any)
	follow = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				require.Contains(t, schemas, strings.TrimPrefix(ref, "#/components/schemas/"))
			}
			for _, inner := range v {
				follow(inner)
			}
		case []any:
			for _, inner := range v {
				follow(inner)
			}
		}
	}
	follow(description)
}

func TestHealthMetricsAndHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusOK, b.send("GET", "/healthz", "", "").Status)
	require.Equal(t, http.StatusOK, b.send("GET", "/readyz", "", "").Status)
	a := b.get("/v1/users?search=ana%40contoso.example")
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"))
	require.Contains(t, a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.NotEmpty(t, a.Header.Get("X-Request-Id"))
	require.NotContains(t, a.Text, "$schema")
	require.Equal(t, "decoded", b.send("POST", "/codec/S3CR3T/decode", "", "{}").Text)
	metrics := b.send("GET", "/metrics", "", "").Text
	require.Contains(t, metrics, `rollcall_http_request_duration_seconds_count{method="GET",route="GET /v1/users",status="200"} 1`)
	log := b.log.String()
	require.Contains(t, log, `route="GET /v1/users"`)
	for _, private := range []string{"contoso.example", "search=", b.owner, "S3CR3T"} {
		require.NotContains(t, log, private)
		require.NotContains(t, metrics, private)
	}
}

func TestAnUnexpectedErrorTellsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.db.Exec(`ALTER TABLE fields RENAME TO hidden_fields`)
	require.NoError(t, err)
	a := b.get("/v1/fields")
	b.requireProblem(a, http.StatusInternalServerError, "internal")
	require.NotContains(t, a.Text, "fields\\\"")
	require.NotContains(t, a.Text, "pq:")
	var p struct {
		RequestID string `json:"request_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.Text), &p))
	require.Equal(t, a.Header.Get("X-Request-Id"), p.RequestID)
	require.Equal(t, 1, strings.Count(b.log.String(), "level=ERROR"), "logged once")
	require.Contains(t, b.log.String(), p.RequestID)
}
