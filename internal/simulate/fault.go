package simulate

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"
)

// Fault changes how the vendor's API answers.
//
// Faults are tried in the order in which they were posted, and the first that
// matches decides; one that only delays or only adds headers lets the next ones
// be tried too. So five answers 429 followed by a 503 are two faults.
type Fault struct {
	// Path is a regular expression for the request URI, as sent and unescaped, query included.
	Path string `json:"path"`
	// Status is answered instead of the real answer; 0 with a Body: 200.
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body replaces the real body; absent with a Status: the vendor's own error body.
	Body *string `json:"body,omitempty"`
	// Times is how often the fault applies; absent or 0: until faults are deleted.
	Times   int `json:"times,omitempty"`
	DelayMS int `json:"delay_ms,omitempty"`
	// TruncateAfter cuts the connection after that many bytes of the real body; 0: not at all.
	TruncateAfter int `json:"truncate_after,omitempty"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitempty"`

	pattern *regexp.Regexp
}

func (f *Fault) check() error {
	switch {
	case f.Path == "":
		return Malformed("The fault has no path. Give a regular expression, for example \"/users\".")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return Malformed("The status %d is none that a server can answer. Use 200 to 599.", f.Status)
	case f.Times < 0 || f.DelayMS < 0 || f.TruncateAfter < 0:
		return Malformed("times, delay_ms and truncate_after cannot be negative.")
	}
	pattern, err := regexp.Compile(f.Path)
	if err != nil {
		return Malformed("The path %q is no regular expression: %v. Use Go's syntax (RE2).", f.Path, err)
	}
	f.pattern = pattern
	return nil
}

func (f *Fault) matches(r *http.Request) bool {
	uri := r.URL.RequestURI()
	if f.pattern.MatchString(uri) {
		return true
	}
	plain, err := url.QueryUnescape(uri)
	return err == nil && f.pattern.MatchString(plain)
}

func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != nil }

func (f *Fault) decides() bool { return f.replaces() || f.Drop || f.TruncateAfter > 0 }

type faults struct {
	explain func(r *http.Request, status int) []byte

	mu    sync.Mutex
	queue []Fault
}

func (f *faults) add(fault Fault) error {
	if err := fault.check(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, fault)
	return nil
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.queue...)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = nil
}

// take uses up the faults that apply to r.
func (f *faults) take(r *http.Request) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var taken, left []Fault
	decided := false
	for _, fault := range f.queue {
		if decided || !fault.matches(r) {
			left = append(left, fault)
			continue
		}
		taken = append(taken, fault)
		decided = fault.decides()
		if fault.Times != 1 {
			fault.Times = max(0, fault.Times-1)
			left = append(left, fault)
		}
	}
	f.queue = left
	return taken
}

func (f *faults) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, fault := range f.take(r) {
			if !wait(r, fault.DelayMS) || fault.Drop {
				panic(http.ErrAbortHandler)
			}
			if fault.replaces() {
				f.replace(w, r, fault)
				return
			}
			setHeaders(w, fault.Headers)
			if fault.TruncateAfter > 0 {
				w = &truncated{ResponseWriter: w, left: fault.TruncateAfter}
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (f *faults) replace(w http.ResponseWriter, r *http.Request, fault Fault) {
	status := fault.Status
	if status == 0 {
		status = http.StatusOK
	}
	var body []byte
	switch {
	case fault.Body != nil:
		body = []byte(*fault.Body)
	case status >= http.StatusBadRequest:
		body = f.explain(r, status)
	}
	if json.Valid(body) {
		w.Header().Set("Content-Type", "application/json")
	}
	setHeaders(w, fault.Headers)
	if fault.TruncateAfter > 0 && fault.TruncateAfter < len(body) {
		w = &truncated{ResponseWriter: w, left: fault.TruncateAfter}
	}
	w.WriteHeader(status)
	if _, err := bytes.NewReader(body).WriteTo(w); err != nil {
		slog.Debug("answer of a simulated tenant cut", "error", err)
	}
}

func setHeaders(w http.ResponseWriter, headers map[string]string) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
}

// wait reports whether the client was still there after the delay.
func wait(r *http.Request, milliseconds int) bool {
	if milliseconds == 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// truncated writes the first bytes and then cuts the connection.
type truncated struct {
	http.ResponseWriter
	left int
}

func (t *truncated) Write(p []byte) (int, error) {
	if len(p) < t.left {
		n, err := t.ResponseWriter.Write(p)
		t.left -= n
		return n, err
	}
	if _, err := t.ResponseWriter.Write(p[:t.left]); err != nil {
		return 0, err
	}
	if err := http.NewResponseController(t.ResponseWriter).Flush(); err != nil {
		return 0, err
	}
	panic(http.ErrAbortHandler)
}
