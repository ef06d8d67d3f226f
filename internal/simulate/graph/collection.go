package graph

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const jsonType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// collection is a page of an answer.
type collection struct {
	context string // what follows $metadata#
	count   int    // -1: not asked for
	next    string // absolute links, or ""
	delta   string
	size    int                            // how many items
	item    func(dst []byte, i int) []byte // writes one
}

func writeCollection(w http.ResponseWriter, r *http.Request, c collection) {
	body := make([]byte, 0, 512+c.size*512)
	body = append(body, `{"@odata.context":`...)
	body = simulate.AppendString(body, simulate.BaseURL(r)+"/v1.0/$metadata#"+c.context)
	if c.count >= 0 {
		body = append(body, `,"@odata.count":`...)
		body = strconv.AppendInt(body, int64(c.count), 10)
	}
	if c.next != "" {
		body = simulate.AppendString(append(body, `,"@odata.nextLink":`...), c.next)
	}
	if c.delta != "" {
		body = simulate.AppendString(append(body, `,"@odata.deltaLink":`...), c.delta)
	}
	body = append(body, `,"value":[`...)
	for i := range c.size {
		if i > 0 {
			body = append(body, ',')
		}
		body = c.item(body, i)
	}
	simulate.WriteBody(w, http.StatusOK, jsonType, append(body, "]}"...))
}

func writeEntity(w http.ResponseWriter, r *http.Request, context string, p projection, object simulate.Object, extra string) {
	context = simulate.BaseURL(r) + "/v1.0/$metadata#" + context + "/$entity"
	extra = `"@odata.context":` + string(simulate.AppendString(nil, context)) + "," + extra
	simulate.WriteBody(w, http.StatusOK, jsonType, p.append(nil, object, extra))
}

func writeCount(w http.ResponseWriter, count int) {
	simulate.WriteBody(w, http.StatusOK, "text/plain", strconv.AppendInt(nil, int64(count), 10))
}

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	var known *odataError
	if !errors.As(err, &known) {
		slog.Error("simulated Graph", "error", err)
		known = &odataError{http.StatusInternalServerError, "Service_InternalServerError", "Encountered an internal server error."}
	}
	simulate.WriteBody(w, known.status, "application/json", known.body(r))
}

// contextOf names a set and the selected properties, as @odata.context does.
func contextOf(set, selects string) string {
	if selects == "" {
		return set
	}
	return set + "(" + selects + ")"
}

// place is what a $skiptoken of a list holds: the last item served.
type place struct {
	Kind int    `json:"k"`
	Seq  uint64 `json:"s"`
}

// nextLink repeats the request with another $skiptoken.
func nextLink(r *http.Request, token string) string {
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name != "" && name != "$skiptoken" && name != "%24skiptoken" {
			kept = append(kept, pair)
		}
	}
	kept = append(kept, "$skiptoken="+token)
	return simulate.BaseURL(r) + r.URL.EscapedPath() + "?" + strings.Join(kept, "&")
}

// decodeToken fills v from a token; an empty token leaves it as it is.
func decodeToken(token string, v any) error {
	if token == "" {
		return nil
	}
	if err := simulate.DecodeToken(token, v); err != nil {
		return &odataError{http.StatusBadRequest, "Directory_ExpiredPageToken",
			"The specified page token value has expired and can no longer be included in your request."}
	}
	return nil
}
