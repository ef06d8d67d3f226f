package e2e

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// provisioning is which service the account says is on.
func (c *company) provisioning() directory.Provisioning {
	c.Helper()
	var account struct {
		Provisioning directory.Provisioning `json:"provisioning"`
	}
	c.call(http.MethodGet, "/v1/account", nil, &account)
	return account.Provisioning
}

func TestA3_SCIMAndDirectorySyncExcludeEachOther(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	c.configure()
	refusal := c.refused(http.StatusConflict, http.MethodPost, "/v1/scim/tokens", object{"name": "Okta"})
	require.Equal(t, "provisioning_in_use", refusal.Code)
	require.Contains(t, refusal.Detail, "Directory sync is on for this account")
	require.Contains(t, refusal.Detail, "Delete its configuration")
	require.Equal(t, directory.ProvisioningDirectorySync, c.provisioning())

	c.call(http.MethodDelete, c.path(""), nil, nil)
	c.await("the end of directory sync", func() bool { return c.provisioning() == directory.ProvisioningNone })
	first, second := c.scimToken("Okta"), c.scimToken("Okta, the next one")
	require.Equal(t, directory.ProvisioningSCIM, c.provisioning())
	c.connect()
	for _, token := range []scimToken{first, second} {
		refusal = c.refused(http.StatusConflict, http.MethodPost, "/v1/configurations", c.settings())
		require.Equal(t, "provisioning_in_use", refusal.Code)
		require.Contains(t, refusal.Detail, "SCIM is on for this account")
		require.Contains(t, refusal.Detail, "its SCIM tokens to turn it off")
		c.call(http.MethodDelete, "/v1/scim/tokens/"+token.ID, nil, nil)
	}
	require.Equal(t, directory.ProvisioningNone, c.provisioning(), "without its last token SCIM is off")
	require.Equal(t, directory.RunSuccess, c.configure().Status)
}

func TestA3_SCIMAndDirectorySyncAtTheSameMoment(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	calls := map[string]object{"/v1/configurations": c.settings(), "/v1/scim/tokens": {"name": "Okta"}}
	var done sync.Map
	var posts sync.WaitGroup
	for path, body := range calls {
		posts.Go(func() {
			done.Store(path, c.stack.Client(c.account).Call(t.Context(), http.MethodPost, path, body, nil))
		})
	}
	posts.Wait()
	accepted := 0
	for _, result := range done.Range {
		err, _ := result.(error)
		var refusal *devstack.APIError
		if err == nil {
			accepted++
		} else if errors.As(err, &refusal) {
			require.Equal(t, "provisioning_in_use", refusal.Code, refusal.Error())
		}
	}
	require.Equal(t, 1, accepted)
}

func TestD1_ATokenIsShownOnceAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	require.Equal(t, p.stack.StarterURL()+"/scim/v2", p.credentials.BaseURL)
	p.list("/Users")
	var listed struct {
		Items []scimToken `json:"items"`
	}
	p.call(http.MethodGet, "/v1/scim/tokens", nil, &listed)
	require.Len(t, listed.Items, 1)
	require.Equal(t, "Okta", listed.Items[0].Name)
	require.Equal(t, p.credentials.BaseURL, listed.Items[0].BaseURL)
	require.Empty(t, listed.Items[0].Token)
	require.Nil(t, listed.Items[0].ExpiresAt)
	require.NotNil(t, listed.Items[0].LastUsedAt)
	require.Equal(t, 1, p.count(`SELECT count(*) FROM scim_tokens WHERE id = $1`, p.credentials.ID))
	require.Zero(t, p.count(`SELECT count(*) FROM scim_tokens t WHERE strpos(t::text, $1) > 0 OR position(convert_to($1, 'UTF8') in t.hash) > 0`, p.credentials.Token))
}

func TestD1_ARotationHasNoGap(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	id := p.create(pushed("ana@corp.example"))
	next := &idp{company: p.company, credentials: p.scimToken("The next one")}
	p.read(id)
	next.read(id)
	p.call(http.MethodDelete, "/v1/scim/tokens/"+p.credentials.ID, nil, nil)
	p.denied(http.StatusUnauthorized, "", http.MethodGet, "/Users/"+id, nil)
	next.read(id)
	require.Equal(t, directory.ProvisioningSCIM, p.provisioning())
	p.refused(http.StatusNotFound, http.MethodDelete, "/v1/scim/tokens/"+nobodysID, nil)
}

