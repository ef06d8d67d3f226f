// Package service holds what worker and starter have in common.
package service

import (
	"crypto/tls"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/google"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
)

// Sources are the directories that can be read: those of the providers that are set up.
func Sources(c config.Common) map[directory.Provider]source.Opener {
	sources := map[directory.Provider]source.Opener{}
	if c.Entra.SetUp() {
		sources[directory.Entra] = graph.New(graph.Options{
			ClientID: c.Entra.ClientID, ClientSecret: string(c.Entra.ClientSecret),
			LoginURL: c.Entra.LoginURL, GraphURL: c.Entra.GraphURL, RootCAs: c.RootCAs,
		})
	}
	if c.Google.SetUp() {
		sources[directory.Google] = google.New(google.Options{
			ClientID: c.Google.ClientID, ClientSecret: string(c.Google.ClientSecret),
			LoginURL: c.Google.LoginURL, APIURL: c.Google.APIURL, RootCAs: c.RootCAs,
			Unseal: func(connectionID string, sealed []byte) ([]byte, error) {
				return c.Keyring.Open(sealed, []byte("connection/"+connectionID))
			},
		})
	}
	return sources
}

// HTTPClient asks the providers' login services, in at most half a minute. It follows no redirect: a
// secret must not travel to another host.
func HTTPClient(c config.Common) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}
	return &http.Client{
		Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
