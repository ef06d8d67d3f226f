package simulate

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
)

const (
	controlPrefix = "/_sim/"
	maxBody       = 2 << 30 // a directory of a million users is sent in one request
)

// Control is the control plane under /_sim/: it counts the requests of the
// vendor's API, injects faults into them, and serves the routes that a vendor's
// package adds. It is safe for concurrent use.
type Control struct {
	mux    *http.ServeMux
	faults *faults

	mu       sync.Mutex
	requests map[string]int
}

// NewControl makes a control plane. explain writes the vendor's own error body
// for a fault that has a status and no body.
func NewControl(explain func(r *http.Request, status int) []byte) *Control {
	c := &Control{mux: http.NewServeMux(), faults: &faults{explain: explain}, requests: map[string]int{}}
	c.Handle("GET /_sim/requests", c.showRequests)
	c.Handle("DELETE /_sim/requests", c.clearRequests)
	c.Handle("GET /_sim/faults", c.showFaults)
	c.Handle("POST /_sim/faults", c.addFault)
	c.Handle("DELETE /_sim/faults", c.clearFaults)
	c.Handle(controlPrefix, func(_ http.ResponseWriter, r *http.Request) error {
		return NotFound("There is no control %s %s. Compare the path and the method with the documentation.", r.Method, r.URL.Path)
	})
	return c
}

// Handle adds a route, whose pattern starts with a method and /_sim/. An error
// becomes problem JSON: a *Problem as it is, any other as an internal one.
func (c *Control) Handle(pattern string, handle func(w http.ResponseWriter, r *http.Request) error) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			writeProblem(w, err)
		}
	})
}

// Around serves the control plane and, for any other path, vendor. Faults apply
// to vendor only.
func (c *Control) Around(vendor http.Handler) http.Handler {
	faulty := c.faults.around(vendor)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, controlPrefix) {
			c.mux.ServeHTTP(w, r)
			return
		}
		c.count(r.URL.Path)
		faulty.ServeHTTP(w, r)
	})
}

// Body reads the request's body.
func Body(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return nil, Malformed("The body could not be read: %v. Send it again.", err)
	}
	return body, nil
}

func (c *Control) count(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[path]++
}

func (c *Control) showRequests(w http.ResponseWriter, _ *http.Request) error {
	c.mu.Lock()
	requests := maps.Clone(c.requests)
	c.mu.Unlock()
	WriteJSON(w, http.StatusOK, requests)
	return nil
}

func (c *Control) clearRequests(w http.ResponseWriter, _ *http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.requests)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Control) showFaults(w http.ResponseWriter, _ *http.Request) error {
	WriteJSON(w, http.StatusOK, c.faults.list())
	return nil
}

func (c *Control) addFault(w http.ResponseWriter, r *http.Request) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	var fault Fault
	if err := decoder.Decode(&fault); err != nil {
		return Malformed("The fault is not what is expected: %v. Send an object with path and any of status, headers, body, times, delay_ms, truncate_after, drop.", err)
	}
	if err := c.faults.add(fault); err != nil {
		return err
	}
	WriteJSON(w, http.StatusCreated, fault)
	return nil
}

func (c *Control) clearFaults(w http.ResponseWriter, _ *http.Request) error {
	c.faults.clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
