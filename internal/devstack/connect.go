package devstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// ConnectEntra connects the account to the simulated Entra tenant, as Connect does.
func (s *Stack) ConnectEntra(ctx context.Context, a Account) (string, error) {
	return s.Connect(ctx, a, directory.Entra)
}

// ConnectGoogle connects the account to the simulated Google tenant, as Connect does.
func (s *Stack) ConnectGoogle(ctx context.Context, a Account) (string, error) {
	return s.Connect(ctx, a, directory.Google)
}

// Connect connects the account to the provider's simulated tenant, going through its pages as an
// admin would, and returns the connection's id.
func (s *Stack) Connect(ctx context.Context, a Account, provider directory.Provider) (string, error) {
	var connection struct {
		ID           string                    `json:"id"`
		AuthorizeURL string                    `json:"authorize_url"`
		State        directory.ConnectionState `json:"state"`
	}
	client := s.Client(a)
	if err := client.Call(ctx, http.MethodPost, "/v1/connections", map[string]any{"provider": provider}, &connection); err != nil {
		return "", err
	}
	if err := s.Accept(ctx, connection.AuthorizeURL); err != nil {
		return "", fmt.Errorf("give consent: %w", err)
	}
	if err := client.Call(ctx, http.MethodGet, "/v1/connections/"+connection.ID, nil, &connection); err != nil {
		return "", err
	}
	if connection.State != directory.ConnectionConnected {
		return "", fmt.Errorf("the connection is %s after consent was given", connection.State)
	}
	return connection.ID, nil
}

// maxPages is how many pages a provider may show before it sends the admin back: one to sign in, one
// to consent.
const maxPages = 4

// Accept opens an authorize_url in a browser, signs in as an administrator and accepts, page after
// page, until the simulated tenant sends the browser back to Rollcall.
func (s *Stack) Accept(ctx context.Context, authorizeURL string) error {
	browser, err := s.browser()
	if err != nil {
		return err
	}
	defer browser.CloseIdleConnections()
	address := authorizeURL
	for range maxPages {
		page, err := open(ctx, browser, address)
		if err != nil {
			return err
		}
		if strings.HasPrefix(page.address.String(), s.StarterURL()) {
			return nil
		}
		if address, err = page.accepting(); err != nil {
			return err
		}
	}
	return errors.New("the simulated tenant shows page after page and never sends the admin back")
}

// page is a page that a browser has come to.
type page struct {
	address *url.URL
	html    string
}

// open gets a page, going wherever it leads.
func open(ctx context.Context, browser *http.Client, address string) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Accept", "text/html")
	response, err := browser.Do(request)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return page{}, err
	}
	shown := page{address: response.Request.URL, html: string(body)}
	if response.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("%s answered %s: %s", shown.address.Host+shown.address.Path, response.Status, body)
	}
	return shown, nil
}

// accepting is the address of the page's link with which an administrator goes on.
func (p page) accepting() (string, error) {
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(p.html, -1) {
		target, err := p.address.Parse(html.UnescapeString(link[1]))
		if err == nil && slices.Contains([]string{"administrator", "accept"}, path.Base(target.Path)) {
			return target.String(), nil
		}
	}
	return "", fmt.Errorf("%s shows no link with which an administrator goes on", p.address.Host+p.address.Path)
}

// browser trusts the simulated tenants' certificates.
func (s *Stack) browser() (*http.Client, error) {
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, nil
}
