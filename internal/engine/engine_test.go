package engine_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	devtemporal "github.com/rollcall-sync/rollcall/internal/devstack/temporal"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

const detail = "reading page 3"

// greet answers a query clearly, tells its state in details, and returns what a signal brought.
func greet(ctx workflow.Context, _ person) (person, error) {
	if err := workflow.SetQueryHandler(ctx, "status", func() (progress, error) { return progress{Done: 7}, nil }); err != nil {
		return person{}, err
	}
	workflow.SetCurrentDetails(ctx, detail)
	var someone person
	workflow.GetSignalChannel(ctx, "name").Receive(ctx, &someone)
	return someone, nil
}

func startServer(t *testing.T, opts devtemporal.Options) *devtemporal.Server {
	t.Helper()
	opts.UIPort = -1
	server, err := devtemporal.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

func dial(t *testing.T, server *devtemporal.Server, keys string) client.Client {
	t.Helper()
	c, err := engine.Dial(t.Context(), engine.Options{
		HostPort: server.HostPort, Keyring: keyring(t, keys), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func plainClient(t *testing.T, server *devtemporal.Server) client.Client {
	t.Helper()
	quiet := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	c, err := client.Dial(client.Options{HostPort: server.HostPort, Namespace: engine.Namespace, Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestPlainClientsBesideEncryptedWorkflows(t *testing.T) {
	t.Parallel()
	server := startServer(t, devtemporal.Options{Namespace: engine.Namespace, SearchAttributes: engine.SearchAttributes()})
	c, plain := dial(t, server, secret.Generate()), plainClient(t, server)
	w := worker.New(c, engine.TaskQueue, worker.Options{})
	w.RegisterWorkflow(greet)
	require.NoError(t, w.Start())
	defer w.Stop()

	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "greet", TaskQueue: engine.TaskQueue, StaticSummary: "greets one person",
		TypedSearchAttributes: temporal.NewSearchAttributes(engine.RollcallAccount.ValueSet("a1")),
	}, greet, person{Email: "ada@example.org"})
	require.NoError(t, err)

	answer, err := plain.QueryWorkflow(t.Context(), "greet", "", "status")
	require.NoError(t, err)
	var status progress
	require.NoError(t, answer.Get(&status))
	require.Equal(t, progress{Done: 7}, status)

	answer, err = plain.QueryWorkflow(t.Context(), "greet", "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(t, answer.Get(&metadata))
	require.Equal(t, detail, metadata.CurrentDetails)

	require.NoError(t, plain.SignalWorkflow(t.Context(), "greet", "", "name", person{Email: "grace@example.org"}))
	var someone person
	require.NoError(t, run.Get(t.Context(), &someone))
	require.Equal(t, "grace@example.org", someone.Email)

	first := plain.GetWorkflowHistory(t.Context(), "greet", "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	started, err := first.Next()
	require.NoError(t, err)
	require.Equal(t, `"greets one person"`, string(started.UserMetadata.Summary.Data))
	require.Equal(t, "binary/encrypted", encoding(started.GetWorkflowExecutionStartedEventAttributes().Input.Payloads[0]))
}

func TestEnsureNamespace(t *testing.T) {
	t.Parallel()
	server := startServer(t, devtemporal.Options{Namespace: "another"})
	c := dial(t, server, secret.Generate())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		require.NoError(t, engine.EnsureNamespace(ctx, c, engine.Namespace, 72*time.Hour))
	}
	described, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: engine.Namespace})
	require.NoError(t, err)
	require.Equal(t, 72*time.Hour, described.Config.WorkflowExecutionRetentionTtl.AsDuration())
	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "tagged", TaskQueue: engine.TaskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(engine.RollcallAccount.ValueSet("a1")),
	}, greet, person{})
	require.NoError(t, err)

	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        "another",
		SearchAttributes: map[string]enumspb.IndexedValueType{engine.RollcallStatus.GetName(): enumspb.INDEXED_VALUE_TYPE_INT},
	})
	require.NoError(t, err)
	require.ErrorContains(t, engine.EnsureNamespace(ctx, c, "another", time.Hour), "search attribute RollcallStatus has type Int, want Keyword")
}

func TestDialSaysThatNothingAnswers(t *testing.T) {
	t.Parallel()
	_, err := engine.Dial(t.Context(), engine.Options{
		HostPort: "127.0.0.1:1", Keyring: keyring(t, secret.Generate()), Logger: slog.New(slog.DiscardHandler),
	})
	require.ErrorContains(t, err, "connect to Temporal")
}
