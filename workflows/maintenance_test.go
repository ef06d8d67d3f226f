package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/workflows"
)

// rounds counts the rounds of maintenance.
type rounds struct {
	env *testsuite.TestWorkflowEnvironment
	at  []time.Time
	// logs, told and woken count the rounds in which old logs, expiring tokens and forgotten mail were looked for.
	logs, told, woken int
}

func (r *rounds) PurgeRecycleBins(context.Context) (activities.Purged, error) {
	r.at = append(r.at, r.env.Now())
	return activities.Purged{Users: 2}, nil
}

func (r *rounds) PurgeLogs(context.Context) (activities.PurgedLogs, error) {
	r.logs++
	return activities.PurgedLogs{Changes: 3}, nil
}

func (r *rounds) NoticeExpiringTokens(context.Context) error {
	r.told++
	return nil
}

func (r *rounds) WakeForgottenMail(context.Context) error {
	r.woken++
	return nil
}

func TestF9_MaintenanceComesEveryHourAndRollsOver(t *testing.T) {
	t.Parallel()
	r := &rounds{env: new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()}
	r.env.SetStartTime(monday)
	r.env.SetTestTimeout(time.Minute)
	workflows.Register(r.env)
	r.env.RegisterActivity(r)
	r.env.ExecuteWorkflow(workflows.MaintenanceName)
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, r.env.GetWorkflowError(), &again)
	require.Len(t, r.at, 7*24)
	require.Equal(t, 7*24, r.logs)
	require.Equal(t, 7*24, r.told)
	require.Equal(t, 7*24, r.woken)
	require.Equal(t, monday.Add(time.Hour), r.at[1].UTC())
}
