package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	texttemplate "text/template"

	gomail "github.com/wneessen/go-mail"
)

//go:embed templates
var templates embed.FS

// Invitation is the mail that asks a person to accept and so become active.
type Invitation struct {
	ID          string // of the invitation, a UUID
	To          string // address
	FirstName   string
	AccountName string
}

type invitationView struct {
	FirstName, AccountName, Link string
}

// message renders the invitation as text and HTML. Its Message-ID follows from the invitation, so
// that a mail that is sent twice is recognised as one.
func (s *Sender) message(in Invitation) (*gomail.Msg, error) {
	token, err := InvitationToken(s.keys, in.ID)
	if err != nil {
		return nil, fmt.Errorf("make invitation link: %w", err)
	}
	view := invitationView{FirstName: in.FirstName, AccountName: in.AccountName, Link: s.publicURL + "/invitations/" + token}
	var text, html bytes.Buffer
	if err := s.text.ExecuteTemplate(&text, "invitation.txt", view); err != nil {
		return nil, fmt.Errorf("render invitation text: %w", err)
	}
	if err := s.html.ExecuteTemplate(&html, "invitation.html", view); err != nil {
		return nil, fmt.Errorf("render invitation HTML: %w", err)
	}
	m := gomail.NewMsg()
	if err := m.From(s.from); err != nil {
		return nil, fmt.Errorf("set sender: %w", err)
	}
	if err := m.To(in.To); err != nil {
		return nil, &RefusedError{Permanent: true, cause: err}
	}
	m.Subject("You are invited to " + in.AccountName)
	m.SetMessageIDWithValue("invitation-" + in.ID + "@" + s.host)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, text.String())
	m.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return m, nil
}

func parseTemplates() (*texttemplate.Template, *template.Template, error) {
	text, err := texttemplate.ParseFS(templates, "templates/*.txt")
	if err != nil {
		return nil, nil, err
	}
	html, err := template.ParseFS(templates, "templates/*.html")
	return text, html, err
}
