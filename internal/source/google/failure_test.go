package google

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

func TestClassifyAPI(t *testing.T) {
	t.Parallel()
	const revoked, refused, throttled, unavailable = directory.CodeConsentRevoked, directory.CodeSourceRefused,
		directory.CodeSourceThrottled, directory.CodeSourceUnavailable
	for _, test := range []struct {
		status     int
		reason     string
		retryAfter string
		want       string
		wait       time.Duration
		remedy     string
	}{
		{401, "authError", "", revoked, 0, "Reconnect"},
		{403, "forbidden", "", refused, 0, "grant it"},
		{403, "domainPolicy", "", refused, 0, "grant it"},
		{403, "", "", refused, 0, "permission"},
		{403, "insufficientPermissions", "", refused, 0, "Reconnect"},
		{403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "", refused, 0, "Reconnect"},
		{403, "accessNotConfigured", "", refused, 0, "operator of Rollcall to enable the Admin SDK API"},
		{403, "SERVICE_DISABLED", "", refused, 0, "enable the Admin SDK API"},
		{403, "quotaExceeded", "", throttled, 10 * time.Second, "by itself"},
		{403, "rateLimitExceeded", "7", throttled, 7 * time.Second, "by itself"},
		{403, "dailyLimitExceeded", "", throttled, time.Hour, "by itself"},
		{403, "RATE_LIMIT_EXCEEDED", "", throttled, 10 * time.Second, "by itself"},
		{400, "invalid", "", refused, 0, "mappings"},
		{404, "notFound", "", refused, 0, "API URL"},
		{410, "updatedMinTooLongAgo", "", refused, 0, "begins a new list"},
		{412, "conditionNotMet", "", refused, 0, "Sync again"},
		{429, "rateLimitExceeded", "120", throttled, 2 * time.Minute, "by itself"},
		{429, "", "", throttled, 10 * time.Second, "by itself"},
		{429, "", "soon", throttled, 10 * time.Second, "by itself"},
		{429, "", "-5", throttled, 10 * time.Second, "by itself"},
		{429, "", "2000000000", throttled, 24 * time.Hour, "by itself"},
		{503, "backendError", "7", throttled, 7 * time.Second, "by itself"},
		{503, "backendError", "", unavailable, 0, "tries again"},
		{500, "backendError", "7", unavailable, 0, "tries again"},
		{408, "", "", unavailable, 0, "tries again"},
		{302, "", "", unavailable, 0, "tries again"},
		{204, "", "", unavailable, 0, "tries again"},
	} {
		t.Run(fmt.Sprintf("%d %s %s", test.status, test.reason, test.retryAfter), func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"error":{"code":%d,"message":"why","errors":[{"domain":"global","reason":%q,"message":"why"}]}}`, test.status, test.reason)
			got := verdict(t, classify(newRefusal(answer(test.status, body, test.retryAfter))))
			require.Equal(t, test.want, got.Code)
			require.Equal(t, test.want == revoked || test.want == refused, got.Permanent)
			require.Equal(t, test.wait, got.RetryAfter)
			require.Contains(t, got.Remedy, test.remedy)
			require.Contains(t, got.Sentence(), test.reason)
			require.NotContains(t, got.Sentence(), "why")
		})
	}
}

// Only one refusal of the customer says that the person is no administrator.
func TestOfCustomer(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"forbidden", "notAuthorized", "PERMISSION_DENIED"} {
		got := verdict(t, ofCustomer(classify(&refusal{status: 403, code: code})))
		require.Equal(t, directory.CodeNotAdministrator, got.Code, code)
		require.True(t, got.Permanent)
		require.Contains(t, got.Sentence(), code)
	}
	for _, refused := range []*refusal{
		{status: 403, code: "accessNotConfigured"}, {status: 403, code: "insufficientPermissions"}, {status: 403, code: "domainPolicy"}, {status: 403},
		{status: 403, code: "quotaExceeded"}, {status: 401, code: "authError"}, {status: 404, code: "notFound"}, {status: 500, code: "forbidden"},
		{status: 403, code: "forbidden", signIn: true}, {status: 401, code: "invalid_client", signIn: true},
	} {
		err := classify(refused)
		require.Equal(t, err, ofCustomer(err), refused.answer())
	}
	require.Equal(t, malformed("x"), ofCustomer(malformed("x")))
}

func TestClassifySignIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status       int
		code         string
		want, remedy string
	}{
		{400, "invalid_grant", directory.CodeConsentRevoked, "Reconnect"},
		{200, "invalid_grant", directory.CodeConsentRevoked, "Reconnect"},
		{401, "invalid_client", directory.CodeSourceRefused, "client secret"},
		{401, "unauthorized_client", directory.CodeSourceRefused, "client id"},
		{401, "deleted_client", directory.CodeSourceRefused, "deleted"},
		{400, "admin_policy_enforced", directory.CodeSourceRefused, "third-party app"},
		{400, "temporarily_unavailable", directory.CodeSourceUnavailable, "tries again"},
		{403, "rate_limit_exceeded", directory.CodeSourceThrottled, "by itself"},
		{429, "", directory.CodeSourceThrottled, "by itself"},
		{503, "", directory.CodeSourceUnavailable, "tries again"},
		{302, "", directory.CodeSourceUnavailable, "tries again"},
	} {
		t.Run(fmt.Sprintf("%d %s", test.status, test.code), func(t *testing.T) {
			t.Parallel()
			failed := &oauth2.RetrieveError{Response: answer(test.status, "", ""), ErrorCode: test.code, ErrorDescription: "why"}
			got := verdict(t, classify(fmt.Errorf("sign in: %w", failed)))
			require.Equal(t, test.want, got.Code)
			require.Contains(t, got.Remedy, test.remedy)
			require.NotContains(t, got.Error()+got.Sentence(), "why")
		})
	}
}

func TestClassifyOutdatedToken(t *testing.T) {
	t.Parallel()
	got := verdict(t, classify(&refusal{status: 401, code: "authError", outdated: true}))
	require.Equal(t, directory.CodeSourceUnavailable, got.Code)
	require.False(t, got.Permanent)
}

func TestClassifyBrokenExchange(t *testing.T) {
	t.Parallel()
	const echo = "Bearer ya29.c2VjcmV0"
	for _, err := range []error{
		fmt.Errorf("malformed HTTP response %q", echo),
		fmt.Errorf("%s: %w", echo, io.ErrUnexpectedEOF),
		fmt.Errorf("%s: %w", echo, syscall.ECONNRESET),
	} {
		got := verdict(t, classify(err))
		require.Equal(t, directory.CodeSourceUnavailable, got.Code)
		require.NotContains(t, got.Error()+got.Sentence(), echo)
	}
}

// An error code is repeated, a token in its place is not.
func TestErrorCodeIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Bearer ya29", "ya29.c2VjcmV0", "1//RT-xyz", "S3CR3T-abc", "", "invalid\nInjected"} {
		require.Empty(t, reason(fmt.Appendf(nil, `{"error":{"errors":[{"reason":%q}]}}`, code)))
		require.Empty(t, reason(fmt.Appendf(nil, `{"error":{"status":%q}}`, code)))
		failed := &oauth2.RetrieveError{Response: answer(400, "", ""), ErrorCode: code}
		require.Empty(t, newSignInRefusal(failed).code)
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"errors":[{"reason":"forbidden"}],"status":"PERMISSION_DENIED"}}`:                                      "forbidden",
		`{"error":{"status":"PERMISSION_DENIED","details":[{"@type":"x"},{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}`: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
		`{"error":{"status":"NOT_FOUND"}}`: "NOT_FOUND",
		`{"error":"invalid_grant"}`:        "",
		`<html>`:                           "",
		`{"error":{"errors":[{"reason":`:   "",
	} {
		require.Equal(t, want, reason([]byte(body)), body)
	}
}

