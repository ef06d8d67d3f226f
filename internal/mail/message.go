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

func parseTemplates() (*texttemplate.Template, *template.Template, error) {
	text, err := texttemplate.ParseFS(templates, "templates/*.txt")
	if err != nil {
		return nil, nil, err
	}
	html, err := template.ParseFS(templates, "templates/*.html")
	return text, html, err
}

// letter is a message before it is rendered. Its id follows from what it is about, so that a mail
// that is sent twice is recognised as one.
type letter struct {
	id       string
	to       string
	subject  string
	template string // without its extension
	view     any
}

// message renders a letter as text and HTML.
func (s *Sender) message(l letter) (*gomail.Msg, error) {
	var text, html bytes.Buffer
	if err := s.text.ExecuteTemplate(&text, l.template+".txt", l.view); err != nil {
		return nil, fmt.Errorf("render text of %s: %w", l.template, err)
	}
	if err := s.html.ExecuteTemplate(&html, l.template+".html", l.view); err != nil {
		return nil, fmt.Errorf("render HTML of %s: %w", l.template, err)
	}
	m := gomail.NewMsg()
	if err := m.From(s.from); err != nil {
		return nil, fmt.Errorf("set sender: %w", err)
	}
	if err := m.To(l.to); err != nil {
		return nil, &RefusedError{Permanent: true, cause: err}
	}
	m.Subject(l.subject)
	m.SetMessageIDWithValue(l.id + "@" + s.host)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, text.String())
	m.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return m, nil
}
