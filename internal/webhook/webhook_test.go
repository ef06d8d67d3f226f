package webhook_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/webhook"
)

// The vector with which the reference libraries of Standard Webhooks test themselves; openssl computes
// the same: openssl dgst -sha256 -mac HMAC -macopt hexkey:….
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestWebhooks_SignatureIsThatOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	signature, err := webhook.Sign(vectorSecret, vectorID, time.Unix(vectorTime, 0), []byte(vectorBody))
	require.NoError(t, err)
	require.Equal(t, vectorSignature, signature)
	for _, secret := range []string{"", "whsec_", "whsec_not base64", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		signature, err := webhook.Sign(secret, vectorID, time.Unix(vectorTime, 0), []byte(vectorBody))
		require.EqualError(t, err, "the secret of the webhook is none")
		require.Empty(t, signature)
	}
}

// The specification wants 24 to 64 random bytes.
func TestWebhooks_SecretsAreRandomAndOfTheForm(t *testing.T) {
	t.Parallel()
	one, other := webhook.NewSecret(), webhook.NewSecret()
	require.NotEqual(t, one, other)
	encoded, ok := strings.CutPrefix(one, "whsec_")
	require.True(t, ok)
	key, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	require.Len(t, key, 32)
}

func TestWebhooks_URLs(t *testing.T) {
	t.Parallel()
	const https, noURL, user, private = "must begin with https://", "is no URL", "no user name", "not one of the public internet"
	for _, c := range []struct{ url, wrong, wrongInPrivate string }{
		{"https://example.com/hook?token=x", "", ""},
		{"https://example.com:8443", "", ""},
		{"https://93.184.215.14/", "", ""},
		{"https://[2606:4700::1111]/", "", ""},
		{"http://example.com/", https, ""},
		{"ftp://example.com/", https, https},
		{"https://", noURL, noURL},
		{"https:example.com", noURL, noURL},
		{"/hook", noURL, noURL},
		{"https://:443/", noURL, noURL},
		{"https://example.com:0/", noURL, noURL},
		{"https://example.com:65536/", noURL, noURL},
		{"https://exa mple.com/", noURL, noURL},
		{"https://example.com/\n", noURL, noURL},
		{"https://ana@example.com/", user, user},
		{"https://ana:pw@example.com/", user, user},
		{"https://127.0.0.1/", private, ""},
		{"https://[::ffff:10.0.0.1]/", private, ""},
		{"https://example.com/" + strings.Repeat("ü", 1980), "", ""},
		{"https://example.com/" + strings.Repeat("ü", 1981), "2001 characters", "2001 characters"},
	} {
		for wrong, got := range map[string]string{c.wrong: webhook.CheckURL(c.url, false), c.wrongInPrivate: webhook.CheckURL(c.url, true)} {
			require.Equal(t, wrong == "", got == "", "%s: %s", c.url, got)
			require.Contains(t, got, wrong, c.url)
		}
	}
}

func TestWebhooks_PublicAddresses(t *testing.T) {
	t.Parallel()
	for text, public := range map[string]bool{
		"93.184.215.14": true, "8.8.8.8": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"2606:4700::1111": true, "2a00:1450:4001::1": true, "::ffff:8.8.8.8": true, "168.63.129.15": true,

		"0.0.0.0": false, "0.1.2.3": false, "127.0.0.1": false, "127.255.255.255": false, "10.0.0.1": false, "10.255.255.255": false,
		"172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "169.254.169.254": false, "168.63.129.16": false, "::ffff:168.63.129.16": false, "100.64.0.1": false, "198.18.0.1": false,
		"192.0.2.1": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false, "fdff::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "2001:0:53aa::1": false, "2001:db8::1": false, "100::1": false,
	} {
		require.Equal(t, public, webhook.Public(netip.MustParseAddr(text)), text)
	}
	require.False(t, webhook.Public(netip.Addr{}))
}