func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	header := func(at time.Time) http.Header { return http.Header{"Retry-After": {at.Format(http.TimeFormat)}} }
	require.Equal(t, 90*time.Second, wire.RetryAfter(header(now.Add(90*time.Second)), now))
	require.Zero(t, wire.RetryAfter(header(now.Add(-time.Hour)), now))
}

func TestTokenURL(t *testing.T) {
	t.Parallel()
	for login, want := range map[string]string{
		"": "https://oauth2.googleapis.com/token", "https://accounts.google.com": "https://oauth2.googleapis.com/token",
		"https://accounts.google.com/": "https://oauth2.googleapis.com/token", "http://127.0.0.1:9/": "http://127.0.0.1:9/token",
	} {
		options := New(Options{LoginURL: login}).options
		require.Equal(t, want, options.tokenURL(), login)
		require.Equal(t, strings.TrimSuffix(want, "token")+"revoke", options.revocationURL(), login)
	}
}

func answer(status int, body, retryAfter string) *http.Response {
	recorder := httptest.NewRecorder()
	if retryAfter != "" {
		recorder.Header().Set("Retry-After", retryAfter)
	}
	recorder.WriteHeader(status)
	recorder.Body = bytes.NewBufferString(body)
	return recorder.Result()
}

func verdict(t *testing.T, err error) *directory.Error {
	t.Helper()
	var failure *directory.Error
	require.True(t, errors.As(err, &failure))
	return failure
}
