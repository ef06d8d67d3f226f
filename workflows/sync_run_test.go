package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/workflows"
)

// script stands in for the activities of a run: it answers with what a test wrote down, and
// records what was asked.
type script struct {
	env      *testsuite.TestWorkflowEnvironment
	taken    activities.TakenOver
	opening  activities.OpenRunInput // what the run was opened with
	begun    activities.Begun
	members  []activities.MembersFetched          // one for each call
	fetch    []func() (activities.Fetched, error) // one for each call, the last for all further ones
	verified []activities.Verified                // one for each call, the last for all further ones
	planned  activities.Planned
	planErr  error
	batches  map[int]int // by step
	onBatch  func()
	holds    []activities.HoldInput
	calls    []string
	fetches  []time.Time
	closed   []activities.CloseRunInput
	rejected int
	woken    int
}

func newScript(t *testing.T) *script {
	t.Helper()
	s := &script{
		env:      new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment(),
		begun:    activities.Begun{Mode: directory.FullRead},
		fetch:    []func() (activities.Fetched, error){fetched(2, true)},
		verified: []activities.Verified{{Done: true}},
		batches:  map[int]int{reconcile.StepPresent: 3, reconcile.StepMissing: 1},
	}
	s.env.SetStartTime(monday)
	s.env.SetTestTimeout(time.Minute)
	workflows.Register(s.env)
	s.env.RegisterActivity(s)
	return s
}

func fetched(n int, done bool) func() (activities.Fetched, error) {
	return func() (activities.Fetched, error) { return activities.Fetched{Fetched: n, Done: done}, nil }
}

func throttled(d time.Duration) func() (activities.Fetched, error) {
	return func() (activities.Fetched, error) {
		return activities.Fetched{}, temporal.NewApplicationErrorWithOptions("slow down", directory.CodeSourceThrottled,
			temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{map[string]float64{"seconds": d.Seconds()}}})
	}
}

func refused(code, sentence string) func() (activities.Fetched, error) {
	return func() (activities.Fetched, error) {
		return activities.Fetched{}, temporal.NewNonRetryableApplicationError(sentence, code, nil)
	}
}

func (s *script) OpenRun(_ context.Context, in activities.OpenRunInput) error {
	s.calls, s.opening = append(s.calls, "open"), in
	return nil
}

func (s *script) TakeOver(context.Context, activities.OfRun) (activities.TakenOver, error) {
	s.calls = append(s.calls, "take over")
	return s.taken, nil
}

func (s *script) BeginFetch(context.Context, activities.OfRun) (activities.Begun, error) {
	s.calls = append(s.calls, "begin")
	return s.begun, nil
}

func (s *script) ListGroups(context.Context, activities.OfRun) (activities.GroupsListed, error) {
	s.calls = append(s.calls, "list groups")
	return activities.GroupsListed{Groups: 2, Done: true}, nil
}

func (s *script) FetchMembers(context.Context, activities.OfRun) (activities.MembersFetched, error) {
	s.calls = append(s.calls, "members")
	next := s.members[0]
	s.members = s.members[1:]
	return next, nil
}

func (s *script) VerifyMissing(context.Context, activities.OfRun) (activities.Verified, error) {
	s.calls = append(s.calls, "verify")
	next := s.verified[0]
	if len(s.verified) > 1 {
		s.verified = s.verified[1:]
	}
	return next, nil
}

func (s *script) ParkMembers(context.Context, activities.OfRun) error {
	s.calls = append(s.calls, "park")
	return nil
}

func (s *script) FetchUsers(context.Context, activities.OfRun) (activities.Fetched, error) {
	s.calls, s.fetches = append(s.calls, "fetch"), append(s.fetches, s.env.Now())
	next := s.fetch[0]
	if len(s.fetch) > 1 {
		s.fetch = s.fetch[1:]
	}
	return next()
}

func (s *script) PlanRun(context.Context, activities.OfRun) (activities.Planned, error) {
	s.calls = append(s.calls, "plan")
	return s.planned, nil
}

func (s *script) PlanUndo(context.Context, activities.OfRun) (activities.Planned, error) {
	s.calls = append(s.calls, "plan undo")
	return s.planned, s.planErr
}

func (s *script) EnterStage(_ context.Context, in activities.StageInput) error {
	s.calls = append(s.calls, string(in.Stage))
	return nil
}

func (s *script) HoldRun(_ context.Context, in activities.HoldInput) error {
	s.calls, s.holds = append(s.calls, fmt.Sprintf("hold %t", in.Reason != "")), append(s.holds, in)
	return nil
}

func (s *script) RejectPlan(context.Context, activities.OfRun) error {
	s.rejected++
	return nil
}

