package e2e

import (
	"encoding/base64"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// temporal is a plain client of Temporal, which knows nothing of Rollcall.
func (c *company) temporal() client.Client {
	c.Helper()
	described := c.stack.Describe()
	plain, err := client.DialContext(c.Context(), client.Options{
		HostPort: described.Temporal, Namespace: described.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
	})
	require.NoError(c, err)
	c.Cleanup(plain.Close)
	return plain
}

func (c *company) history(plain client.Client, workflowID, runID string) []*historypb.HistoryEvent {
	c.Helper()
	var events []*historypb.HistoryEvent
	for iterator := plain.GetWorkflowHistory(c.Context(), workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); iterator.HasNext(); {
		event, err := iterator.Next()
		require.NoError(c, err)
		events = append(events, event)
	}
	return events
}

func TestE1_OneWorkflowPerConfiguration(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	run := c.configure()
	plain := c.temporal()
	next := c.status().NextRunAt
	require.NotNil(t, next)

	type state struct {
		State     string     `json:"state"`
		NextRunAt *time.Time `json:"next_run_at"`
		Running   string     `json:"running"`
		Runs      int        `json:"runs"`
	}
	answer, err := plain.QueryWorkflow(t.Context(), "directory-sync/"+c.sync, "", "status")
	require.NoError(t, err)
	var said state
	require.NoError(t, answer.Get(&said))
	require.Equal(t, "enabled", said.State)
	require.Equal(t, 1, said.Runs)
	require.True(t, said.NextRunAt.Equal(*next))

	var timer time.Duration
	var began time.Time
	var children []string
	for _, event := range c.history(plain, "directory-sync/"+c.sync, "") {
		if started := event.GetTimerStartedEventAttributes(); started != nil {
			timer, began = started.GetStartToFireTimeout().AsDuration(), event.GetEventTime().AsTime()
		}
		if child := event.GetStartChildWorkflowExecutionInitiatedEventAttributes(); child != nil {
			children = append(children, child.GetWorkflowId())
		}
	}
	require.WithinDuration(t, *next, began.Add(timer), 5*time.Second, "the timer is the weekly one")
	require.Equal(t, []string{"directory-sync/" + c.sync + "/run/1"}, children)
	require.Equal(t, children[0], run.WorkflowID)

	require.Equal(t, directory.RunSuccess, c.syncNow().Status)
	c.await("both runs among the successes of the configuration", func() bool {
		found, err := plain.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "RollcallConfiguration = '" + c.sync + "' AND WorkflowType = 'SyncRun' AND RollcallStatus = 'success' AND RollcallProvider = 'entra'"})
		require.NoError(t, err)
		return len(found.GetExecutions()) == 2
	})
}

func TestE3_HistoriesTellAllButPeople(t *testing.T) {
	t.Parallel()
	c := newCompany(t,
		person("e-1", "Zebulon", "Quackenbush", object{"jobTitle": "Vexillologist"}),
		person("e-2", "Wilhelmina", "Featherstonehaugh", object{"employeeHireDate": "Midsummernight"}),
		person("e-3", "Bartholomew", "Wigglesworth", object{"email": nil}))
	joining, title := c.field("Joining date", "date"), c.field("Job title", "text")
	c.configure(object{"mappings": []object{c.mapping("employeeHireDate", joining), c.mapping("jobTitle", title)}})
	c.edits("e-1", object{"email": "jebediah@corp.example"})
	c.leaves("e-2")
	second := c.syncNow()
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 1, Deactivated: 1, Failed: 1}, second.Counts)
	invitation := c.invitation("zebulon.quackenbush@corp.example")

	plain := c.temporal()
	all := ""
	for _, id := range []string{"directory-sync/" + c.sync, "directory-sync/" + c.sync + "/run/1", "directory-sync/" + c.sync + "/run/2", "mail-outbox/" + c.account.ID} {
		for _, event := range c.history(plain, id, "") {
			encoded, err := protojson.Marshal(event)
			require.NoError(t, err)
			all += readable(string(encoded)) + "\n"
		}
	}
	for _, secret := range []string{
		"zebulon", "quackenbush", "wilhelmina", "featherstonehaugh", "bartholomew", "wigglesworth", "jebediah", "corp.example", "rollcall.example",
		"vexillologist", "midsummernight", c.account.Token, invitation, "not-a-secret", "bearer ",
	} {
		require.NotContains(t, strings.ToLower(all), strings.ToLower(secret))
	}
	for _, told := range []string{`"fetched":3`, `"changes":`, `"applied":2`, `"failed":1`, "Provision people, batch 1", "Deprovision people, batch 1", "partial_success"} {
		require.Contains(t, all, told)
	}
}

var quoted = regexp.MustCompile(`"[A-Za-z0-9+/]+={0,2}"`)

// readable is the JSON of an event, followed by all that is Base64 in it, decoded.
func readable(event string) string {
	var all strings.Builder
	all.WriteString(event)
	for _, text := range quoted.FindAllString(event, -1) {
		if decoded, err := base64.StdEncoding.DecodeString(strings.Trim(text, `"`)); err == nil {
			all.WriteByte('\n')
			all.Write(decoded)
		}
	}
	return all.String()
}
