package temporal_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/internal/devstack/temporal"
)

const (
	namespace = "rollcall"
	queue     = "test"
	summary   = "next sync: Monday, 02:00"
)

// childDirVariable makes the test binary start a server in the folder it names and a workflow on it, and wait to be killed.
const childDirVariable = "ROLLCALL_TEMPORAL_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDirVariable); dir != "" {
		runChild(dir)
	}
	os.Exit(m.Run())
}

func runChild(dir string) {
	server, err := temporal.Start(context.Background(), temporal.Options{Dir: dir, UIPort: -1, Namespace: namespace})
	if err != nil {
		panic(err)
	}
	c, err := dial(server)
	if err != nil {
		panic(err)
	}
	if _, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "killed", TaskQueue: queue}, waitForSignal); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("started\n")
	select {}
}

var account = sdk.NewSearchAttributeKeyKeyword("RollcallAccount")

// waitForSignal waits for an hour or a signal, whichever comes first, and returns what the signal brought.
func waitForSignal(ctx workflow.Context) (string, error) {
	timer := workflow.NewTimerWithOptions(ctx, time.Hour, workflow.TimerOptions{Summary: summary})
	var text string
	selector := workflow.NewSelector(ctx)
	selector.AddFuture(timer, func(workflow.Future) {})
	selector.AddReceive(workflow.GetSignalChannel(ctx, "go"), func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, &text) })
	selector.Select(ctx)
	return text, nil
}

func dial(server *temporal.Server) (client.Client, error) {
	quiet := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	return client.Dial(client.Options{HostPort: server.HostPort, Namespace: namespace, Logger: quiet})
}

// Two servers of one process can be started at the same time.
func TestServersStartAtOnce(t *testing.T) {
	t.Parallel()
	const servers = 3
	started := make(chan error, servers)
	for range servers {
		go func() {
			server, err := temporal.Start(t.Context(), temporal.Options{UIPort: -1, Namespace: namespace})
			if err == nil {
				err = server.Stop()
			}
			started <- err
		}()
	}
	for range servers {
		require.NoError(t, <-started)
	}
}

func start(t *testing.T, opts temporal.Options) (*temporal.Server, client.Client) {
	t.Helper()
	opts.Namespace = namespace
	server, err := temporal.Start(t.Context(), opts)
	require.NoError(t, err)
	c, err := dial(server)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return server, c
}

func work(t *testing.T, c client.Client) worker.Worker {
	t.Helper()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(waitForSignal)
	require.NoError(t, w.Start())
	return w
}

func finish(t *testing.T, c client.Client, workflowID string) {
	t.Helper()
	require.NoError(t, c.SignalWorkflow(t.Context(), workflowID, "", "go", "done"))
	var result string
	require.NoError(t, c.GetWorkflow(t.Context(), workflowID, "").Get(t.Context(), &result))
	require.Equal(t, "done", result)
}

func timerSummary(t *testing.T, c client.Client, workflowID string) string {
	t.Helper()
	var text string
	require.Eventually(t, func() bool {
		events := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			if event.EventType == enumspb.EVENT_TYPE_TIMER_STARTED {
				text = string(event.UserMetadata.GetSummary().GetData())
			}
		}
		return text != ""
	}, 20*time.Second, 50*time.Millisecond)
	return text
}

func TestStateOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/with #odd% name?"
	first, c := start(t, temporal.Options{Dir: dir, UIPort: -1, SearchAttributes: []string{account.GetName()}})
	w := work(t, c)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "kept", TaskQueue: queue, TypedSearchAttributes: sdk.NewSearchAttributes(account.ValueSet("a1")),
	}, waitForSignal)
	require.NoError(t, err)
	require.Equal(t, strconv.Quote(summary), timerSummary(t, c, "kept"))
	w.Stop()
	began := time.Now()
	require.NoError(t, first.Stop())
	require.Less(t, time.Since(began), 5*time.Second)

	second, c := start(t, temporal.Options{Dir: dir, UIPort: -1})
	t.Cleanup(func() { require.NoError(t, second.Stop()) })
	w = work(t, c)
	defer w.Stop()
	found, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "RollcallAccount = 'a1'"})
	require.NoError(t, err)
	require.Equal(t, int64(1), found.Count)
	finish(t, c, "kept")

	described, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	require.NoError(t, err)
	require.Equal(t, 90*24*time.Hour, described.Config.WorkflowExecutionRetentionTtl.AsDuration())
}

func TestStateOutlivesAKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDirVariable+"="+dir)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	_, err = bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()

	server, c := start(t, temporal.Options{Dir: dir, UIPort: -1})
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	w := work(t, c)
	defer w.Stop()
	finish(t, c, "killed")
}

func TestWebUI(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	server, _ := start(t, temporal.Options{FrontendPort: port, UIPort: port, CodecEndpoint: "http://127.0.0.1:8080/codec"})
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	require.NotContains(t, server.HostPort, strconv.Itoa(port))
	require.NotContains(t, server.UIURL, strconv.Itoa(port))
	require.Contains(t, strings.ToLower(get(t, server.UIURL+"/")), "<!doctype html>")
	require.Contains(t, get(t, server.UIURL+"/api/v1/settings"), "http://127.0.0.1:8080/codec")
	require.Contains(t, get(t, server.UIURL+"/api/v1/namespaces/"+namespace), `"rollcall"`)
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	return string(body)
}
