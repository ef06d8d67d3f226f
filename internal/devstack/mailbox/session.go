package mailbox

import (
	"io"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// session is one SMTP connection.
type session struct {
	store      *store
	refusals   *refusals
	recipients []string
}

// Mail accepts any sender.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt accepts any recipient who is not refused at the moment.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.refusals.check(to); err != nil {
		return err
	}
	s.recipients = append(s.recipients, to)
	return nil
}

// Data keeps the message. It answers only when the message is safe, and refuses one that is no valid MIME.
func (s *session) Data(r io.Reader) error {
	parsed, err := parse(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	return s.store.add(parsed, s.recipients)
}

// Reset forgets the message in progress.
func (s *session) Reset() { s.recipients = nil }

// Logout does nothing: a session holds no resources.
func (s *session) Logout() error { return nil }

// refusals are the recipients whose mail is turned away for a while.
type refusals struct {
	mu    sync.Mutex
	codes map[string]int
	made  int
}

func newRefusals() *refusals { return &refusals{codes: map[string]int{}} }

func (r *refusals) add(recipient string, code int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.codes[strings.ToLower(recipient)] = code
}

func (r *refusals) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.codes)
}

func (r *refusals) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made
}

func (r *refusals) check(recipient string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	code, refused := r.codes[strings.ToLower(recipient)]
	if !refused {
		code, refused = r.codes[""]
	}
	if !refused {
		return nil
	}
	r.made++
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 2, 0}, Message: "mailbox unavailable"}
}
