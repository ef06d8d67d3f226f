// Package google reads the people and groups of a customer of Google Workspace through the Directory
// API of its Admin SDK.
//
// It signs in with the refresh token that an administrator's consent gave, and sends its requests with
// Google's generated client, but decodes the answers itself: the generated models do not keep what a
// user has as it is. It never tries again by itself; its errors say whether, and when, another try
// makes sense. All of the project's imports of google.golang.org/api are here. It knows no database
// and no mapping.
package google

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// Google's public services.
const (
	publicLogin  = "https://accounts.google.com"
	publicToken  = "https://oauth2.googleapis.com/token"
	publicRevoke = "https://oauth2.googleapis.com/revoke"
	publicAPI    = "https://admin.googleapis.com"
)

// Options say who Rollcall is to Google, and where Google's services are.
type Options struct {
	ClientID     string // of Rollcall's OAuth client
	ClientSecret string
	// APIURL is the Directory API without path; empty: Google's. It must be https unless it is on this machine.
	APIURL string
	// LoginURL is the sign-in service; empty: Google's. Any other has its token endpoint at /token,
	// and takes tokens back at /revoke. It must be https unless it is on this machine.
	LoginURL string
	RootCAs  *x509.CertPool // nil: those of the system
	// Unseal opens the sealed refresh token of a connection.
	Unseal func(connectionID string, sealed []byte) ([]byte, error)
}

// Opener opens customers of Google Workspace. It keeps a client with the tokens of each connection
// until it is to forget the connection. It is safe for concurrent use.
type Opener struct {
	options Options
	http    *http.Client

	mu      sync.Mutex
	clients map[string]keptClient // by connection id
}

// keptClient is a client with the digest of the sealed secret that it was made from.
type keptClient struct {
	*client
	secret [sha256.Size]byte
}

// New makes an opener. What is wrong with the options shows when a connection is opened.
func New(options Options) *Opener {
	options.LoginURL = strings.TrimSuffix(cmp.Or(options.LoginURL, publicLogin), "/")
	options.APIURL = strings.TrimSuffix(cmp.Or(options.APIURL, publicAPI), "/")
	return &Opener{options: options, http: newHTTPClient(options.RootCAs), clients: map[string]keptClient{}}
}

// Open opens the customer of a connection, without asking Google for anything. A connection that has
// no secret yet is a Conflict; one that has no tenant yet answers for whichever its consent is about.
func (o *Opener) Open(_ context.Context, connection directory.Connection) (source.Source, error) {
	if len(connection.Secret) == 0 {
		return nil, &directory.Error{
			Kind: directory.KindConflict, Code: "connection_pending", Permanent: true,
			Message: "The connection to Google Workspace has no consent yet.",
			Remedy:  "An administrator of the Google Workspace account has to give consent first.",
		}
	}
	client, err := o.client(connection)
	if err != nil {
		return nil, permanent(directory.CodeSourceRefused,
			"Rollcall's access to Google Workspace is not set up rightly.",
			"Check Rollcall's client id, client secret, sign-in URL and API URL for Google, and its encryption keys.", err)
	}
	opened := &tenant{client: client}
	if connection.Tenant != nil {
		opened.id = connection.Tenant.ID
	}
	return opened, nil
}

func (o *Opener) client(connection directory.Connection) (*client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	digest := sha256.Sum256(connection.Secret)
	if known, ok := o.clients[connection.ID]; ok && known.secret == digest {
		return known.client, nil
	}
	if err := o.options.check(); err != nil {
		return nil, err
	}
	refresh, err := o.options.Unseal(connection.ID, connection.Secret)
	if err != nil {
		return nil, fmt.Errorf("unseal connection %s: %w", connection.ID, err)
	}
	made, err := newClient(o.options, string(refresh), o.http)
	if err != nil {
		return nil, fmt.Errorf("open connection %s: %w", connection.ID, err)
	}
	o.clients[connection.ID] = keptClient{made, digest}
	return made, nil
}

func (o Options) check() error {
	if o.ClientID == "" || o.ClientSecret == "" || o.Unseal == nil {
		return errors.New("the client id, the client secret or the key is missing")
	}
	for _, address := range []string{o.APIURL, o.LoginURL} {
		u, err := url.Parse(address)
		if err != nil {
			return fmt.Errorf("a URL of Google is no URL: %w", err)
		}
		if u.Host == "" || u.RawQuery != "" || u.Scheme != "https" && !loopback(u) {
			return fmt.Errorf("the URL %q is not like %s", address, publicAPI)
		}
	}
	return nil
}

func loopback(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")
}

func (o Options) tokenURL() string {
	if o.LoginURL == publicLogin {
		return publicToken
	}
	return o.LoginURL + "/token"
}

func (o Options) revocationURL() string {
	if o.LoginURL == publicLogin {
		return publicRevoke
	}
	return o.LoginURL + "/revoke"
}

// newHTTPClient makes the client of both services. It follows no redirect: neither service sends one,
// and a token must not travel to another host.
func newHTTPClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 8,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
