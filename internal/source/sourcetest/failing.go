package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func (s suite) failing() tests {
	return tests{
		"a throttled request is sent once and says when":    s.throttled,
		"passing failures are worth another try":            s.unavailable,
		"a missing permission is permanent":                 s.denied,
		"revoked consent is permanent":                      s.revoked,
		"consent that is given again works again":           s.reconnected,
		"the end of a context is passed on":                 s.cancelled,
		"a cursor that is not the source's is never a list": s.foreignCursor,
	}
}

func (s suite) throttled(t *testing.T) {
	tenant := s.start(t, 2)
	from := s.opened(t, tenant)
	tenant.fault(t, map[string]any{"path": s.Lists, "status": 429, "headers": map[string]string{"Retry-After": "120"}, "times": 5})
	for range 5 {
		tenant.control(t, http.MethodDelete, "requests", nil)
		_, err := from.Users(t.Context(), "", s.paths(), 0)
		failure := coded(t, err)
		require.Equal(t, directory.CodeSourceThrottled, failure.Code)
		require.Equal(t, 120*time.Second, failure.RetryAfter)
		require.False(t, failure.Permanent)
		require.Equal(t, 1, tenant.requests(t))
	}
	page, err := from.Users(t.Context(), "", s.paths(), 0)
	require.NoError(t, err)
	require.Len(t, page.Records, 2)
}

func (s suite) unavailable(t *testing.T) {
	for name, fault := range map[string]map[string]any{
		"internal error": {"status": 500},
		"bad gateway":    {"status": 502, "body": "<html>bad gateway</html>", "headers": map[string]string{"Content-Type": "text/html"}},
		"no JSON":        {"status": 200, "body": "<html>sign in to the hotel's network</html>"},
		"cut":            {"truncate_after": 100},
		"dropped":        {"drop": true},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := s.start(t, 2)
			from := s.opened(t, tenant)
			fault["path"] = s.Lists
			tenant.fault(t, fault)
			_, err := from.Users(t.Context(), "", s.paths(), 0)
			failure := coded(t, err)
			require.Equal(t, directory.CodeSourceUnavailable, failure.Code)
			require.False(t, failure.Permanent)
			require.NotContains(t, failure.Error()+failure.Sentence(), "<html>")
		})
	}
}

func (s suite) denied(t *testing.T) {
	tenant := s.start(t, 2)
	from := s.opened(t, tenant)
	fault := map[string]any{"path": s.Lists}
	for k, v := range s.Denied {
		fault[k] = v
	}
	tenant.fault(t, fault)
	_, err := from.Users(t.Context(), "", s.paths(), 0)
	requirePermanent(t, err, directory.CodeSourceRefused)
	require.Contains(t, coded(t, err).Remedy, "permission")
}

func (s suite) revoked(t *testing.T) {
	tenant := s.start(t, 2)
	used := s.opened(t, tenant)
	tenant.control(t, http.MethodPost, "revoke-consent", nil)
	_, err := tenant.Open(t).Users(t.Context(), "", s.paths(), 0)
	requirePermanent(t, err, directory.CodeConsentRevoked)
	require.Contains(t, strings.ToLower(coded(t, err).Remedy), "reconnect")

	_, err = used.Users(t.Context(), "", s.paths(), 0)
	if !coded(t, err).Permanent { // a token that was good may be given one more try
		_, err = used.Users(t.Context(), "", s.paths(), 0)
	}
	requirePermanent(t, err, directory.CodeConsentRevoked)
}

func (s suite) reconnected(t *testing.T) {
	tenant := s.start(t, 2)
	tenant.control(t, http.MethodPost, "revoke-consent", nil)
	from := tenant.Open(t)
	_, err := from.Tenant(t.Context())
	require.Error(t, err)
	if tenant.Reconnect != nil {
		from = tenant.Reconnect(t)
	} else {
		tenant.control(t, http.MethodPost, "grant-consent", nil)
	}
	_, err = from.Tenant(t.Context())
	require.NoError(t, err)
}

func (s suite) cancelled(t *testing.T) {
	tenant := s.start(t, 2)
	from := s.opened(t, tenant)
	tenant.fault(t, map[string]any{"path": s.Lists, "delay_ms": 10_000})
	tenant.control(t, http.MethodDelete, "requests", nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := from.Users(ctx, "", s.paths(), 0)
		done <- err
	}()
	require.Eventually(t, func() bool { return tenant.requests(t) == 1 }, 5*time.Second, 5*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)

	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := from.Users(ctx, "", s.paths(), 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func (s suite) foreignCursor(t *testing.T) {
	from := s.opened(t, s.start(t, 2))
	for _, cursor := range []string{"nonsense", "https://collector.example/v1.0/users?$skiptoken=x"} {
		_, err := from.Users(t.Context(), cursor, s.paths(), 0)
		requirePermanent(t, err, directory.CodeSourceRefused)
	}
}

// opened is a source that has signed in.
func (s suite) opened(t *testing.T, tenant Tenant) source.Source {
	from := tenant.Open(t)
	_, err := from.Tenant(t.Context())
	require.NoError(t, err)
	return from
}

func coded(t *testing.T, err error) *directory.Error {
	t.Helper()
	var failure *directory.Error
	require.True(t, errors.As(err, &failure), "%v", err)
	return failure
}

func requirePermanent(t *testing.T, err error, code string) {
	t.Helper()
	failure := coded(t, err)
	require.Equal(t, code, failure.Code, failure.Sentence())
	require.True(t, failure.Permanent)
	require.NotEmpty(t, failure.Remedy)
}

func (n Tenant) fault(t *testing.T, fault map[string]any) {
	t.Helper()
	n.control(t, http.MethodPost, "faults", fault)
}

// requests is how many requests came to the tenant since they were last forgotten.
func (n Tenant) requests(t *testing.T) int {
	t.Helper()
	sum := 0
	for _, count := range n.requestsByPath(t) {
		sum += count
	}
	return sum
}

func (n Tenant) requestsByPath(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	require.NoError(t, json.Unmarshal(n.control(t, http.MethodGet, "requests", nil), &counts))
	return counts
}

func (n Tenant) control(t *testing.T, method, what string, body any) []byte {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, n.URL+"/_sim/"+what, bytes.NewReader(encoded))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	var answer bytes.Buffer
	_, err = answer.ReadFrom(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, answer.String())
	return answer.Bytes()
}
