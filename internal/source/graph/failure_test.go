package graph

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

func TestClassifyGraph(t *testing.T) {
	t.Parallel()
	const revoked, refused, throttled, unavailable = directory.CodeConsentRevoked, directory.CodeSourceRefused,
		directory.CodeSourceThrottled, directory.CodeSourceUnavailable
	for _, test := range []struct {
		status     int
		code       string
		retryAfter string
		want       string
		wait       time.Duration
		remedy     string
	}{
		{401, "InvalidAuthenticationToken", "", revoked, 0, "Reconnect"},
		{403, "Authorization_IdentityNotFound", "", revoked, 0, "Reconnect"},
		{403, "Authorization_RequestDenied", "", refused, 0, "User.Read.All"},
		{403, "", "", refused, 0, "admin consent"},
		{400, "Request_BadRequest", "", refused, 0, "mappings"},
		{400, "Directory_ExpiredPageToken", "", refused, 0, "begins a new list"},
		{404, "Request_ResourceNotFound", "", refused, 0, "Graph URL"},
		{410, "SyncStateNotFound", "", refused, 0, "sync again"},
		{429, "TooManyRequests", "120", throttled, 2 * time.Minute, "by itself"},
		{429, "TooManyRequests", "", throttled, 30 * time.Second, "by itself"},
		{429, "TooManyRequests", "soon", throttled, 30 * time.Second, "by itself"},
		{429, "TooManyRequests", "-5", throttled, 30 * time.Second, "by itself"},
		{429, "TooManyRequests", "99999999999", throttled, 30 * time.Second, "by itself"},
		{429, "TooManyRequests", "2000000000", throttled, 24 * time.Hour, "by itself"},
		{503, "serviceNotAvailable", "7", throttled, 7 * time.Second, "by itself"},
		{503, "serviceNotAvailable", "", unavailable, 0, "tries again"},
		{500, "InternalServerError", "7", unavailable, 0, "tries again"},
		{504, "UnknownError", "", unavailable, 0, "tries again"},
		{408, "", "", unavailable, 0, "tries again"},
		{302, "", "", unavailable, 0, "tries again"},
		{204, "", "", unavailable, 0, "tries again"},
	} {
		t.Run(fmt.Sprintf("%d %s %s", test.status, test.code, test.retryAfter), func(t *testing.T) {
			t.Parallel()
			response := answer(test.status, fmt.Sprintf(`{"error":{"code":%q,"message":"why"}}`, test.code), test.retryAfter)
			got := verdict(t, classify(newRefusal(response, false), false))
			require.Equal(t, test.want, got.Code)
			require.Equal(t, test.want == revoked || test.want == refused, got.Permanent)
			require.Equal(t, test.wait, got.RetryAfter)
			require.Contains(t, got.Remedy, test.remedy)
			require.Contains(t, got.Sentence(), test.code)
			require.NotContains(t, got.Sentence(), "why")
		})
	}
}

func TestClassifySignIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		want   string
		remedy string
	}{
		{401, `{"error":"invalid_client","error_codes":[7000215]}`, directory.CodeSourceRefused, "client secret"},
		{401, `{"error":"invalid_client","error_codes":[7000222]}`, directory.CodeSourceRefused, "expired"},
		{401, `{"error":"invalid_client"}`, directory.CodeSourceRefused, "client secret"},
		{400, `{"error":"unauthorized_client","error_codes":[700016]}`, directory.CodeConsentRevoked, "Reconnect"},
		{400, `{"error":"invalid_client","error_codes":[7000229]}`, directory.CodeConsentRevoked, "Reconnect"},
		{400, `{"error":"invalid_grant","error_codes":[65001]}`, directory.CodeConsentRevoked, "Reconnect"},
		{400, `{"error":"invalid_request","error_codes":[90002]}`, directory.CodeConsentRevoked, "Reconnect"},
		{400, `{"error":"access_denied","error_codes":[53003]}`, directory.CodeSourceRefused, "app registration"},
		{400, `{"error":"temporarily_unavailable","error_codes":[90033]}`, directory.CodeSourceUnavailable, "tries again"},
		{503, `<html>`, directory.CodeSourceUnavailable, "tries again"},
		{429, ``, directory.CodeSourceThrottled, "by itself"},
	} {
		t.Run(fmt.Sprintf("%d %s", test.status, test.body), func(t *testing.T) {
			t.Parallel()
			got := verdict(t, classify(&azidentity.AuthenticationFailedError{RawResponse: answer(test.status, test.body, "")}, true))
			require.Equal(t, test.want, got.Code)
			require.Contains(t, got.Remedy, test.remedy)
		})
	}
}

func TestClassifyOutdatedToken(t *testing.T) {
	t.Parallel()
	got := verdict(t, classify(&refusal{status: 401, code: "InvalidAuthenticationToken"}, true))
	require.Equal(t, directory.CodeSourceUnavailable, got.Code)
	require.False(t, got.Permanent)
}

func TestClassifyBrokenExchange(t *testing.T) {
	t.Parallel()
	const echo = "Bearer eyJhbGciOi"
	for _, err := range []error{
		fmt.Errorf("malformed HTTP response %q", echo),
		fmt.Errorf("%s: %w", echo, io.ErrUnexpectedEOF),
		fmt.Errorf("%s: %w", echo, syscall.ECONNRESET),
		&azidentity.AuthenticationFailedError{},
	} {
		got := verdict(t, classify(err, false))
		require.Equal(t, directory.CodeSourceUnavailable, got.Code)
		require.NotContains(t, got.Error()+got.Sentence(), echo)
	}
}

// An error code is repeated, a token in its place is not.
func TestErrorCodeIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Bearer eyJhbGciOi", "eyJhbGciOi.eyJhdWQi.c2ln", "S3CR3T-abc", "", "Request\nInjected"} {
		body := fmt.Sprintf(`{"error":{"code":%q}}`, code)
		require.Empty(t, newRefusal(answer(401, body, ""), false).code)
		require.Empty(t, newRefusal(answer(401, fmt.Sprintf(`{"error":%q}`, code), ""), true).code)
	}
}

func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	header := func(at time.Time) http.Header {
		return http.Header{"Retry-After": {at.Format(http.TimeFormat)}}
	}
	require.Equal(t, 90*time.Second, wire.RetryAfter(header(now.Add(90*time.Second)), now))
	require.Zero(t, wire.RetryAfter(header(now.Add(-time.Hour)), now))
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
