package api

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const csvType = "text/csv"

// export writes changes as CSV (RFC 4180, UTF-8).
type export struct {
	response http.ResponseWriter
	lines    *csv.Writer
	begun    bool
}

func newExport(w http.ResponseWriter) *export { return &export{response: w, lines: csv.NewWriter(w)} }

func (e *export) begin() error {
	if e.begun {
		return nil
	}
	e.begun = true
	e.response.Header().Set("Content-Type", csvType+"; charset=utf-8; header=present")
	e.response.Header().Set("Content-Disposition", `attachment; filename="changes.csv"`)
	return e.lines.Write([]string{
		"id", "at", "run_id", "source", "subject_type", "subject_id", "subject_label", "source_id",
		"action", "outcome", "before", "after", "error_code", "error_message", "error_remedy", "user_id", "group_id",
	})
}

func (e *export) change(c directory.Change) error {
	if err := e.begin(); err != nil {
		return err
	}
	var codes, messages, remedies []string
	for _, p := range c.Problems {
		codes, messages, remedies = append(codes, p.Code), append(messages, p.Message), append(remedies, p.Remedy)
	}
	cells := []string{
		strconv.FormatInt(c.ID, 10), c.OccurredAt.UTC().Format(time.RFC3339Nano), text(c.RunID), string(c.Source), string(c.Subject), text(showSubject(c).ID), c.Label, text(c.SourceID),
		string(c.Action), string(c.Outcome), snapshot(c.Before), snapshot(c.After),
		strings.Join(codes, "; "), strings.Join(messages, "; "), strings.Join(remedies, "; "), text(c.UserID), text(c.GroupID),
	}
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
	return e.lines.Error()
}

// harmless keeps a spreadsheet from taking a text of the directory for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func snapshot(s *directory.Snapshot) string {
	if s == nil {
		return ""
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(encoded)
}
