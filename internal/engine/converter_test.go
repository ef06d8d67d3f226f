package engine_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

type person struct{ Email string }

type progress struct {
	Done int `json:"done"`
}

func (progress) ClearInTemporal() {}

func keyring(t require.TestingT, text string) *secret.Keyring {
	ring, err := secret.Parse(text)
	require.NoError(t, err)
	return ring
}

func encoding(payload *commonpb.Payload) string {
	return string(payload.Metadata[converter.MetadataEncoding])
}

func TestArgumentsAndResultsAreEncrypted(t *testing.T) {
	t.Parallel()
	ring := keyring(t, secret.Generate())
	encrypting := engine.DataConverter(ring)
	payloads, err := encrypting.ToPayloads(person{Email: "ada@example.org"}, "ada@example.org", []byte("ada@example.org"), nil)
	require.NoError(t, err)
	require.Len(t, payloads.Payloads, 4)
	for _, payload := range payloads.Payloads {
		require.Equal(t, "binary/encrypted", encoding(payload))
		require.Equal(t, ring.PrimaryID(), string(payload.Metadata["encryption-key-id"]))
		require.NotContains(t, string(payload.Data), "ada@")
	}
	var someone person
	var text string
	var data []byte
	var nothing *person
	require.NoError(t, encrypting.FromPayloads(payloads, &someone, &text, &data, &nothing))
	require.Equal(t, person{Email: "ada@example.org"}, someone)
	require.Equal(t, "ada@example.org", text)
	require.Equal(t, []byte("ada@example.org"), data)
	require.Nil(t, nothing)
}

func TestLargePayloadsAreCompressed(t *testing.T) {
	t.Parallel()
	encrypting := engine.DataConverter(keyring(t, secret.Generate()))
	long := strings.Repeat("the same again ", 10_000)
	payloads, err := encrypting.ToPayloads(long)
	require.NoError(t, err)
	require.Less(t, len(payloads.Payloads[0].Data), len(long)/10)
	var back string
	require.NoError(t, encrypting.FromPayloads(payloads, &back))
	require.Equal(t, long, back)
}

func TestTextsForPeopleStayClear(t *testing.T) {
	t.Parallel()
	encrypting := engine.DataConverter(keyring(t, secret.Generate()))
	plain := converter.GetDefaultDataConverter()

	summary, err := encrypting.ToPayload("next sync: Monday, 02:00")
	require.NoError(t, err)
	require.Equal(t, "json/plain", encoding(summary))
	var text string
	require.NoError(t, plain.FromPayload(summary, &text))
	require.Equal(t, "next sync: Monday, 02:00", text)

	for _, value := range []any{progress{Done: 3}, &progress{Done: 3}} {
		status, err := encrypting.ToPayloads(value)
		require.NoError(t, err)
		require.JSONEq(t, `{"done":3}`, string(status.Payloads[0].Data))
		var back progress
		require.NoError(t, plain.FromPayloads(status, &back))
		require.Equal(t, progress{Done: 3}, back)
		require.NoError(t, encrypting.FromPayloads(status, &back))
	}

	raw, err := plain.ToPayload(&sdkpb.WorkflowMetadata{CurrentDetails: "page 3"})
	require.NoError(t, err)
	metadata, err := encrypting.ToPayloads(converter.NewRawValue(raw))
	require.NoError(t, err)
	require.Equal(t, "json/protobuf", encoding(metadata.Payloads[0]))
}

func TestPlainPayloadsOfOtherClientsAreRead(t *testing.T) {
	t.Parallel()
	encrypting := engine.DataConverter(keyring(t, secret.Generate()))
	foreign := &commonpb.Payloads{Payloads: []*commonpb.Payload{{
		Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`{"Email":"ada@example.org"}`),
	}}}
	var someone person
	require.NoError(t, encrypting.FromPayloads(foreign, &someone))
	require.Equal(t, "ada@example.org", someone.Email)
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		oldKey, newKey := secret.Generate(), secret.Generate()
		value := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "value")
		payloads, err := engine.DataConverter(keyring(t, oldKey)).ToPayloads(value)
		require.NoError(t, err)
		var back map[string]string
		require.NoError(t, engine.DataConverter(keyring(t, newKey+","+oldKey)).FromPayloads(payloads, &back))
		require.Equal(t, value, back)
		require.ErrorIs(t, engine.DataConverter(keyring(t, newKey)).FromPayloads(payloads, &back), secret.ErrUnknownKey)
	})
}

func TestCodecHandler(t *testing.T) {
	t.Parallel()
	ring := keyring(t, secret.Generate())
	handler := engine.CodecHandler(ring, []string{"http://127.0.0.1:8233"})
	payloads, err := engine.DataConverter(ring).ToPayloads(person{Email: "ada@example.org"})
	require.NoError(t, err)
	body, err := protojson.Marshal(payloads)
	require.NoError(t, err)
	send := func(method, path, origin string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, path, bytes.NewReader(body))
		request.Header.Set("Origin", origin)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}

	answer := send(http.MethodPost, "/codec/decode", "http://127.0.0.1:8233")
	require.Equal(t, http.StatusOK, answer.Code)
	require.Equal(t, "http://127.0.0.1:8233", answer.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", answer.Header().Get("Access-Control-Allow-Credentials"))
	var decoded commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(answer.Body.Bytes(), &decoded))
	var someone person
	require.NoError(t, json.Unmarshal(decoded.Payloads[0].Data, &someone))
	require.Equal(t, "ada@example.org", someone.Email)

	preflight := send(http.MethodOptions, "/codec/decode", "http://127.0.0.1:8233")
	require.Equal(t, http.StatusNoContent, preflight.Code)
	require.Contains(t, preflight.Header().Get("Access-Control-Allow-Headers"), "X-Namespace")

	require.Equal(t, http.StatusForbidden, send(http.MethodPost, "/codec/encode", "http://127.0.0.1:8233").Code)
	elsewhere := send(http.MethodPost, "/codec/decode", "https://elsewhere.example")
	require.Equal(t, http.StatusForbidden, elsewhere.Code)
	require.Empty(t, elsewhere.Header().Get("Access-Control-Allow-Origin"))
}