func (s *script) ApplyChanges(_ context.Context, in activities.ApplyInput) (activities.Applied, error) {
	s.calls = append(s.calls, fmt.Sprintf("apply %d", in.Step))
	if s.onBatch != nil {
		s.onBatch()
	}
	if s.batches[in.Step] > 0 {
		s.batches[in.Step]--
	}
	return activities.Applied{Applied: 2, Remaining: s.batches[in.Step]}, nil
}

func (s *script) CloseRun(_ context.Context, in activities.CloseRunInput) (activities.ClosedRun, error) {
	s.closed = append(s.closed, in)
	if in.Status == "" {
		in.Status = directory.RunSuccess
	}
	return activities.ClosedRun{Status: in.Status}, nil
}

func (s *script) WakeMail(context.Context, activities.OfAccount) error {
	s.woken++
	return nil
}

func (s *script) run(kind directory.RunKind) {
	s.env.ExecuteWorkflow(workflows.SyncRunName, workflows.SyncRunInput{
		RunID: "r-1", AccountID: "a-1", ConfigurationID: "c-1", Provider: directory.Entra, Number: 1, Kind: kind, Trigger: directory.TriggerManual,
	})
}

func TestE2_StagesInOrderBatchByBatch(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.fetch = []func() (activities.Fetched, error){fetched(10, false), fetched(12, true)}
	s.run(directory.KindSync)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{
		"open", "begin", "fetch", "fetch", "verify", "plan",
		"provision", "apply 1", "apply 2", "apply 3", "apply 3", "apply 3",
		"deprovision", "apply 4",
	}, s.calls)
	require.Equal(t, []activities.CloseRunInput{{RunID: "r-1"}}, s.closed)
	require.Equal(t, 1, s.woken)
}

func TestA7_GroupsAreReadFirstAndBroughtUpToDateLast(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.begun.Groups = true
	s.members = []activities.MembersFetched{{Groups: 1, Members: 5}, {Groups: 2, Members: 7, Done: true}}
	s.planned = activities.Planned{Changes: 3, Groups: 2, Memberships: 7}
	s.batches = map[int]int{reconcile.StepJoin: 2}
	s.run(directory.KindSync)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{
		"open", "begin", "list groups", "groups", "members", "members", "fetch", "verify", "plan",
		"provision", "apply 1", "apply 2", "apply 3", "deprovision", "apply 4",
		"memberships", "apply 5", "apply 6", "apply 7", "apply 7", "apply 8", "park",
	}, s.calls)
}

func TestC5_RolesAreGivenWhenAllElseIsDone(t *testing.T) {
	t.Parallel()
	for planned, want := range map[activities.Planned][]string{
		{Roles: 1}:                               {"memberships", "apply 5", "apply 6", "apply 7", "apply 8", "apply 10", "apply 10", "park"},
		{Roles: 1, People: 1, NamesPeople: true}: {"memberships", "apply 5", "apply 6", "apply 7", "apply 8", "apply 9", "apply 10", "apply 10", "park"},
	} {
		s := newScript(t)
		s.begun.Groups = true
		s.members = []activities.MembersFetched{{Done: true}}
		s.planned = planned
		s.batches = map[int]int{reconcile.StepRoles: 2}
		s.run(directory.KindSync)
		require.NoError(t, s.env.GetWorkflowError())
		require.Equal(t, want, s.calls[slices.Index(s.calls, "deprovision")+2:])
	}
}

func TestF10_ManagersAreSetLastAlsoWhereNoGroupsAreRead(t *testing.T) {
	t.Parallel()
	for planned, want := range map[activities.Planned][]string{
		{People: 2, NamesPeople: true}:                 {"memberships", "apply 5", "apply 6", "apply 7", "apply 8", "apply 9", "park"},
		{Memberships: 1, People: 2, NamesPeople: true}: {"memberships", "apply 5", "apply 6", "apply 7", "apply 8", "apply 9", "park"},
		{NamesPeople: true}:                            {"park"},
		{Memberships: 1}:                               {"memberships", "apply 5", "apply 6", "apply 7", "apply 8"},
	} {
		s := newScript(t)
		s.planned = planned
		s.run(directory.KindSync)
		require.NoError(t, s.env.GetWorkflowError())
		after := slices.Index(s.calls, "apply 4") + 1
		require.Equal(t, want, s.calls[after:after+len(want)])
		require.NotContains(t, s.calls[after+len(want):], "park")
	}
}

func TestF8_AllWhoAreMissingAreLookedUpBeforeThePlan(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.verified = []activities.Verified{{Missing: 700, Gone: 500}, {Missing: 200, Gone: 199, Present: 1, Done: true}}
	s.run(directory.KindPreview)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "begin", "fetch", "verify", "verify", "plan"}, s.calls)
}

