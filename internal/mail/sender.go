// Package mail writes Rollcall's messages and hands them to a mail server.
//
// It knows no database: what a message is about is given to it. Text that comes from a directory
// is shown as text, never as markup, and links lead to Rollcall's own address only.
package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/mail"
	"net/url"
	"strconv"
	texttemplate "text/template"

	gomail "github.com/wneessen/go-mail"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

// Sender sends messages through one mail server. It is safe for concurrent use.
type Sender struct {
	server    *url.URL
	from      string
	host      string // right-hand side of Message-IDs
	publicURL string
	keys      *secret.Keyring
	text      *texttemplate.Template
	html      *template.Template
}

// RefusedError says that the mail server would not take one message; others may still pass.
type RefusedError struct {
	Permanent bool // it never will (an SMTP reply of the 500s)
	cause     error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("mail refused: %v", e.cause) }

func (e *RefusedError) Unwrap() error { return e.cause }

// NewSender makes a sender for a server URL such as smtp://user:password@host:587?from=rollcall@example.com
// or smtps://host. Without from, mail comes from no-reply at the host of the public URL.
func NewSender(serverURL, publicURL string, keys *secret.Keyring) (*Sender, error) {
	server, err := url.Parse(serverURL)
	if err != nil || server.Hostname() == "" || server.Scheme != "smtp" && server.Scheme != "smtps" {
		return nil, errors.New("the mail server's address must look like smtp://user:password@host:port?from=address")
	}
	public, err := url.Parse(publicURL)
	if err != nil || public.Hostname() == "" {
		return nil, errors.New("the public address must be an absolute URL")
	}
	from := cmp.Or(server.Query().Get("from"), "Rollcall <no-reply@"+domainOf(public.Hostname())+">")
	if _, err := mail.ParseAddress(from); err != nil {
		return nil, errors.New("the mail server's address has a from that is no mail address")
	}
	s := &Sender{server: server, from: from, host: public.Hostname(), publicURL: publicURL, keys: keys}
	s.text, s.html, err = parseTemplates()
	return s, err
}

// domainOf stands in for a bare IP address, which cannot be the domain of a mail address.
func domainOf(host string) string {
	if host == "localhost" || host[0] >= '0' && host[0] <= '9' || host[0] == ':' {
		return "rollcall.localhost"
	}
	return host
}

// Session is an open connection to the mail server. It is not safe for concurrent use.
type Session struct {
	sender *Sender
	client *gomail.Client
}

// Dial connects to the mail server. A server that cannot be reached is a directory.KindUnavailable error.
func (s *Sender) Dial(ctx context.Context) (*Session, error) {
	client, err := gomail.NewClient(s.server.Hostname(), s.options()...)
	if err != nil {
		return nil, fmt.Errorf("set up mail client: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, &directory.Error{Kind: directory.KindUnavailable, Code: "mail_unavailable", Message: "The mail server cannot be reached or does not let Rollcall in.", Cause: err}
	}
	return &Session{sender: s, client: client}, nil
}

func (s *Sender) options() []gomail.Option {
	options := []gomail.Option{gomail.WithHELO(s.host), gomail.WithTLSPortPolicy(gomail.TLSOpportunistic)}
	if s.server.Scheme == "smtps" {
		options = append(options, gomail.WithSSLPort(false))
	}
	if port, err := strconv.Atoi(s.server.Port()); err == nil {
		options = append(options, gomail.WithPort(port))
	}
	if user := s.server.User; user != nil {
		password, _ := user.Password()
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user.Username()), gomail.WithPassword(password))
	}
	return options
}

func (c *Session) send(l letter) error {
	m, err := c.sender.message(l)
	if err != nil {
		return err
	}
	if err = c.client.Send(m); err == nil {
		return nil
	}
	var failure *gomail.SendError
	if errors.As(err, &failure) && failure.ErrorCode() >= 400 {
		return &RefusedError{Permanent: failure.ErrorCode() >= 500, cause: err}
	}
	return &directory.Error{Kind: directory.KindUnavailable, Code: "mail_unavailable", Message: "The mail server broke off.", Cause: err}
}

// Close ends the connection.
func (c *Session) Close() { _ = c.client.Close() }