// receiver answers with a status, and counts.
func receiver(t *testing.T, answer http.HandlerFunc) (url string, roots *x509.CertPool, calls *atomic.Int32) {
	t.Helper()
	calls = new(atomic.Int32)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.URL, roots, calls
}

func message(url string) webhook.Message {
	return webhook.Message{URL: url, Secret: vectorSecret, ID: vectorID, At: time.Unix(vectorTime, 0), Body: []byte(vectorBody)}
}

func TestWebhooks_MessageArrivesSigned(t *testing.T) {
	t.Parallel()
	url, roots, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.String() != "/hook?token=x" || err != nil || string(body) != vectorBody ||
			r.Header.Get("webhook-id") != vectorID || r.Header.Get("webhook-timestamp") != "1614265330" ||
			r.Header.Get("webhook-signature") != vectorSignature || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	require.NoError(t, webhook.New(webhook.Options{Private: true, RootCAs: roots}).Send(t.Context(), message(url+"/hook?token=x")))
	require.EqualValues(t, 1, calls.Load())
}

func TestWebhooks_NothingIsSentToThePrivateNetwork(t *testing.T) {
	t.Parallel()
	url, roots, calls := receiver(t, func(http.ResponseWriter, *http.Request) {})
	port := url[strings.LastIndex(url, ":"):]
	client := webhook.New(webhook.Options{RootCAs: roots})
	// Each leads to this machine: localhost by its name only once it is looked up.
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.1.2.3"} {
		var refused *webhook.Error
		require.ErrorAs(t, client.Send(t.Context(), message("https://"+host+port)), &refused, host)
		require.Contains(t, refused.Reason, "not one of the public internet", host)
	}
	require.Zero(t, calls.Load())
}

func TestWebhooks_WhatReceiversAnswer(t *testing.T) {
	t.Parallel()
	const secretPath = "/S3CR3T-path"
	end := make(chan struct{})
	url, roots, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("answer") {
		case "slow":
			<-end
		case "elsewhere":
			http.Redirect(w, r, secretPath, http.StatusTemporaryRedirect)
		case "gone":
			w.WriteHeader(http.StatusGone)
		case "broken":
			panic(http.ErrAbortHandler)
		case "long":
			_, _ = w.Write(make([]byte, 10<<20))
		case "headers":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		case "error":
			http.Error(w, "S3CR3T-answer", http.StatusInternalServerError)
		}
	})
	t.Cleanup(func() { close(end) })
	client := webhook.New(webhook.Options{Private: true, RootCAs: roots, Timeout: 3 * time.Second})
	for answer, want := range map[string]*webhook.Error{
		"slow":      {Reason: "The receiver did not answer in time."},
		"elsewhere": {Reason: "The receiver answered with a redirection (307), which is not followed. Use the URL that it leads to."},
		"gone":      {Reason: "The receiver answered 410: it wants no messages any more.", Gone: true},
		"broken":    {Reason: "The connection to the receiver failed."},
		"headers":   {Reason: "The connection to the receiver failed."},
		"error":     {Reason: "The receiver answered 500."},
		"long":      nil,
		"":          nil,
	} {
		before := calls.Load()
		err := client.Send(t.Context(), message(url+secretPath+"?answer="+answer))
		if want == nil {
			require.NoError(t, err, answer)
		} else {
			require.Equal(t, want, err, answer)
		}
		require.Equal(t, before+1, calls.Load(), "%s: one message, sent once", answer)
	}

	var failed *webhook.Error
	require.ErrorAs(t, webhook.New(webhook.Options{Private: true}).Send(t.Context(), message(url+secretPath)), &failed)
	require.Equal(t, "The receiver's certificate is not valid.", failed.Reason)
	require.ErrorAs(t, client.Send(t.Context(), message("https://no-such-host.invalid"+secretPath)), &failed)
	require.NotContains(t, failed.Reason, "S3CR3T")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, client.Send(ctx, message(url)), context.Canceled)
}
