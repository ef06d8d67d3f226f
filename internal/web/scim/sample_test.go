package scim_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// samples are what others wrote to test with. They lie beside the project, if at all.
const samples = "../../../../shared/fixtures"

func sample(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(samples, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("there is no sample %s: this is not tested", name)
	}
	return path
}

// What Okta runs before it lists an application.
func TestD2_OktasOwnTest(t *testing.T) {
	t.Parallel()
	script, spec := sample(t, "okta/run.mjs"), sample(t, "okta/spec-test.json")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no Node.js: Okta's test is not run")
	}
	b := newBench(t)
	b.newUser("first@corp.example")
	out, err := exec.CommandContext(t.Context(), node, script, spec, b.url+"/scim/v2", b.token).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "52 assertions passed, 0 failed")
}

// The bulk requests of RFC 7644, section 3.7, end as its responses say.
func TestD8_BulkExamplesOfTheRFC(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"rfc7644-3.7.1-bulk_request-circular_conflict.json":    {"409", "409"},
		"rfc7644-3.7.2-bulk_request-temporary_identifier.json": {"201", "201"},
		"rfc7644-3.7.2-bulk_request-enterprise_user.json":      {"201", "201"},
		"rfc7644-3.7.3-bulk_request-multiple_operations.json":  {"201", "404", "404", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(sample(t, "scim-rfc/"+name))
			require.NoError(t, err)
			b := newBench(t)
			require.Equal(t, want, statusesOf(b.outcomes(strings.Replace(string(text), `"failOnErrors": 1,`, "", 1))))
		})
	}
}

// The resources of RFC 7643, section 8, and RFC 7644 can be made and read back: all but what only the
// service sets.
func TestD8_ResourceExamplesOfTheRFC(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, name := range []string{
		"rfc7643-8.1-user-minimal.json", "rfc7643-8.2-user-full.json", "rfc7643-8.3-enterprise_user.json", "rfc7644-3.3-user-post_request.json",
	} {
		text, err := os.ReadFile(sample(t, "scim-rfc/"+name))
		require.NoError(t, err)
		a := b.send("POST", "/Users", string(text))
		require.Equal(t, http.StatusCreated, a.status, "%s: %s", name, a.text)
		var given map[string]any
		require.NoError(t, json.Unmarshal(text, &given))
		for attribute := range given {
			switch attribute {
			case "id", "meta", "password", "groups", "schemas":
			default:
				require.Contains(t, a.body, attribute, name)
			}
		}
		require.Equal(t, http.StatusNoContent, b.send("DELETE", "/Users/"+a.body["id"].(string), nil).status)
	}
}

// exchange is a request of an identity provider with the answer that it had.
type exchange struct {
	Method     string
	Path       string
	Request    json.RawMessage
	Response   map[string]any
	StatusCode int
}

// What each provider sends is answered with the status that it had, and says what it said: of the
// attributes that were sent, and of those that a PATCH came to.
func TestD2_ExchangesOfIdentityProviders(t *testing.T) {
	t.Parallel()
	for provider, names := range map[string][]string{
		"okta": {
			"user_exists", "create_user", "retrieve_user", "update_user", "update_user_patch",
			"create_group", "retrieve_group", "update_group_membership", "update_group_name",
		},
		"azuread": {"get_user_query_0", "create_user", "get_user_resp", "update_user", "create_group", "get_group", "get_group_dn", "update_group"},
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			b, made := newBench(t), map[string]string{} // theirs and kinds, each with the id of ours
			for _, name := range names {
				text, err := os.ReadFile(sample(t, "scim-idp/"+provider+"/"+name+".json"))
				require.NoError(t, err)
				var e exchange
				require.NoError(t, json.Unmarshal(text, &e))
				b.replay(name, e, made)
			}
		})
	}
}

func (b *bench) replay(name string, e exchange, made map[string]string) {
	b.Helper()
	kind, id, one := strings.Cut(strings.TrimPrefix(e.Path, "/"), "/")
	request := string(e.Request)
	if one {
		e.Path = "/" + kind + "/" + made[kind]
		request = strings.ReplaceAll(request, id, made[kind])
	}
	for theirs, ours := range made {
		request = strings.ReplaceAll(request, theirs, ours)
	}
	a := b.send(e.Method, e.Path, request)
	require.Equal(b, e.StatusCode, a.status, "%s: %s", name, a.text)
	switch e.Method {
	case http.MethodPost:
		made[kind], made[e.Response["id"].(string)] = a.body["id"].(string), a.body["id"].(string)
		for _, attribute := range []string{"externalId", "userName", "name", "emails", "active", "displayName", "locale"} {
			require.Equal(b, e.Response[attribute], a.body[attribute], "%s: %s", name, attribute)
		}
	case http.MethodPut, http.MethodPatch:
		for _, attribute := range []string{"userName", "emails", "active"} {
			if want, said := e.Response[attribute]; said {
				require.Equal(b, want, a.body[attribute], "%s: %s", name, attribute)
			}
		}
	case http.MethodGet:
		if want, listed := e.Response["totalResults"]; listed {
			require.Equal(b, json.Number(itoa(int(want.(float64)))), a.body["totalResults"], name)
		}
	}
}
