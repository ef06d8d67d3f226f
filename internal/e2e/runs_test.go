package e2e

import (
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// ended is a run that has ended.
type ended struct {
	ID              string              `json:"id"`
	ConfigurationID string              `json:"configuration_id"`
	Kind            directory.RunKind   `json:"kind"`
	Trigger         directory.Trigger   `json:"trigger"`
	OfRunID         *string             `json:"of_run_id"`
	RequestedBy     string              `json:"requested_by"`
	Status          directory.RunStatus `json:"status"`
	Reason          string              `json:"reason"`
	Mode            directory.RunMode   `json:"mode"`
	Notes           directory.Notes     `json:"notes"`
	Counts          directory.Counts    `json:"counts"`
	StartedAt       time.Time           `json:"started_at"`
	FinishedAt      *time.Time          `json:"finished_at"`
	WorkflowID      string              `json:"workflow_id"`
	RunID           string              `json:"run_id"`
}

// changed are the counts of a run without who stayed as they were, who are read in a full run only.
func (r ended) changed() directory.Counts {
	changed := r.Counts
	changed.Fetched, changed.Unchanged, changed.GroupsFetched, changed.MembershipsFetched = 0, 0, 0, 0
	return changed
}

// note is the message of the run's note with the code.
func (r ended) note(code string) string {
	for _, note := range r.Notes {
		if note.Code == code {
			return note.Message
		}
	}
	return ""
}

// syncNow asks for a run and waits for its end.
func (c *company) syncNow() ended {
	c.Helper()
	c.call(http.MethodPost, c.path("/sync"), nil, nil)
	return c.nextRun()
}

// syncAll is syncNow with a run that reads everybody.
func (c *company) syncAll() ended {
	c.Helper()
	c.forget()
	return c.syncNow()
}

// succeeds asks for a run that must be a success.
func (c *company) succeeds() ended {
	c.Helper()
	run := c.syncNow()
	require.Equal(c, directory.RunSuccess, run.Status, run.Reason)
	return run
}

func (c *company) runs() []ended {
	c.Helper()
	var list struct {
		Items []ended `json:"items"`
	}
	c.call(http.MethodGet, "/v1/runs?configuration_id="+c.sync, nil, &list)
	return list.Items
}

// nextRun waits until a run newer than the last one has ended.
func (c *company) nextRun() ended {
	c.Helper()
	var newest ended
	c.await("the end of the next run", func() bool {
		runs := c.runs()
		if len(runs) == 0 {
			return false
		}
		newest = runs[0]
		return newest.ID != c.last && newest.Status.Ended()
	})
	c.last = newest.ID
	return newest
}

// runUntil waits until done says of the run that it is as wanted.
func (c *company) runUntil(id string, done func(ended) bool) ended {
	c.Helper()
	var run ended
	c.await("the run", func() bool {
		run = ended{}
		c.call(http.MethodGet, "/v1/runs/"+id, nil, &run)
		return done(run)
	})
	return run
}

// held asks for a run that must come to await approval.
func (c *company) held() ended {
	c.Helper()
	c.call(http.MethodPost, c.path("/sync"), nil, nil)
	c.await("a run that awaits approval", func() bool {
		runs := c.runs()
		require.False(c, runs[0].ID != c.last && runs[0].Status.Ended(), "the run has ended: %s %s", runs[0].Status, runs[0].Reason)
		return runs[0].Status == directory.RunAwaitingApproval
	})
	c.last = c.runs()[0].ID
	return c.runs()[0]
}

// decide approves or rejects a run and waits for its end.
func (c *company) decide(run ended, decision string) ended {
	c.Helper()
	c.call(http.MethodPost, "/v1/runs/"+run.ID+"/"+decision, nil, nil)
	return c.runUntil(run.ID, func(r ended) bool { return r.Status.Ended() })
}

// preview works out what a run would do, with other settings if there are any.
func (c *company) preview(more ...object) ended {
	c.Helper()
	var begun struct {
		RunID string `json:"run_id"`
	}
	var settings any
	if len(more) > 0 {
		settings = more[0]
	}
	c.call(http.MethodPost, c.path("/preview"), settings, &begun)
	run := c.runUntil(begun.RunID, func(r ended) bool { return r.Status.Ended() })
	require.Equal(c, directory.KindPreview, run.Kind)
	c.last = run.ID
	return run
}
