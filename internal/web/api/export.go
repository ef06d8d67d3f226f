package api

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const csvType = "text/csv"

// patience is how long a reader of an export may take for some hundred lines before the connection ends.
const patience = 5 * time.Minute

// linesOfPatience is how many lines a reader has that long for.
const linesOfPatience = 200

// byteOrderMark tells a spreadsheet that what follows is UTF-8.
const byteOrderMark = "\ufeff"

// export writes changes as CSV for a spreadsheet: RFC 4180, UTF-8 with a byte order mark, one line a change.
type export struct {
	response http.ResponseWriter
	lines    *csv.Writer
	zone     *time.Location
	words    wording
	written  int
}

// newExport shows times in the account's zone and fields by their names.
func newExport(w http.ResponseWriter, account directory.Account, fields []directory.Field) *export {
	zone, err := time.LoadLocation(account.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	e := &export{response: w, lines: csv.NewWriter(w), zone: zone, words: newWording(fields)}
	e.lines.UseCRLF = true
	return e
}

func (e *export) begun() bool { return e.written > 0 }

func (e *export) begin() error {
	if e.begun() {
		return nil
	}
	e.response.Header().Set("Content-Type", csvType+"; charset=utf-8; header=present")
	e.response.Header().Set("Content-Disposition", `attachment; filename="sync-log.csv"`)
	return e.write(
		byteOrderMark+"at", "source", "action", "outcome", "subject_type", "subject_label", "changed",
		"error_code", "error_message", "error_remedy", "run_id", "subject_id", "user_id", "group_id", "source_id", "id",
	)
}

func (e *export) change(c directory.Change) error {
	if err := e.begin(); err != nil {
		return err
	}
	var codes, messages, remedies []string
	for _, p := range c.Problems {
		codes, messages, remedies = append(codes, p.Code), append(messages, p.Message), append(remedies, p.Remedy)
	}
	return e.write(
		c.OccurredAt.In(e.zone).Format(time.RFC3339), string(c.Source), string(c.Action), string(c.Outcome), string(c.Subject), c.Label,
		e.words.difference(c.Before, c.After),
		strings.Join(codes, "; "), strings.Join(messages, "; "), strings.Join(remedies, "; "),
		text(c.RunID), text(showSubject(c).ID), text(c.UserID), text(c.GroupID), text(c.SourceID), strconv.FormatInt(c.ID, 10),
	)
}

func (e *export) write(cells ...string) error {
	if e.written%linesOfPatience == 0 {
		// A connection that knows no deadline has no patience to lose.
		_ = http.NewResponseController(e.response).SetWriteDeadline(time.Now().Add(patience))
	}
	e.written++
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return e.lines.Write(cells)
}

func (e *export) close() error {
	if err := e.begin(); err != nil {
		return err
	}
	e.lines.Flush()
	if err := e.lines.Error(); err != nil {
		return err
	}
	_ = http.NewResponseController(e.response).SetWriteDeadline(time.Time{})
	return nil
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
