package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	kiota "github.com/microsoft/kiota-abstractions-go"
	kiotaauth "github.com/microsoft/kiota-authentication-azure-go"
	kiotahttp "github.com/microsoft/kiota-http-go"

	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

const (
	requestTimeout = 100 * time.Second // of one request with its answer, sign-in included
	maxBody        = 64 << 20          // bytes; a page of 999 users has less than 10 MiB
)

// client asks Graph about one tenant.
type client struct {
	adapter *kiotahttp.NetHttpRequestAdapter
	base    *url.URL
	proven  atomic.Bool // Graph has accepted a token of this client
	forget  func()
}

func newClient(options Options, tenantID string, web *http.Client) (*client, error) {
	base, err := parseGraphURL(options.GraphURL)
	if err != nil {
		return nil, err
	}
	credential, err := azidentity.NewClientSecretCredential(tenantID, options.ClientID, options.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{
				Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: options.LoginURL},
				Transport: web,
				Retry:     policy.RetryOptions{MaxRetries: -1},
			},
			DisableInstanceDiscovery: options.LoginURL != publicLogin,
		})
	if err != nil {
		return nil, err
	}
	scope := base.Scheme + "://" + base.Host + "/.default"
	auth, err := kiotaauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHostsAndObservabilityOptionsAndIsCaeEnabled(
		credential, []string{scope}, []string{base.Hostname()}, kiotaauth.ObservabilityOptions{}, false)
	if err != nil {
		return nil, err
	}
	adapter, err := kiotahttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, nil, nil, web)
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(base.String())
	return &client{adapter: adapter, base: base}, nil
}

// get sends one request and returns the body of a good answer. Its errors are those of
// classify, or that of a ctx that has ended.
func (c *client) get(ctx context.Context, request *kiota.RequestInformation) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var body []byte
	handler := kiota.NewRequestHandlerOption()
	handler.SetResponseHandler(func(answer any, _ kiota.ErrorMappings) (any, error) {
		response, ok := answer.(*http.Response)
		if !ok {
			return nil, fmt.Errorf("unexpected answer %T", answer)
		}
		var err error
		body, err = read(response)
		return nil, err
	})
	request.AddRequestOptions([]kiota.RequestOption{handler})
	_, err := c.adapter.SendPrimitive(limited, request, "[]byte", nil)
	switch {
	case err == nil:
		c.proven.Store(true)
		return body, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ask Microsoft Graph: %w", ctx.Err())
	}
	proven := false
	refused, ok := errors.AsType[*refusal](err)
	if ok && refused.status == http.StatusUnauthorized {
		proven = c.proven.Swap(false)
	}
	// A token from before a consent has spread is refused as long as it lives, which is an hour.
	if ok && (refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden) {
		c.forget()
	}
	return nil, classify(err, proven)
}

// owns says whether an address is one of this Graph. A token must not be sent to any other.
func (c *client) owns(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User == nil && u.Scheme == c.base.Scheme && strings.EqualFold(u.Host, c.base.Host) &&
		strings.HasPrefix(u.Path, c.base.Path+"/")
}

// read takes the body of a good answer; any other answer is a *refusal.
func read(response *http.Response) ([]byte, error) {
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, newRefusal(response, false)
	}
	var body bytes.Buffer
	if n := response.ContentLength; n > 0 && n <= maxBody {
		body.Grow(int(n) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(io.LimitReader(response.Body, maxBody+1)); err != nil {
		return nil, err
	}
	if body.Len() > maxBody {
		return nil, wire.ErrTooLong
	}
	return bytes.TrimPrefix(body.Bytes(), []byte("\ufeff")), nil
}
