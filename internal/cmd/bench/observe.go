package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/rollcall-sync/rollcall/activities"
)

// observer reads what is in histories.
type observer struct {
	temporal      client.Client
	dataConverter converter.DataConverter
}

// applyMemberships is the name under which changes of groups and memberships are counted, apart from
// those of people.
const applyMemberships = "ApplyChanges, groups and memberships"

// activitySeconds adds up how long the activities of an execution took, by name, from their
// scheduling to their end.
func (o observer) activitySeconds(ctx context.Context, workflowID, runID string) (map[string]float64, error) {
	type scheduled struct {
		name string
		at   time.Time
	}
	pending, took := map[int64]scheduled{}, map[string]time.Duration{}
	for events := o.temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		if begun := event.GetActivityTaskScheduledEventAttributes(); begun != nil {
			name, err := o.nameOf(begun)
			if err != nil {
				return nil, err
			}
			pending[event.GetEventId()] = scheduled{name, event.GetEventTime().AsTime()}
		}
		if ended := event.GetActivityTaskCompletedEventAttributes(); ended != nil {
			activity := pending[ended.GetScheduledEventId()]
			took[activity.name] += event.GetEventTime().AsTime().Sub(activity.at)
		}
	}
	sums := make(map[string]float64, len(took))
	for name, d := range took {
		sums[name] = seconds(d)
	}
	return sums, nil
}

func (o observer) nameOf(activity *historypb.ActivityTaskScheduledEventAttributes) (string, error) {
	name := activity.GetActivityType().GetName()
	if name != "ApplyChanges" {
		return name, nil
	}
	var in activities.ApplyInput
	err := o.dataConverter.FromPayloads(activity.GetInput(), &in)
	if slices.Contains(slices.Concat(activities.MembershipSteps(), activities.PeopleSteps(), activities.RoleSteps()), in.Step) {
		name = applyMemberships
	}
	return name, err
}

// peakMiB is the most memory that a process ever had resident, as Linux counts it.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func peakMiB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read peak memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		value, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		return round(float64(kib) / 1024), err
	}
	return 0, errors.New("read peak memory: the system does not tell")
}
