package config_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

func complete() map[string]string {
	return map[string]string{
		"ROLLCALL_DATABASE_URL": "postgres://rollcall:hunter2@db/rollcall", "ROLLCALL_KEYS": secret.Generate(),
		"ROLLCALL_PUBLIC_URL": "https://rollcall.example/", "ROLLCALL_SMTP_URL": "smtp://mail:25",
		"ROLLCALL_ENTRA_CLIENT_ID": "app", "ROLLCALL_ENTRA_CLIENT_SECRET": "S3CR3T-abc",
	}
}

func TestCompleteEnvironment(t *testing.T) {
	t.Parallel()
	worker, err := config.ForWorker(complete())
	require.NoError(t, err)
	require.Equal(t, "https://rollcall.example", worker.PublicURL)
	require.Equal(t, "https://graph.microsoft.com", worker.Entra.GraphURL)
	starter, err := config.ForStarter(complete())
	require.NoError(t, err)
	require.Equal(t, ":8080", starter.Listen)
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"ROLLCALL_DATABASE_URL": "mysql://x", "ROLLCALL_PUBLIC_URL": "not a url", "ROLLCALL_KEYS": "k1:short", "ROLLCALL_CA_FILE": "/does/not/exist"}
	_, err := config.ForWorker(environment)
	for _, name := range []string{
		"ROLLCALL_DATABASE_URL", "ROLLCALL_PUBLIC_URL", "ROLLCALL_KEYS", "ROLLCALL_CA_FILE",
		"ROLLCALL_SMTP_URL is missing", "ROLLCALL_ENTRA_CLIENT_ID is missing", "ROLLCALL_ENTRA_CLIENT_SECRET is missing",
	} {
		require.ErrorContains(t, err, name)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	worker, err := config.ForWorker(complete())
	require.NoError(t, err)
	asJSON, err := json.Marshal(worker)
	require.NoError(t, err)
	for _, printed := range []string{fmt.Sprintf("%v", worker), fmt.Sprintf("%+v", worker), fmt.Sprintf("%#v", worker), string(asJSON)} {
		require.NotContains(t, printed, "hunter2")
		require.NotContains(t, printed, "S3CR3T-abc")
		require.NotContains(t, printed, worker.Keyring.PrimaryID()+":")
	}
}
