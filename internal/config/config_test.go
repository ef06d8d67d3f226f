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
		"ROLLCALL_GOOGLE_CLIENT_ID": "client", "ROLLCALL_GOOGLE_CLIENT_SECRET": "S3CR3T-def",
	}
}

func TestCompleteEnvironment(t *testing.T) {
	t.Parallel()
	worker, err := config.ForWorker(complete())
	require.NoError(t, err)
	require.Equal(t, "https://rollcall.example", worker.PublicURL)
	require.Equal(t, "https://graph.microsoft.com", worker.Entra.GraphURL)
	require.Equal(t, "https://accounts.google.com", worker.Google.LoginURL)
	require.Equal(t, "https://admin.googleapis.com", worker.Google.APIURL)
	starter, err := config.ForStarter(complete())
	require.NoError(t, err)
	require.Equal(t, ":8080", starter.Listen)
	require.Equal(t, 500, starter.SCIMRate)
}

func TestRateOfSCIM(t *testing.T) {
	t.Parallel()
	environment := complete()
	environment["ROLLCALL_SCIM_RATE"] = "20000"
	starter, err := config.ForStarter(environment)
	require.NoError(t, err)
	require.Equal(t, 20000, starter.SCIMRate)
	environment["ROLLCALL_SCIM_RATE"] = "0"
	_, err = config.ForStarter(environment)
	require.ErrorContains(t, err, "ROLLCALL_SCIM_RATE must be")
}

func TestPrivateWebhooks(t *testing.T) {
	t.Parallel()
	for text, private := range map[string]bool{"": false, "false": false, "true": true} {
		environment := complete()
		environment["ROLLCALL_WEBHOOK_PRIVATE"] = text
		worker, err := config.ForWorker(environment)
		require.NoError(t, err)
		require.Equal(t, private, worker.WebhookPrivate, text)
		starter, err := config.ForStarter(environment)
		require.NoError(t, err)
		require.Equal(t, private, starter.WebhookPrivate, text)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"ROLLCALL_DATABASE_URL": "mysql://x", "ROLLCALL_PUBLIC_URL": "not a url", "ROLLCALL_KEYS": "k1:short", "ROLLCALL_CA_FILE": "/does/not/exist",
		"ROLLCALL_ENTRA_LOGIN_URL": "http://login.example", "ROLLCALL_GOOGLE_API_URL": "admin.example", "ROLLCALL_GOOGLE_LOGIN_URL": "http://accounts.example"}
	_, err := config.ForWorker(environment)
	for _, name := range []string{
		"ROLLCALL_DATABASE_URL", "ROLLCALL_PUBLIC_URL", "ROLLCALL_KEYS", "ROLLCALL_CA_FILE",
		"ROLLCALL_SMTP_URL is missing", "ROLLCALL_ENTRA_LOGIN_URL must", "ROLLCALL_GOOGLE_API_URL must", "ROLLCALL_GOOGLE_LOGIN_URL must",
		"ROLLCALL_ENTRA_CLIENT_ID and ROLLCALL_ENTRA_CLIENT_SECRET, or ROLLCALL_GOOGLE_CLIENT_ID and ROLLCALL_GOOGLE_CLIENT_SECRET",
	} {
		require.ErrorContains(t, err, name)
	}
}

func TestOneProviderIsEnough(t *testing.T) {
	t.Parallel()
	const (
		entraID, entraSecret   = "ROLLCALL_ENTRA_CLIENT_ID", "ROLLCALL_ENTRA_CLIENT_SECRET"
		googleID, googleSecret = "ROLLCALL_GOOGLE_CLIENT_ID", "ROLLCALL_GOOGLE_CLIENT_SECRET"
	)
	for name, c := range map[string]struct {
		unset         []string
		entra, google bool
		mistakes      []string
	}{
		"both":          {nil, true, true, nil},
		"Entra alone":   {[]string{googleID, googleSecret}, true, false, nil},
		"Google alone":  {[]string{entraID, entraSecret}, false, true, nil},
		"half of each":  {[]string{entraID, googleSecret}, false, true, []string{entraID + " is missing", googleSecret + " is missing"}},
		"other half":    {[]string{entraSecret, googleID}, true, false, []string{entraSecret + " is missing", googleID + " is missing"}},
		"none is there": {[]string{entraID, entraSecret, googleID, googleSecret}, false, false, []string{"there is no directory to read"}},
	} {
		t.Run(name, func(t *testing.T) {
			environment := complete()
			for _, variable := range c.unset {
				environment[variable] = "" // as a container file passes on what is not set
			}
			starter, err := config.ForStarter(environment)
			require.Equal(t, c.entra, starter.Entra.SetUp())
			require.Equal(t, c.google, starter.Google.SetUp())
			if c.mistakes == nil {
				require.NoError(t, err)
			}
			for _, mistake := range c.mistakes {
				require.ErrorContains(t, err, mistake)
			}
		})
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
		require.NotContains(t, printed, "S3CR3T")
		require.NotContains(t, printed, worker.Keyring.PrimaryID()+":")
	}
}
