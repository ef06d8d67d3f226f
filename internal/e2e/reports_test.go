package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// reports are the mails of the account's directory sync report to an address.
func (c *company) reports(address string) []mailbox.Message {
	var found []mailbox.Message
	for _, message := range c.stack.Mailbox().Messages() {
		if slices.Contains(message.To, address) && strings.HasPrefix(message.Subject, "Directory sync report of "+c.account.Name+":") {
			found = append(found, message)
		}
	}
	return found
}

// reportNow asks for a report and waits for it to come to the owner.
func (c *company) reportNow() mailbox.Message {
	c.Helper()
	before := len(c.reports(owner))
	c.call(http.MethodPost, "/v1/account/report", nil, nil)
	c.await("a report", func() bool { return len(c.reports(owner)) > before })
	return c.reports(owner)[before]
}

// appoint gives users a role, as whoever manages the application's people does.
func (c *company) appoint(role string, ids ...string) {
	c.Helper()
	for _, id := range ids {
		_, err := c.database().ExecContext(c.Context(), `UPDATE users SET role_id = $2 WHERE id = $1`, id, role)
		require.NoError(c, err)
	}
}

func TestC1_ReportOfDirectorySync(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson", object{"last": "<img src=x onerror=1>"}), person("e-3", "Zebulon", "Roe", object{"last": nil}))
		require.Equal(t, directory.RunPartialSuccess, c.configure().Status)
		ana, bo := c.user("ana.lopez@corp.example"), c.user("bo.nilsson@corp.example")
		c.accept(ana.Email)
		c.appoint(directory.RoleUserAdmin, ana.ID)
		c.edits("e-1", object{"last": "Ruiz"})
		c.syncAll()
		c.fault(object{"path": v.list, "status": 403})
		require.Equal(t, directory.RunFailure, c.syncAll().Status)

		got := c.reportNow()
		require.Equal(t, "Directory sync report of "+c.account.Name+": 3 changes, 1 failed run, errors on 1 person", got.Subject)
		for _, line := range []string{"- Users created: 2\n", "- Users updated: 1\n", "Staff, run 3: Failure", "Staff, run 1: Partial success", "What to do: "} {
			require.Contains(t, strings.ReplaceAll(got.Text, "\r\n", "\n"), line)
		}
		require.NotContains(t, got.HTML, "<img")
		require.Contains(t, got.HTML, `href="`+c.stack.StarterURL()+`/docs#changes"`)
		c.await("the report of the other admin", func() bool { return len(c.reports(ana.Email)) == 1 })
		require.Equal(t, "Ana", strings.TrimSuffix(strings.Fields(c.reports(ana.Email)[0].Text)[1], ","))
		require.Empty(t, c.reports(bo.Email), "who is no admin gets none")
		require.Contains(t, c.reportNow().Subject, "3 changes", "who asks again is told the same")
		require.Len(t, c.reports(owner), 2)
	})
}

func TestC1_ReportOfSCIM(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 2)
	id := p.create(pushed("ana@corp.example", nil))
	p.create(pushed("bo@corp.example", nil))
	p.call(http.MethodPost, "/v1/users/"+id+"/deactivate", nil, nil)
	p.patch("/Users/"+id, op("replace", "active", false))
	p.patch("/Users/"+id, op("replace", "active", true))
	require.Len(t, p.notices(directory.NoticeSCIMErrors), 1)
	p.await("the mail about it", func() bool {
		return slices.ContainsFunc(p.noticeMails(owner), func(m mailbox.Message) bool { return strings.HasPrefix(m.Subject, "SCIM had errors") })
	})
	got := p.reportNow()
	require.Contains(t, got.Text, "- Users created: 2")
	require.Contains(t, got.Text, "Kept out by admin, 1 person")
	require.Contains(t, got.Text, "What to do: Activate the user")
}

// The workflow of a report is there while the account wants one, and its history names nobody.
func TestC3_ReportWorkflowFollowsTheSettings(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Zebulon", "Quackenbush"), person("e-2", "Wilhelmina", "Roe", object{"last": nil}))
	c.configure()
	c.reportNow()
	plain := c.temporal()
	id := "account-report/" + c.account.ID
	described, err := plain.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.Nil(t, described.GetWorkflowExecutionInfo().GetCloseTime())

	c.call(http.MethodPatch, "/v1/account", object{"report_hour": 23, "time_zone": "Asia/Tokyo"}, nil)
	c.await("the new hour", func() bool {
		return slices.ContainsFunc(c.history(plain, id, ""), func(e *historypb.HistoryEvent) bool {
			return strings.Contains(string(e.GetUserMetadata().GetSummary().GetData()), "23:00 Asia/Tokyo")
		})
	})
	c.call(http.MethodPatch, "/v1/account", object{"report_frequency": "never"}, nil)
	c.await("the end of the workflow", func() bool {
		described, err := plain.DescribeWorkflowExecution(t.Context(), id, "")
		require.NoError(t, err)
		return described.GetWorkflowExecutionInfo().GetCloseTime() != nil
	})
	all := ""
	for _, event := range c.history(plain, id, "") {
		encoded, err := protojson.Marshal(event)
		require.NoError(t, err)
		all += readable(string(encoded)) + "\n"
	}
	for _, person := range []string{"zebulon", "quackenbush", "wilhelmina", "corp.example", owner} {
		require.NotContains(t, strings.ToLower(all), person)
	}
	require.Contains(t, all, `"mails":1`)
	c.reportNow()
}
