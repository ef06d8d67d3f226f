// Package config reads what the services need to know from the environment, says everything that
// is wrong with it at once, and keeps secrets out of whatever prints it.
//
// Temporal's own variables (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS_…) are read where the
// Temporal client is made.
package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/rollcall-sync/rollcall/internal/secret"
)

// Secret is a value that never prints.
type Secret string

func (Secret) String() string { return "[redacted]" }

// GoString keeps the secret out of %#v.
func (Secret) GoString() string { return "[redacted]" }

// MarshalText keeps the secret out of JSON and logs.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Entra is the app registration through which tenants of Microsoft Entra ID are read.
type Entra struct {
	ClientID     string `env:"ROLLCALL_ENTRA_CLIENT_ID"`
	ClientSecret Secret `env:"ROLLCALL_ENTRA_CLIENT_SECRET"`
	LoginURL     string `env:"ROLLCALL_ENTRA_LOGIN_URL" envDefault:"https://login.microsoftonline.com"`
	GraphURL     string `env:"ROLLCALL_GRAPH_URL" envDefault:"https://graph.microsoft.com"`
}

// SetUp says whether there is an app registration.
func (e Entra) SetUp() bool { return e.ClientID != "" }

// Google is the OAuth client through which customers of Google Workspace are read.
type Google struct {
	ClientID     string `env:"ROLLCALL_GOOGLE_CLIENT_ID"`
	ClientSecret Secret `env:"ROLLCALL_GOOGLE_CLIENT_SECRET"`
	LoginURL     string `env:"ROLLCALL_GOOGLE_LOGIN_URL" envDefault:"https://accounts.google.com"`
	APIURL       string `env:"ROLLCALL_GOOGLE_API_URL" envDefault:"https://admin.googleapis.com"`
}

// SetUp says whether there is an OAuth client.
func (g Google) SetUp() bool { return g.ClientID != "" }

// Common is what both services need. At least one of Entra and Google is set up.
type Common struct {
	DatabaseURL Secret `env:"ROLLCALL_DATABASE_URL"`
	KeyText     Secret `env:"ROLLCALL_KEYS"`
	PublicURL   string `env:"ROLLCALL_PUBLIC_URL"`
	CAFile      string `env:"ROLLCALL_CA_FILE"`
	// WebhookPrivate lets events be sent to addresses of the own network, and unencrypted.
	WebhookPrivate bool `env:"ROLLCALL_WEBHOOK_PRIVATE"`
	Entra          Entra
	Google         Google

	Keyring *secret.Keyring `env:"-"`
	RootCAs *x509.CertPool  `env:"-"` // nil: the system's
}

// Worker configures the worker.
type Worker struct {
	Common
	SMTPURL Secret `env:"ROLLCALL_SMTP_URL"`
}

// Starter configures the starter.
type Starter struct {
	Common
	Listen        string `env:"ROLLCALL_LISTEN" envDefault:":8080"`
	TemporalUIURL string `env:"ROLLCALL_TEMPORAL_UI_URL"` // for links from runs; none when empty
	// CodecToken opens the endpoint through which Temporal's Web UI decodes payloads; closed when empty.
	CodecToken Secret `env:"ROLLCALL_CODEC_TOKEN"`
	// SCIMRate is how many requests a second a SCIM token may make.
	SCIMRate int `env:"ROLLCALL_SCIM_RATE" envDefault:"500"`
}

// ForWorker reads the worker's configuration.
func ForWorker(environment map[string]string) (Worker, error) {
	c, err := env.ParseAsWithOptions[Worker](env.Options{Environment: environment})
	if err != nil {
		return c, err
	}
	return c, errors.Join(c.Common.check(), checkURL("ROLLCALL_SMTP_URL", string(c.SMTPURL), "smtp", "smtps"))
}

