// Package mailbox receives mail over SMTP on loopback and shows it, in place of a mail server, for development and tests.
// It delivers to nobody.
package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

const (
	maxMessageBytes = 32 << 20
	ioTimeout       = 30 * time.Second
)

// Options say where a mailbox listens and what it keeps.
type Options struct {
	// SMTPAddr and HTTPAddr are host:port. A free port on the host, or on 127.0.0.1, is taken for an empty or taken one.
	SMTPAddr, HTTPAddr string
	// Dir is where mail is kept, in a file that the next start reads; it is made when missing. Empty keeps mail in memory.
	Dir string
}

// Mailbox is a running mailbox.
type Mailbox struct {
	// SMTPURL is where to send mail: smtp://host:port.
	SMTPURL string
	// URL of the pages and of the API: GET and DELETE /api/messages.
	URL string

	store    *store
	refusals *refusals
	smtp     *smtp.Server
	http     *http.Server
}

// Start opens a mailbox; ctx bounds the start only.
func Start(ctx context.Context, opts Options) (*Mailbox, error) {
	messages, err := openStore(opts.Dir)
	if err != nil {
		return nil, err
	}
	smtpListener, err := listen(ctx, opts.SMTPAddr)
	if err != nil {
		return nil, errors.Join(err, messages.close())
	}
	httpListener, err := listen(ctx, opts.HTTPAddr)
	if err != nil {
		return nil, errors.Join(err, smtpListener.Close(), messages.close())
	}
	box := &Mailbox{
		SMTPURL:  "smtp://" + smtpListener.Addr().String(),
		URL:      "http://" + httpListener.Addr().String(),
		store:    messages,
		refusals: newRefusals(),
	}
	box.smtp = newSMTPServer(box)
	box.http = &http.Server{Handler: newHandler(messages), ReadHeaderTimeout: ioTimeout}
	go func() { _ = box.smtp.Serve(smtpListener) }()
	go func() { _ = box.http.Serve(httpListener) }()
	return box, nil
}

// Messages returns all mail, oldest first.
func (m *Mailbox) Messages() []Message { return m.store.all() }

// Refuse answers every attempt to write to the recipient with the SMTP code (450 means later, 550 never) until Release; the
// empty recipient means everyone.
func (m *Mailbox) Refuse(recipient string, code int) { m.refusals.add(recipient, code) }

// Release ends all refusals.
func (m *Mailbox) Release() { m.refusals.clear() }

// Refused is the number of attempts refused so far.
func (m *Mailbox) Refused() int { return m.refusals.count() }

// Stop closes the mailbox. What was accepted is kept.
func (m *Mailbox) Stop() error {
	if err := errors.Join(m.smtp.Close(), m.http.Close(), m.store.close()); err != nil {
		return fmt.Errorf("stop mailbox: %w", err)
	}
	return nil
}

func newSMTPServer(box *Mailbox) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{store: box.store, refusals: box.refusals}, nil
	}))
	server.Domain = "mailbox.localhost"
	server.MaxMessageBytes = maxMessageBytes
	server.ReadTimeout, server.WriteTimeout = ioTimeout, ioTimeout
	server.EnableSMTPUTF8 = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	address = cmp.Or(address, loopback.Address(0))
	if listener, err := config.Listen(ctx, "tcp", address); err == nil {
		return listener, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}
