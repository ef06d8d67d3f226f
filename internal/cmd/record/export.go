package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type exporter struct {
	temporal      client.Client
	dataConverter converter.DataConverter
}

// export waits for the end of an execution and writes its history to a file that is not there yet.
func (e exporter) export(ctx context.Context, workflowID, file string) error {
	history, err := e.history(ctx, workflowID)
	if err != nil {
		return err
	}
	if err := proxy.VisitPayloads(ctx, history, proxy.VisitPayloadsOptions{Visitor: e.clear}); err != nil {
		return fmt.Errorf("decode payloads: %w", err)
	}
	for _, event := range history.Events {
		forgetMachine(event.ProtoReflect())
	}
	compact, err := (temporalproto.CustomJSONMarshalOptions{}).Marshal(history)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, compact, "", " "); err != nil {
		return err
	}
	text.WriteByte('\n')
	created, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = text.WriteTo(created)
	return errors.Join(err, created.Close())
}

func (e exporter) history(ctx context.Context, workflowID string) (*historypb.History, error) {
	described, err := e.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return nil, err
	}
	runID := described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	// How it ended is in the history itself.
	if err := e.temporal.GetWorkflow(ctx, workflowID, runID).Get(ctx, nil); ctx.Err() != nil {
		return nil, err
	}
	history := new(historypb.History)
	for events := e.temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		history.Events = append(history.Events, event)
	}
	return history, nil
}

// clear decrypts payloads without looking at what is in them.
func (e exporter) clear(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	cleared := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		var raw converter.RawValue
		if err := e.dataConverter.FromPayload(payload, &raw); err != nil {
			return nil, err
		}
		cleared[i] = raw.Payload()
	}
	return cleared, nil
}

// forgetMachine blanks what says where a history was recorded: identities hold process and host,
// the names of sticky queues the host, stack traces hold paths.
func forgetMachine(message protoreflect.Message) {
	if queue, ok := message.Interface().(*taskqueuepb.TaskQueue); ok && queue.Kind == enumspb.TASK_QUEUE_KIND_STICKY {
		queue.Name = "sticky"
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch name := field.Name(); {
		case (name == "identity" || name == "stack_trace") && field.Kind() == protoreflect.StringKind:
			message.Clear(field)
		case field.IsMap() || field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				forgetMachine(value.List().Get(i).Message())
			}
		default:
			forgetMachine(value.Message())
		}
		return true
	})
}