// ForStarter reads the starter's configuration.
func ForStarter(environment map[string]string) (Starter, error) {
	c, err := env.ParseAsWithOptions[Starter](env.Options{Environment: environment})
	if err != nil {
		return c, err
	}
	mistakes := []error{c.Common.check()}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		mistakes = append(mistakes, errors.New("ROLLCALL_LISTEN must be an address to listen on, for example :8080"))
	}
	if c.SCIMRate < 1 {
		mistakes = append(mistakes, errors.New("ROLLCALL_SCIM_RATE must be a number of requests a second, 1 at least"))
	}
	if c.TemporalUIURL != "" {
		mistakes = append(mistakes, checkURL("ROLLCALL_TEMPORAL_UI_URL", c.TemporalUIURL, "http", "https"))
	}
	return c, errors.Join(mistakes...)
}

// ForDatabase reads the database's address alone, for commands that need no more.
func ForDatabase(environment map[string]string) (Secret, error) {
	address := environment["ROLLCALL_DATABASE_URL"]
	return Secret(address), checkURL("ROLLCALL_DATABASE_URL", address, "postgres", "postgresql")
}

// check validates what both services need, and fills in what follows from it.
func (c *Common) check() error {
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	mistakes := []error{
		checkURL("ROLLCALL_DATABASE_URL", string(c.DatabaseURL), "postgres", "postgresql"),
		checkURL("ROLLCALL_PUBLIC_URL", c.PublicURL, "http", "https"),
		c.checkProviders(),
	}
	if missing := required("ROLLCALL_KEYS", string(c.KeyText)); missing != nil {
		mistakes = append(mistakes, missing)
	} else if keyring, err := secret.Parse(string(c.KeyText)); err != nil {
		mistakes = append(mistakes, fmt.Errorf("ROLLCALL_KEYS: %w", err))
	} else {
		c.Keyring = keyring
	}
	if c.CAFile != "" {
		pool, err := readCAs(c.CAFile)
		c.RootCAs = pool
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// checkProviders wants each provider whole or not at all, and one at least.
func (c *Common) checkProviders() error {
	mistakes := []error{
		checkURL("ROLLCALL_ENTRA_LOGIN_URL", c.Entra.LoginURL, "https"),
		checkURL("ROLLCALL_GRAPH_URL", c.Entra.GraphURL, "https", "http"),
		checkURL("ROLLCALL_GOOGLE_LOGIN_URL", c.Google.LoginURL, "https"),
		checkURL("ROLLCALL_GOOGLE_API_URL", c.Google.APIURL, "https", "http"),
		together("ROLLCALL_ENTRA_CLIENT_ID", c.Entra.ClientID, "ROLLCALL_ENTRA_CLIENT_SECRET", string(c.Entra.ClientSecret)),
		together("ROLLCALL_GOOGLE_CLIENT_ID", c.Google.ClientID, "ROLLCALL_GOOGLE_CLIENT_SECRET", string(c.Google.ClientSecret)),
	}
	if c.Entra.ClientID+string(c.Entra.ClientSecret)+c.Google.ClientID+string(c.Google.ClientSecret) == "" {
		mistakes = append(mistakes, errors.New("there is no directory to read: set ROLLCALL_ENTRA_CLIENT_ID and ROLLCALL_ENTRA_CLIENT_SECRET, "+
			"or ROLLCALL_GOOGLE_CLIENT_ID and ROLLCALL_GOOGLE_CLIENT_SECRET, or all four"))
	}
	return errors.Join(mistakes...)
}

// together wants both variables or neither.
func together(name, value, otherName, other string) error {
	switch {
	case value == "" && other != "":
		return fmt.Errorf("%s is missing, although %s is set", name, otherName)
	case value != "" && other == "":
		return fmt.Errorf("%s is missing, although %s is set", otherName, name)
	}
	return nil
}

func required(name, value string) error {
	if value == "" {
		return errors.New(name + " is missing")
	}
	return nil
}

// checkURL names no value, since it may hold a password.
func checkURL(name, value string, schemes ...string) error {
	if err := required(name, value); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err == nil && u.Host != "" {
		for _, scheme := range schemes {
			if u.Scheme == scheme {
				return nil
			}
		}
	}
	return fmt.Errorf("%s must be an address that begins with %s://", name, strings.Join(schemes, ":// or "))
}

func readCAs(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ROLLCALL_CA_FILE cannot be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("ROLLCALL_CA_FILE holds no certificate in PEM form")
	}
	return pool, nil
}
