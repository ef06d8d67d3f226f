package api

import (
	"context"
	"encoding/csv"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const csvType = "text/csv"

// patience is how long a reader of an export may take for some hundred lines before the connection ends.
const patience = 5 * time.Minute

// linesOfPatience is how many lines a reader has that long for.
const linesOfPatience = 200

// byteOrderMark tells a spreadsheet that what follows is UTF-8.
const byteOrderMark = "\ufeff"

// sheet is CSV for a spreadsheet: RFC 4180, UTF-8 with a byte order mark, the first line its columns.
type sheet struct {
	response http.ResponseWriter
	lines    *csv.Writer
	name     string // of the file
	columns  []string
	written  int
}

func newSheet(w http.ResponseWriter, name string, columns ...string) *sheet {
	s := &sheet{response: w, lines: csv.NewWriter(w), name: name, columns: columns}
	s.lines.UseCRLF = true
	return s
}

func (s *sheet) begun() bool { return s.written > 0 }

func (s *sheet) begin() error {
	if s.begun() {
		return nil
	}
	s.response.Header().Set("Content-Type", csvType+"; charset=utf-8; header=present")
	s.response.Header().Set("Content-Disposition", `attachment; filename="`+s.name+`.csv"`)
	columns := append([]string{byteOrderMark + s.columns[0]}, s.columns[1:]...)
	return s.write(columns)
}

// line writes one cell for each column.
func (s *sheet) line(cells ...string) error {
	if err := s.begin(); err != nil {
		return err
	}
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return s.write(cells)
}

func (s *sheet) write(cells []string) error {
	if s.written%linesOfPatience == 0 {
		// A connection that knows no deadline has no patience to lose.
		_ = http.NewResponseController(s.response).SetWriteDeadline(time.Now().Add(patience))
	}
	s.written++
	return s.lines.Write(cells)
}

func (s *sheet) close() error {
	if err := s.begin(); err != nil {
		return err
	}
	s.lines.Flush()
	if err := s.lines.Error(); err != nil {
		return err
	}
	_ = http.NewResponseController(s.response).SetWriteDeadline(time.Time{})
	return nil
}

// exported answers with a sheet that fill fills. An error before the first line is a problem like any
// other; one after it breaks the answer off, so that nobody takes a part for the whole.
func (s *api) exported(sheet func(http.ResponseWriter) *sheet, fill func(context.Context, *sheet) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		out := sheet(w)
		err := fill(hc.Context(), out)
		if err == nil {
			err = out.close()
		}
		switch {
		case err != nil && !out.begun():
			s.report.Write(w, r, err)
		case err != nil:
			s.report.Of(hc.Context(), err)
			panic(http.ErrAbortHandler)
		}
	}}
}

// answered answers with JSON where the answer could have been a sheet.
func (s *api) answered(body any) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		hc.SetStatus(http.StatusOK)
		if err := s.huma.Marshal(hc.BodyWriter(), "application/json", body); err != nil {
			panic(http.ErrAbortHandler)
		}
	}}
}

// describeForms describes the two forms of the answer, which a stream does not show.
func describeForms[T any](s *api) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{
			Description: "OK",
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: s.schema(reflect.TypeFor[T]())},
				csvType:            {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}
	}
}

// wantsCSV says whether CSV comes before JSON among what the caller accepts.
func wantsCSV(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case csvType:
			return true
		case "application/json":
			return false
		}
	}
	return false
}

// harmless is a cell on one line that no spreadsheet takes for a formula, not even one that skips
// blanks before it or that reads wide letters as narrow ones.
// https://owasp.org/www-community/attacks/CSV_Injection
func harmless(cell string) string {
	begins := strings.TrimLeftFunc(cell, func(r rune) bool { return unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Cf) })
	if strings.IndexAny(begins, "=+-@＝＋－＠") == 0 || strings.IndexFunc(cell, unicode.IsControl) == 0 {
		cell = "'" + cell
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, cell)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
