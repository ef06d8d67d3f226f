package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// activitySeconds adds up how long the activities of an execution took, by name, from their
// scheduling to their end.
func activitySeconds(ctx context.Context, temporal client.Client, workflowID, runID string) (map[string]float64, error) {
	type scheduled struct {
		name string
		at   time.Time
	}
	pending, took := map[int64]scheduled{}, map[string]time.Duration{}
	for events := temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		if begun := event.GetActivityTaskScheduledEventAttributes(); begun != nil {
			pending[event.GetEventId()] = scheduled{begun.GetActivityType().GetName(), event.GetEventTime().AsTime()}
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
