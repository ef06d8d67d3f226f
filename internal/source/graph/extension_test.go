package graph_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	simgraph "github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

const app = "extension_0123456789abcdef0123456789abcdef_"

func extensions(t *testing.T, answer http.HandlerFunc) ([]directory.Attribute, error) {
	t.Helper()
	list, err := open(t, newWire(t, answer).opener(), tenantID).Attributes(t.Context())
	found := []directory.Attribute{}
	for _, a := range list {
		if len(a.Path) > len(app) && a.Path[:len("extension_")] == "extension_" {
			found = append(found, a)
		}
	}
	return found, err
}

func TestDirectoryExtensions(t *testing.T) {
	t.Parallel()
	property := func(name, dataType, rest string) string {
		return fmt.Sprintf(`{"name":%q,"dataType":%q,"targetObjects":["User"]%s}`, app+name, dataType, rest)
	}
	var method, sent string
	found, err := extensions(t, func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		method, sent = r.Method+" "+r.RequestURI+" "+r.Header.Get("Content-Type"), string(body)
		_, _ = fmt.Fprint(out, `{"value":[`+property("start_day", "DateTime", `,"appDisplayName":"HR"`)+","+property("badge", "String", "")+","+
			property("floor", "Integer", "")+","+property("serial", "LargeInteger", "")+","+property("remote", "Boolean", "")+","+
			property("codes", "Integer", `,"isMultiValued":true`)+","+property("photo", "Binary", "")+","+property("badge", "String", "")+
			`,{"name":"`+app+`room","dataType":"String","targetObjects":["Device","Group"]},{"name":"other","dataType":"String","targetObjects":["User"]}]}`)
	})
	require.NoError(t, err)
	require.Equal(t, "POST /v1.0/directoryObjects/getAvailableExtensionProperties application/json", method)
	require.JSONEq(t, `{}`, sent)
	require.Equal(t, []directory.Attribute{
		{Path: app + "badge", Name: "badge (directory extension)", Type: directory.Text},
		{Path: app + "codes", Name: "codes (directory extension)", Type: directory.Text, MultiValued: true},
		{Path: app + "floor", Name: "floor (directory extension)", Type: directory.Integer},
		{Path: app + "remote", Name: "remote (directory extension)", Type: directory.Boolean},
		{Path: app + "serial", Name: "serial (directory extension)", Type: directory.Integer},
		{Path: app + "start_day", Name: "start_day (HR)", Type: directory.DateTime},
	}, found)
}

// Whoever may not see the directory extensions sees the other attributes all the same.
func TestDirectoryExtensionsThatMayNotBeSeen(t *testing.T) {
	t.Parallel()
	status, code := http.StatusForbidden, "Authorization_RequestDenied"
	w := newWire(t, func(out http.ResponseWriter, _ *http.Request) {
		out.WriteHeader(status)
		_, _ = fmt.Fprintf(out, `{"error":{"code":%q}}`, code)
	})
	from := open(t, w.opener(), tenantID)
	list, err := from.Attributes(t.Context())
	require.NoError(t, err)
	require.Contains(t, list, directory.Attribute{Path: "onPremisesExtensionAttributes/extensionAttribute15", Name: "Extension attribute 15", Type: directory.Text})
	require.Contains(t, list, directory.Attribute{Path: "businessPhones", Name: "Business phones", Type: directory.Text, MultiValued: true})

	code = "Authorization_IdentityNotFound"
	_, err = from.Attributes(t.Context())
	require.Equal(t, directory.CodeConsentRevoked, failure(t, err).Code)
	status = http.StatusTooManyRequests
	_, err = from.Attributes(t.Context())
	require.Equal(t, directory.CodeSourceThrottled, failure(t, err).Code)
	for _, text := range []string{`{}`, `{"value":{}}`, `{"value":[{"name":1}]}`} {
		_, err = extensions(t, body(text))
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, text)
	}
}

// The values of the demo tenant's custom attributes come as they are written there.
func TestCustomValues(t *testing.T) {
	t.Parallel()
	demo := simgraph.Demo()
	var file bytes.Buffer
	_, err := demo.WriteTo(&file)
	require.NoError(t, err)
	from := serve(t, demo.Organization.Text("id"), file.Bytes()).Open(t)
	list, err := from.Attributes(t.Context())
	require.NoError(t, err)
	types := map[string]directory.Attribute{}
	for _, a := range list {
		types[a.Path] = a
	}
	const ends, certificates = "extension_2f8c1d6ab94e4c7d8e5fa0b1c2d3e4f5_probationEnds", "extension_2f8c1d6ab94e4c7d8e5fa0b1c2d3e4f5_certificates"
	require.Equal(t, directory.DateTime, types[ends].Type)
	require.True(t, types[certificates].MultiValued)
	paths := []string{ends, certificates, "businessPhones", "employeeId", "onPremisesExtensionAttributes/extensionAttribute1"}
	page, err := from.Users(t.Context(), "", paths, 3)
	require.NoError(t, err)
	for path, want := range map[string]string{
		ends: `"2008-07-07T00:00:00Z"`, certificates: `["ISO 9001","Machine safety"]`, "businessPhones": `["+1 206 5550000"]`,
		"employeeId": `"000001"`, "onPremisesExtensionAttributes/extensionAttribute1": `"00042"`,
	} {
		require.JSONEq(t, want, string(page.Records[0].Attributes[path]), path)
	}
}
