package simulate_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const realBody = `{"real":"answer"}`

func startControlled(t *testing.T) string {
	t.Helper()
	control := simulate.NewControl(func(*http.Request, int) []byte { return []byte(`{"error":"vendor"}`) })
	vendor := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, realBody) })
	server := httptest.NewServer(control.Around(vendor))
	t.Cleanup(server.Close)
	return server.URL
}

func send(t *testing.T, method, url, body string) (int, http.Header, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(read), err
}

func addFault(t *testing.T, url, fault string) {
	t.Helper()
	status, _, body, err := send(t, http.MethodPost, url+"/_sim/faults", fault)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, body)
}

func TestFaultsReplaceAnswers(t *testing.T) {
	t.Parallel()

	t.Run("StatusWithTheVendorsBody", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"/a","status":503,"headers":{"Retry-After":"7"},"times":2}`)
		for range 2 {
			status, header, body, err := send(t, http.MethodGet, url+"/a", "")
			require.NoError(t, err)
			require.Equal(t, http.StatusServiceUnavailable, status)
			require.Equal(t, "7", header.Get("Retry-After"))
			require.JSONEq(t, `{"error":"vendor"}`, body)
		}
		status, _, body, err := send(t, http.MethodGet, url+"/a", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, realBody, body)
	})

	t.Run("EmptyBodyIsEmpty", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"/a","status":500,"body":""}`)
		status, _, body, err := send(t, http.MethodGet, url+"/a", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusInternalServerError, status)
		require.Empty(t, body)
	})

	t.Run("BodyReplacesTheAnswer", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"/a","status":200,"body":"<html>"}`)
		_, _, body, err := send(t, http.MethodGet, url+"/a", "")
		require.NoError(t, err)
		require.Equal(t, "<html>", body)
	})

	t.Run("UnescapedQueryMatches", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"\\$filter=a b","status":400}`)
		status, _, _, err := send(t, http.MethodGet, url+"/a?%24filter=a%20b", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, status)
	})
}

func TestFaultsDisturbTheConnection(t *testing.T) {
	t.Parallel()

	t.Run("TruncatedAnswerBreaksOff", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"/a","truncate_after":5}`)
		status, _, body, err := send(t, http.MethodGet, url+"/a", "")
		require.Equal(t, http.StatusOK, status)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, realBody[:5], body)
	})

	t.Run("DroppedConnection", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"/a","drop":true}`)
		_, _, _, err := send(t, http.MethodPost, url+"/a", "x")
		require.Error(t, err)
	})

	t.Run("DelayComesOnTopOfTheNextFault", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":"/a","delay_ms":30}`)
		addFault(t, url, `{"path":"/a","status":418}`)
		began := time.Now()
		status, _, _, err := send(t, http.MethodGet, url+"/a", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusTeapot, status)
		require.GreaterOrEqual(t, time.Since(began), 30*time.Millisecond)
	})

	t.Run("NeverUnderControl", func(t *testing.T) {
		t.Parallel()
		url := startControlled(t)
		addFault(t, url, `{"path":".*","drop":true}`)
		status, _, body, err := send(t, http.MethodGet, url+"/_sim/requests", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.JSONEq(t, `{}`, body)
		status, _, _, err = send(t, http.MethodDelete, url+"/_sim/faults", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, status)
		_, _, body, err = send(t, http.MethodGet, url+"/a", "")
		require.NoError(t, err)
		require.Equal(t, realBody, body)
	})
}

func TestRequestsAreCountedByPath(t *testing.T) {
	t.Parallel()
	url := startControlled(t)
	for _, path := range []string{"/a?x=1", "/a?x=2", "/b"} {
		_, _, _, err := send(t, http.MethodGet, url+path, "")
		require.NoError(t, err)
	}
	_, _, body, err := send(t, http.MethodGet, url+"/_sim/requests", "")
	require.NoError(t, err)
	require.JSONEq(t, `{"/a":2,"/b":1}`, body)
}

func TestServeAnswersOnHTTPAndHTTPS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, err := simulate.LoadOrCreateCA(dir)
	require.NoError(t, err)
	again, err := simulate.LoadOrCreateCA(dir)
	require.NoError(t, err)
	require.Equal(t, ca.PEM(), again.PEM())
	written, err := os.ReadFile(filepath.Join(dir, simulate.CAFile))
	require.NoError(t, err)
	require.Equal(t, ca.PEM(), written)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, realBody) })
	server, err := simulate.Serve(ctx, handler, simulate.ServeOptions{CA: again})
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}}
	for _, url := range []string{server.URL, server.TLSURL, strings.Replace(server.TLSURL, "127.0.0.1", "localhost", 1)} {
		response, err := client.Get(url)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, realBody, string(body))
	}

	_, err = simulate.Serve(ctx, handler, simulate.ServeOptions{Addr: strings.TrimPrefix(server.URL, "http://")})
	require.ErrorContains(t, err, "in use")
	cancel()
	client.CloseIdleConnections()
	require.Eventually(t, func() bool {
		_, err := client.Get(server.URL)
		return err != nil
	}, 5*time.Second, 5*time.Millisecond)
}

func TestDamagedCAIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := simulate.LoadOrCreateCA(dir)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, simulate.CAFile), []byte("scrap"), 0o600))
	_, err = simulate.LoadOrCreateCA(dir)
	require.ErrorContains(t, err, dir)
}

func TestObjectKeepsItsBytes(t *testing.T) {
	t.Parallel()
	raw := ` { "a" : 1.0 , "b\u0041" : "x\\\"}" , "c":[ {"d":"]"} , "\\" ], "e":{}, "n":null, "":true ,"l":-1e5} `
	object, err := simulate.ParseObject([]byte(raw))
	require.NoError(t, err)
	require.Equal(t, `1.0`, string(object.Get("a")))
	require.Equal(t, `"x\\\"}"`, string(object.Get("bA")))
	require.Equal(t, `x\"}`, object.Text("bA"))
	require.Equal(t, `[{"d":"]"},"\\"]`, string(object.Get("c")))
	require.Equal(t, `{}`, string(object.Get("e")))
	require.Equal(t, `null`, string(object.Get("n")))
	require.Equal(t, `true`, string(object.Get("")))
	require.Equal(t, `-1e5`, string(object.Get("l")))
	require.Nil(t, object.Get("d"))
	require.Empty(t, object.Text("a"))

	merged := object.Merge(simulate.Object(`{"a":"<&>","z":[1]}`))
	require.Equal(t, `{"a":"<&>","bA":"x\\\"}","c":[{"d":"]"},"\\"],"e":{},"n":null,"":true,"l":-1e5,"z":[1]}`, string(merged))
	for _, bad := range []string{``, `[]`, `7`, `"{"`, `{`, `{"a":}`, `{} {}`} {
		_, err := simulate.ParseObject([]byte(bad))
		require.Error(t, err, bad)
	}
}

func FuzzObjectFindsWhatEncodingJSONFinds(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\\\""}],"\u0061c":null,"a":2}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		object, err := simulate.ParseObject(raw)
		var want map[string]json.RawMessage
		if err != nil || json.Unmarshal(raw, &want) != nil {
			return
		}
		for name, value := range want {
			var compact bytes.Buffer
			if json.Compact(&compact, value) == nil && !strings.ContainsRune(name, '\uFFFD') {
				if got := object.Get(name); !bytes.Equal(got, compact.Bytes()) {
					t.Fatalf("%q: %s, not %s", name, got, compact.Bytes())
				}
			}
		}
	})
}
