package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

const (
	patience   = 10 * time.Second
	maxHeaders = 64 << 10
	maxAnswer  = 64 << 10 // is read, so that the connection can be used again; more of it ends the connection
)

// Options say how messages are sent.
type Options struct {
	// Private lets messages go to addresses of the own network too, and unencrypted: for development.
	Private bool
	RootCAs *x509.CertPool // nil: the system's
	Timeout time.Duration  // for a message and its answer; 0: 10 s
}

// Client sends messages. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	private bool
}

// Message is what is sent to a receiver.
type Message struct {
	URL    string
	Secret string // whsec_…
	ID     string // the same whenever the message is sent again
	At     time.Time
	Body   []byte // JSON
}

// Error is why a receiver has not taken a message, in a sentence for the admin that repeats neither
// the URL nor the answer.
type Error struct {
	Reason string
	Gone   bool // the receiver wants no messages any more
}

func (e *Error) Error() string { return e.Reason }

// New makes a client that uses no proxy: it would be the proxy that decides which machines are reached.
func New(o Options) *Client {
	dialer := &net.Dialer{}
	if !o.Private {
		dialer.Control = refusePrivate
	}
	return &Client{private: o.Private, http: &http.Client{
		Timeout: cmp.Or(o.Timeout, patience),
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true, MaxIdleConns: 100, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxHeaders,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var errPrivate = errors.New("the address is not public")

// refusePrivate lets no connection be made to an address that is not public. It is asked with the address
// that was found for a name, right before it is used: a name that leads elsewhere by then helps nobody.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	found, err := netip.ParseAddrPort(address)
	if err != nil || !Public(found.Addr()) {
		return errPrivate
	}
	return nil
}

// Send sends a message once. Whatever a receiver answers but 2xx is an *Error; it is not led elsewhere.
// Another error is not the receiver's fault: the secret is none, or ctx is done.
func (c *Client) Send(ctx context.Context, m Message) error {
	signature, err := Sign(m.Secret, m.ID, m.At, m.Body)
	if err != nil {
		return err
	}
	if wrong := CheckURL(m.URL, c.private); wrong != "" {
		return &Error{Reason: wrong}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return &Error{Reason: "The URL cannot be used."}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Rollcall")
	request.Header.Set("Webhook-Id", m.ID)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(m.At.Unix(), 10))
	request.Header.Set("Webhook-Signature", signature)
	response, err := c.http.Do(request)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &Error{Reason: reason(err)}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // the status has said all
	return answered(response.StatusCode)
}

func answered(status int) error {
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusGone:
		return &Error{Reason: "The receiver answered 410: it wants no messages any more.", Gone: true}
	case status >= 300 && status <= 399:
		return &Error{Reason: fmt.Sprintf("The receiver answered with a redirection (%d), which is not followed. Use the URL that it leads to.", status)}
	default:
		return &Error{Reason: fmt.Sprintf("The receiver answered %d.", status)}
	}
}

// reason says what went wrong on the way to a receiver, without the texts of errors: they repeat the URL.
func reason(err error) string {
	var timeout net.Error
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errPrivate):
		return "The receiver's address is not one of the public internet. Messages are sent to nothing else."
	case errors.As(err, &name):
		return "No address was found for the receiver's name."
	case errors.As(err, &certificate):
		return "The receiver's certificate is not valid."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The receiver accepts no connections."
	case errors.As(err, &timeout) && timeout.Timeout():
		return "The receiver did not answer in time."
	default:
		return "The connection to the receiver failed."
	}
}