func TestD1_ATokenExpires(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	made := scimToken{}
	p.call(http.MethodPost, "/v1/scim/tokens", object{"name": "For a while", "expires_at": soon}, &made)
	require.NotNil(t, made.ExpiresAt)
	require.True(t, soon.Equal(*made.ExpiresAt))
	p.refused(http.StatusUnprocessableEntity, http.MethodPost, "/v1/scim/tokens", object{"name": "Late", "expires_at": time.Now().Add(-time.Hour)})
	brief := &idp{company: p.company, credentials: made}
	brief.list("/Users")

	plain := p.temporal()
	round, err := plain.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "maintenance/" + p.account.ID, TaskQueue: "rollcall"}, "Maintenance")
	require.NoError(t, err)
	p.await("a notice of the expiry", func() bool { return len(p.notices(noticeTokenExpiring)) == 1 })
	require.NoError(t, plain.TerminateWorkflow(t.Context(), round.GetID(), "", "the round is over"))
	require.Contains(t, p.mailed(owner, 1)[0].Text, "For a while")

	p.execute(`UPDATE scim_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, made.ID)
	p.await("the end of the token", func() bool { return brief.send(http.MethodGet, "/Users", nil).status == http.StatusUnauthorized })
	p.list("/Users")
}

func TestD1_OnlyAdminsMakeTokens(t *testing.T) {
	t.Parallel()
	c := accountOf(t, lendAny(t), t.Name(), 10)
	for role, status := range map[string]int{directory.RoleMember: http.StatusForbidden, directory.RoleUserAdmin: 0, directory.RoleSuperAdmin: 0} {
		as := &company{T: t, stack: c.stack, account: c.account}
		as.account.Token = c.apiToken(role)
		if status == 0 {
			as.scimToken(role)
			continue
		}
		as.refused(status, http.MethodPost, "/v1/scim/tokens", object{"name": role})
		as.refused(status, http.MethodGet, "/v1/scim/tokens", nil)
		as.refused(status, http.MethodGet, "/v1/scim/guard", nil)
		as.refused(status, http.MethodPatch, "/v1/scim/guard", object{"max_removals": 1})
		as.refused(status, http.MethodPost, "/v1/scim/guard/approve", nil)
	}
}

func TestD2_OktaSpecTest(t *testing.T) {
	t.Parallel()
	const folder = "../../../shared/fixtures/okta/"
	if _, err := os.Stat(folder + "run.mjs"); err != nil {
		t.Skip("the shared samples are not there: no ../shared/fixtures/okta beside the project")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed: Okta's SPEC test is not run")
	}
	p := newIDP(t, 10)
	p.create(pushed("test.user@corp.example"))
	out, err := exec.CommandContext(t.Context(), node, folder+"run.mjs", folder+"spec-test.json", p.credentials.BaseURL, p.credentials.Token).CombinedOutput()
	require.NoError(t, err, string(out))
	require.True(t, strings.HasSuffix(strings.TrimSpace(string(out)), "52 assertions passed, 0 failed"), string(out))
}

// What Okta's “Test API Credentials” and Entra's “Test connection” send, into an account with nobody.
func TestD2_TestOfTheCredentials(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	for _, path := range []string{
		"/Users?startIndex=1&count=2", "/Users?count=1&startIndex=1", "/Groups?startIndex=1&count=100", "/Groups?count=1",
		"/Users" + where(`userName eq "`+nobodysID+`"`), `/Users?filter=userName+eq+%22` + nobodysID + `%22`,
		"/Groups" + where(`displayName eq "`+nobodysID+`"`, "excludedAttributes", "members"),
		"/Users" + where(`externalId eq "`+nobodysID+`"`), "/Users?aadOptscim062020",
	} {
		for _, accept := range []string{scimMedia, "application/json", "*/*", ""} {
			page := p.page(p.must(http.StatusOK, http.MethodGet, path, nil, "Accept", accept, "Content-Type", ""))
			require.Zero(t, page.total, path)
			require.Empty(t, page.resources, path)
		}
	}
	p.must(http.StatusOK, http.MethodGet, "/ServiceProviderConfig", nil)
	p.denied(http.StatusUnauthorized, "", http.MethodGet, "/Users?startIndex=1&count=2", nil, "Authorization", "Bearer wrong")
}
