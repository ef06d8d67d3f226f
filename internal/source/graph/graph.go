// Package graph reads the people and groups of a Microsoft Entra ID tenant through Microsoft Graph v1.0.
//
// It signs in as Rollcall's app registration (client credentials of the tenant) and builds its
// requests with Microsoft's SDK, but decodes the answers itself: the SDK's models make fifty
// times the allocations. It never tries again by itself; its errors say whether, and when, another
// try makes sense. All of the project's imports of the SDK are here, because it takes minutes
// to build. It knows no database and no mapping.
package graph

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// The services of Microsoft's public cloud.
const (
	publicLogin = "https://login.microsoftonline.com"
	publicGraph = "https://graph.microsoft.com"
)

// Options say who Rollcall is to Microsoft, and where Microsoft's services are.
type Options struct {
	ClientID     string // of Rollcall's app registration
	ClientSecret string
	LoginURL     string         // empty: the public cloud's; must be https
	GraphURL     string         // without version; empty: the public cloud's; must be https unless it is on this machine
	RootCAs      *x509.CertPool // nil: those of the system
}

// Opener opens tenants of Microsoft Entra ID. It keeps a credential for each tenant, so that
// access tokens are used until they expire. It is safe for concurrent use.
type Opener struct {
	options Options
	http    *http.Client

	mu      sync.Mutex
	clients map[string]*client // by tenant id
}

// New makes an opener. What is wrong with the options shows when a connection is opened.
func New(options Options) *Opener {
	options.LoginURL = strings.TrimSuffix(cmp.Or(options.LoginURL, publicLogin), "/")
	options.GraphURL = strings.TrimSuffix(cmp.Or(options.GraphURL, publicGraph), "/")
	return &Opener{options: options, http: newHTTPClient(options.RootCAs), clients: map[string]*client{}}
}

// Open opens the tenant of a connection, without asking Microsoft for anything. A connection
// that has no tenant yet is a Conflict.
func (o *Opener) Open(_ context.Context, connection directory.Connection) (source.Source, error) {
	if connection.Tenant == nil || connection.Tenant.ID == "" {
		return nil, &directory.Error{
			Kind: directory.KindConflict, Code: "connection_pending", Permanent: true,
			Message: "The connection to Microsoft Entra ID has no tenant yet.",
			Remedy:  "An administrator of the tenant has to give consent first.",
		}
	}
	client, err := o.client(connection.Tenant.ID)
	if err != nil {
		return nil, permanent(directory.CodeSourceRefused,
			"Rollcall's access to Microsoft Entra ID is not set up rightly.",
			"Check Rollcall's client id, client secret, sign-in URL and Graph URL for Microsoft Entra ID.", err)
	}
	return &tenant{id: connection.Tenant.ID, client: client}, nil
}

func (o *Opener) client(tenantID string) (*client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.clients[tenantID]; ok {
		return known, nil
	}
	made, err := newClient(o.options, tenantID, o.http)
	if err != nil {
		return nil, fmt.Errorf("open tenant %s: %w", tenantID, err)
	}
	made.forget = func() { o.forget(tenantID, made) }
	o.clients[tenantID] = made
	return made, nil
}

// forget drops a client whose token is refused: the next one signs in anew.
func (o *Opener) forget(tenantID string, refused *client) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.clients[tenantID] == refused {
		delete(o.clients, tenantID)
	}
}

// newHTTPClient makes the client of both services. It follows no redirect: neither service
// sends one, and a token must not travel to another host.
func newHTTPClient(roots *x509.CertPool) *http.Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
	return &http.Client{
		Transport:     unchallenged{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// unchallenged hides claims challenges from the SDK, which would answer one with a second
// request of its own, and panics where one is malformed.
type unchallenged struct{ next http.RoundTripper }

func (u unchallenged) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := u.next.RoundTrip(r)
	if err == nil {
		response.Header.Del("WWW-Authenticate")
	}
	return response, err
}

// parseGraphURL checks the address of Graph and adds the version of the API.
func parseGraphURL(address string) (*url.URL, error) {
	base, err := url.Parse(address + "/v1.0")
	if err != nil {
		return nil, fmt.Errorf("the Graph URL is no URL: %w", err)
	}
	if base.Host == "" || base.RawQuery != "" || base.Scheme != "https" && !loopback(base.Hostname()) {
		return nil, fmt.Errorf("the Graph URL %q is not like %s", address, publicGraph)
	}
	return base, nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }
