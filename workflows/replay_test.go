package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"github.com/rollcall-sync/rollcall/workflows"
)

const replayFails = `%s no longer replays: executions that run now would get stuck with this version.
Keep the order and the names of what workflows do, and put what is new behind workflow.GetVersion.
The recorded histories stay as they are; internal/cmd/record adds new ones.`

func TestReplay(t *testing.T) {
	t.Parallel()
	recorded, err := filepath.Glob(filepath.Join("testdata", "replay", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, recorded, "no recorded histories")
	for _, file := range recorded {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			require.NoErrorf(t, replay(file), replayFails, file)
		})
	}
}

// A replay that accepts every history would prove nothing.
func TestReplayRefusesAnotherOrder(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile(filepath.Join("testdata", "replay", "foundation_sync_run_success.json"))
	require.NoError(t, err)
	tampered := strings.Replace(string(recorded), `"name": "PlanRun"`, `"name": "CloseRun"`, 1)
	require.NotEqual(t, string(recorded), tampered)
	file := filepath.Join(t.TempDir(), "tampered.json")
	require.NoError(t, os.WriteFile(file, []byte(tampered), 0o600))
	require.ErrorContains(t, replay(file), "nondeterministic")
}

// replay runs a recorded history, whose payloads are in clear, through the workflows.
func replay(file string) error {
	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	return replayer.ReplayWorkflowHistoryFromJSONFile(nil, file)
}
