package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

//go:embed pages
var pageFiles embed.FS

// pages are the templates and the style sheet, parsed once.
type pages struct {
	message *template.Template
	docs    *template.Template
	style   []byte
}

func loadPages() (*pages, error) {
	style, err := pageFiles.ReadFile("pages/rollcall.css")
	if err != nil {
		return nil, err
	}
	message, err := template.ParseFS(pageFiles, "pages/layout.html", "pages/message.html")
	if err != nil {
		return nil, err
	}
	docs, err := template.ParseFS(pageFiles, "pages/layout.html", "pages/docs.html")
	return &pages{message: message, docs: docs, style: style}, err
}

// message is a page that says one thing, and has one button at most.
type message struct {
	Title  string
	Text   []string
	Button string // posts to the page's own address
}

func (s *site) render(w http.ResponseWriter, r *http.Request, status int, t *template.Template, data any) {
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "layout.html", data); err != nil {
		s.report.Write(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// The client is gone if this fails: there is nobody to tell.
	_, _ = w.Write(page.Bytes())
}

func (s *site) say(w http.ResponseWriter, r *http.Request, status int, m message) {
	s.render(w, r, status, s.pages.message, m)
}

// refuse shows an error as a page to a person, as a problem to a program.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, title string, err error) {
	if wantsJSON(r) {
		s.report.Write(w, r, err)
		return
	}
	p := s.report.Of(r.Context(), err)
	text := []string{p.Detail}
	if p.Code == problem.CodeInternal {
		text = append(text, "Request id: "+p.RequestID)
	}
	s.say(w, r, p.Status, message{Title: title, Text: text})
}

func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
