package worker

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/rollcall-sync/rollcall/workflows"
)

// ReadHistory reads an event history from a file, as the Web UI and the Temporal CLI export it.
func ReadHistory(file string) (*historypb.History, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	history := new(historypb.History)
	if err := (temporalproto.CustomJSONUnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, history); err != nil {
		return nil, fmt.Errorf("decode history %s: %w", file, err)
	}
	return history, nil
}

// FetchHistory reads the event history of the newest execution of a workflow.
func FetchHistory(ctx context.Context, c client.Client, workflowID string) (*historypb.History, error) {
	history := new(historypb.History)
	for events := c.GetWorkflowHistory(ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("read history of %s: %w", workflowID, err)
		}
		history.Events = append(history.Events, event)
	}
	return history, nil
}

// Replay runs an event history through this program's workflows and writes its steps to out. An
// error says where the code would have gone another way.
func Replay(history *historypb.History, dataConverter converter.DataConverter, out io.Writer) error {
	for _, event := range history.Events {
		if err := printStep(out, event, dataConverter); err != nil {
			return err
		}
	}
	replayer, err := sdkworker.NewWorkflowReplayerWithOptions(sdkworker.WorkflowReplayerOptions{DataConverter: dataConverter})
	if err != nil {
		return fmt.Errorf("make replayer: %w", err)
	}
	workflows.Register(replayer)
	if err := replayer.ReplayWorkflowHistory(nil, history); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

func printStep(out io.Writer, event *historypb.HistoryEvent, dataConverter converter.DataConverter) error {
	kind := event.GetEventType().String()
	if strings.HasPrefix(kind, "WorkflowTask") {
		return nil
	}
	summary := ""
	if payload := event.GetUserMetadata().GetSummary(); payload != nil {
		if err := dataConverter.FromPayload(payload, &summary); err != nil {
			summary = "(summary not readable with these keys)"
		}
	}
	_, err := fmt.Fprintf(out, "%5d  %s  %-40s %s\n", event.GetEventId(), event.GetEventTime().AsTime().Format("2006-01-02 15:04:05.000"), kind, summary)
	return err
}
