package mailbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
)

//go:embed pages.html
var pages embed.FS

// handler serves the API and the pages.
type handler struct {
	store *store
	pages *template.Template
}

func newHandler(messages *store) http.Handler {
	h := handler{store: messages, pages: template.Must(template.ParseFS(pages, "pages.html"))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/messages", h.list)
	mux.HandleFunc("DELETE /api/messages", h.empty)
	mux.HandleFunc("GET /{$}", h.index)
	mux.HandleFunc("GET /messages/{id}", h.show)
	return mux
}

func (h handler) list(w http.ResponseWriter, _ *http.Request) {
	messages := h.store.all()
	if messages == nil {
		messages = []Message{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(messages)
}

func (h handler) empty(w http.ResponseWriter, _ *http.Request) {
	if err := h.store.empty(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h handler) index(w http.ResponseWriter, _ *http.Request) {
	messages := h.store.all()
	slices.Reverse(messages)
	h.render(w, "index", messages)
}

func (h handler) show(w http.ResponseWriter, r *http.Request) {
	message, found := h.store.find(r.PathValue("id"))
	if !found {
		http.Error(w, "There is no such message. It may have been deleted.", http.StatusNotFound)
		return
	}
	h.render(w, "message", message)
}

func (h handler) render(w http.ResponseWriter, page string, data any) {
	var body bytes.Buffer
	if err := h.pages.ExecuteTemplate(&body, page, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w)
}

// Document is the message's HTML for a frame, with links that open outside of it.
func (m Message) Document() string {
	return `<base target="_blank">` + m.HTML
}
