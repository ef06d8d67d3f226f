package history

import (
	"net/http"
	"slices"
	"sync"
	"syscall"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// run is a run as the API shows it.
type run struct {
	ID     string              `json:"id"`
	Status directory.RunStatus `json:"status"`
	Reason string              `json:"reason"`
	Mode   directory.RunMode   `json:"mode"`
	Counts directory.Counts    `json:"counts"`
}

// syncs runs the sync, with whatever comes between, and requires what must come of it.
func (w *world) syncs(t trouble) {
	w.Helper()
	approve := w.maybe("approve")
	w.tell("sync: %s; approve if asked: %t", t.say, approve)
	if w.live == nil {
		w.modelSyncs(t, approve)
		return
	}
	w.live.begin(w, t)
	w.finish(w.live.follow(w, t), t, approve)
}

// modelSyncs is what the model alone makes of a run.
func (w *world) modelSyncs(t trouble, approve bool) {
	full := w.settings.Scope != nil || w.maybe("full read")
	v := reckon(w.account, w.settings, w.roster.read(w.account, w.settings, w.changed, t.disturbance, full))
	again := reckon(w.account, w.settings, w.roster.read(w.account, w.settings, w.changed, t.disturbance, full))
	require.Equal(w, v, again, "the model says something else when it is asked again")
	if t.mayFail || t.stops || v.held(w.account, w.settings, w.recent) && !approve {
		return
	}
	w.taken(v, v.held(w.account, w.settings, w.recent))
}

// taken makes a verdict the account that is.
func (w *world) taken(v verdict, approved bool) {
	if !approved {
		w.recent += v.removals
	}
	if len(v.problems) == 0 {
		clear(w.changed)
	}
	w.account = v.account
}

// begin starts a run; the first starts as soon as the configuration is saved.
func (l *live) begin(w *world, t trouble) {
	w.Helper()
	for _, fault := range t.faults {
		l.fault(w.T, fault)
	}
	if l.sync == "" {
		l.configure(w)
		return
	}
	l.call(w.T, http.MethodPost, "/v1/configurations/"+l.sync+"/sync", nil, nil)
}

// newest is the newest run, if it is another than the last one that was followed.
func (l *live) newest(w *world) (run, bool) {
	w.Helper()
	var list struct {
		Items []run `json:"items"`
	}
	l.call(w.T, http.MethodGet, "/v1/runs?configuration_id="+l.sync, nil, &list)
	if len(list.Items) == 0 || list.Items[0].ID == l.last {
		return run{}, false
	}
	return list.Items[0], true
}

// follow waits until the run has ended or awaits approval.
func (l *live) follow(w *world, t trouble) run {
	w.Helper()
	if t.kill != 0 {
		l.await(w.T, "the stage", func() bool { return l.past(w, t.stage) })
		endWorker(w, t.kill)
	}
	if t.stops {
		l.await(w.T, "a run", func() bool { _, begun := l.newest(w); return begun })
		l.call(w.T, http.MethodPost, "/v1/configurations/"+l.sync+"/disable", nil, nil)
	}
	var now run
	l.await(w.T, "the end of the run", func() bool {
		var begun bool
		now, begun = l.newest(w)
		return begun && now.Status != directory.RunRunning
	})
	if l.calm(w.T); t.stops {
		l.call(w.T, http.MethodPost, "/v1/configurations/"+l.sync+"/enable", nil, nil)
		l.await(w.T, "a schedule", func() bool { return l.state(w).NextRunAt != nil })
	}
	return now
}

// state is what the API says of the configuration.
func (l *live) state(w *world) (state struct {
	NextRunAt  *string `json:"next_run_at"`
	CurrentRun *struct {
		Stage directory.Stage `json:"stage"`
	} `json:"current_run"`
}) {
	w.Helper()
	l.call(w.T, http.MethodGet, "/v1/configurations/"+l.sync+"/status", nil, &state)
	return state
}

// past says whether the run that is going has come to a stage, or has ended.
func (l *live) past(w *world, stage directory.Stage) bool {
	w.Helper()
	order := []directory.Stage{
		directory.StageGroups, directory.StageFetch, directory.StageVerify, directory.StagePlan, directory.StageApproval, directory.StageProvision,
		directory.StageDeprovision, directory.StageMemberships, directory.StageNotify, directory.StageDone,
	}
	if newest, begun := l.newest(w); !begun || newest.Status != directory.RunRunning {
		return begun
	}
	current := l.state(w).CurrentRun
	return current == nil || slices.Index(order, current.Stage) >= slices.Index(order, stage)
}

// ending guards the worker, which the histories share.
var ending sync.Mutex

// endWorker ends the process of the worker and waits until there is another.
func endWorker(w *world, signal syscall.Signal) {
	w.Helper()
	ending.Lock()
	defer ending.Unlock()
	pid := stack.Describe().PIDs.Worker
	if err := syscall.Kill(pid, signal); err != nil {
		require.ErrorIs(w, err, syscall.ESRCH)
	}
	w.live.await(w.T, "another worker", func() bool { return stack.Describe().PIDs.Worker != pid })
}

// finish requires that the run came to what it must.
func (w *world) finish(r run, t trouble, approve bool) {
	w.Helper()
	l := w.live
	l.last = r.ID
	read := w.roster.read(w.account, w.settings, w.changed, t.disturbance, r.Mode == directory.FullRead)
	v := reckon(w.account, w.settings, read)
	held := v.held(w.account, w.settings, w.recent)
	if r.Status == directory.RunAwaitingApproval {
		require.True(w, held || read.Blind, "nothing asks for approval: %s", r.Reason)
		w.compare(verdict{account: w.account})
		approve = approve && !read.Blind
		r = l.decide(w, r, approve)
	} else if r.Status == directory.RunSuccess || r.Status == directory.RunPartialSuccess {
		require.False(w, held, "%d users would go, and nobody was asked", v.removals)
	}
	w.tell("the run ended: %s, %s read %s", r.Status, r.Mode, r.Reason)
	w.ended(r, v, t, held, approve)
	w.invariants()
}

// decide approves or rejects a run and waits for its end.
func (l *live) decide(w *world, r run, approve bool) run {
	w.Helper()
	decision := map[bool]string{true: "approve", false: "reject"}[approve]
	crash := w.any("crash", 3) == 0
	w.tell("the run awaits approval (%s): %s; before that the worker is ended: %t", r.Reason, decision, crash)
	if crash {
		endWorker(w, syscall.SIGTERM)
	}
	l.call(w.T, http.MethodPost, "/v1/runs/"+r.ID+"/"+decision, nil, nil)
	l.await(w.T, "the end of the run", func() bool {
		l.call(w.T, http.MethodGet, "/v1/runs/"+r.ID, nil, &r)
		return r.Status.Ended()
	})
	return r
}

// ended compares the account after a run. One that did not end well has changed nothing: all that
// ends a run here, but for a rejection, keeps it from reading everybody.
func (w *world) ended(r run, v verdict, t trouble, held, approve bool) {
	w.Helper()
	w.mode(r, t)
	switch {
	case r.Status == directory.RunFailure:
		require.True(w, t.mayFail, "the run failed: %s", r.Reason)
	case r.Status == directory.RunCancelled:
		require.True(w, t.stops || !approve, "the run was cancelled: %s", r.Reason)
	default:
		require.False(w, t.stops, "the run was to be stopped")
		want := directory.RunSuccess
		if len(v.problems) > 0 {
			want = directory.RunPartialSuccess
		}
		require.Equal(w, want, r.Status, "problems: %v, counts: %+v", v.problems, r.Counts)
		require.Equal(w, len(v.problems), r.Counts.Failed, "problems: %v", v.problems)
		w.taken(v, held)
		w.compare(v)
		return
	}
	w.compare(verdict{account: w.account})
}

// mode requires that only who changed is read where that is enough, and everybody where it is not.
func (w *world) mode(r run, t trouble) {
	w.Helper()
	l := w.live
	can := l.vendor.provider == directory.Entra && w.settings.Scope == nil && l.clean && l.partial < 3
	if read := r.Mode == directory.Incremental; !t.mayFail && !t.stops && (!can || !l.unsure) {
		require.Equal(w, can, read, "mode %s after %d incremental runs", r.Mode, l.partial)
	}
	l.partial++
	if r.Mode == directory.FullRead {
		l.partial = 0
	}
	l.clean, l.unsure = r.Status == directory.RunSuccess && w.settings.Scope == nil, false
}