func TestF3_PreviewAppliesNothingAndMailsNobody(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.planned.Held = "too many"
	s.run(directory.KindPreview)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "begin", "fetch", "verify", "plan"}, s.calls)
	require.Zero(t, s.woken)
}

func TestCaseA4_ThrottledWaitsAsLongAsAskedAndNoWorkerIsHeldUp(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	slow := throttled(120 * time.Second)
	s.fetch = []func() (activities.Fetched, error){slow, slow, slow, slow, slow, fetched(2, true)}
	s.run(directory.KindSync)
	require.NoError(t, s.env.GetWorkflowError())
	require.Len(t, s.fetches, 6, "no more requests than needed")
	for i := 1; i < len(s.fetches); i++ {
		require.GreaterOrEqual(t, s.fetches[i].Sub(s.fetches[i-1]), 120*time.Second)
	}
}

func TestThrottledForADayFails(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.fetch = []func() (activities.Fetched, error){throttled(time.Hour)}
	s.run(directory.KindSync)
	require.Error(t, s.env.GetWorkflowError())
	require.Len(t, s.fetches, 25)
	require.Equal(t, directory.RunFailure, s.closed[0].Status)
}

func TestB7_FailureSaysWhichProblem(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.fetch = []func() (activities.Fetched, error){refused(directory.CodeConsentRevoked, "Contoso no longer lets Rollcall in. Connect the tenant again.")}
	s.run(directory.KindSync)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, s.env.GetWorkflowError(), &failure)
	require.Equal(t, directory.CodeConsentRevoked, failure.Type())
	require.Equal(t, []activities.CloseRunInput{{RunID: "r-1", Status: directory.RunFailure, Reason: "Contoso no longer lets Rollcall in. Connect the tenant again."}}, s.closed)
	require.Len(t, s.fetches, 1)
	require.NotContains(t, s.calls, "plan")
}

func TestCaseD1_SourceThatKeepsFailingEndsAsFailureWithoutAPlan(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	down := func() (activities.Fetched, error) {
		return activities.Fetched{}, temporal.NewApplicationError("Microsoft Entra ID does not answer.", directory.CodeSourceUnavailable)
	}
	s.fetch = []func() (activities.Fetched, error){fetched(10, false), down}
	s.run(directory.KindSync)
	require.Error(t, s.env.GetWorkflowError())
	require.Len(t, s.fetches, 11)
	require.NotContains(t, s.calls, "plan")
	require.Equal(t, "Microsoft Entra ID does not answer.", s.closed[0].Reason)
}

func TestInternalErrorsReachTheAdminWithoutInternals(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.fetch = []func() (activities.Fetched, error){func() (activities.Fetched, error) {
		return activities.Fetched{}, temporal.NewNonRetryableApplicationError("pq: secret detail", "internal", errors.New("cause"))
	}}
	s.run(directory.KindSync)
	require.NotContains(t, s.closed[0].Reason, "pq")
	require.Contains(t, s.closed[0].Reason, "Sync now")
}

func TestB4_CancelStopsBetweenTwoBatches(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.batches[reconcile.StepPresent] = 10
	s.onBatch = func() {
		if s.batches[reconcile.StepPresent] == 8 {
			s.env.CancelWorkflow()
		}
	}
	s.run(directory.KindSync)
	require.True(t, temporal.IsCanceledError(s.env.GetWorkflowError()))
	require.Equal(t, directory.RunCancelled, s.closed[0].Status)
	require.NotContains(t, s.calls, "deprovision")
	require.Equal(t, 1, s.woken, "who was invited until then gets the mail")
}

func TestGuardHoldsUntilApproved(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.planned = activities.Planned{Changes: 8, Removals: 5, Held: "too many"}
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.SignalApprove, workflows.Request{RequestedBy: "Ana"}) }, 48*time.Hour)
	s.run(directory.KindSync)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "begin", "fetch", "verify", "plan", "hold true", "hold false", "provision"}, s.calls[:8])
	require.Equal(t, []activities.HoldInput{{RunID: "r-1", Reason: "too many"}, {RunID: "r-1", By: "Ana"}}, s.holds)
	require.Contains(t, s.calls, "apply 4")
}

func TestGuardRejectedLeavesAllUsersAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.planned = activities.Planned{Changes: 8, Removals: 5, Held: "too many"}
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.SignalReject, workflows.Request{RequestedBy: "Ana"}) }, time.Hour)
	s.run(directory.KindSync)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "begin", "fetch", "verify", "plan", "hold true"}, s.calls)
	require.Equal(t, 1, s.rejected)
	require.Equal(t, directory.RunCancelled, s.closed[0].Status)
}
