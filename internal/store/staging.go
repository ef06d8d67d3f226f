package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// CodePageStale is the code of a page that is not the one that the run reads next: another worker
// has staged it.
const CodePageStale = "page_stale"

// StagePage is one page of a source, mapped, with the cursor that it was read at and the next.
type StagePage struct {
	RunID        string
	Cursor       string // empty on the first page
	Next         string // empty on the last page
	Records      []mapping.Record
	Fingerprints [][]byte // of the records, by index; nil for a record with problems
}

// FetchProgress is how far a run has read its source, and how it reads it.
type FetchProgress struct {
	Mode      directory.RunMode
	Cursor    string
	Announced int // people that the source said it has, before the first page of all; -1: it was not asked
	Read      int // records, or changed people, that the source gave
	Fetched   int // of the records, those in scope
	Pages     int
	Done      bool
	Ended     bool // the source is asked nothing more: what was read is whole, and who is missing was looked up
}

// StagePage keeps a page, but for the records that are out of the run's scope, and moves the run's
// cursor past it, both or neither, and says how many records the source has given so far. A page
// that was staged already changes nothing and is the error CodePageStale, after which FetchProgress
// says where to go on; a cursor that was read before is directory.CodeRepeatedPage.
func (s *Store) StagePage(ctx context.Context, p StagePage) (int, error) {
	var after struct {
		Read   int  `db:"read"`
		Scoped bool `db:"scoped"`
	}
	err := s.inTx(ctx, "stage page", func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &after, `
			UPDATE runs SET fetch_cursor = $3, fetch_done = $3 = '', pages = pages + 1, read = read + $4,
			       fetched = fetched + CASE WHEN settings->'scope'->>'kind' = 'groups' THEN 0 ELSE $4 END,
			       stage_done = CASE WHEN stage = 'fetch' THEN read + $4 ELSE stage_done END
			WHERE id = $1 AND fetch_cursor = $2 AND mode = 'full' AND NOT fetch_done AND finished_at IS NULL AND planned_at IS NULL
			RETURNING read, coalesce(settings->'scope'->>'kind' = 'groups', false) AS scoped`, p.RunID, p.Cursor, p.Next, len(p.Records))
		if errors.Is(err, sql.ErrNoRows) {
			return refusePage(ctx, tx, p.RunID)
		}
		if err != nil {
			return found("run", err)
		}
		if err := notePage(ctx, tx, p.RunID, p.Cursor, p.Cursor); err != nil {
			return err
		}
		if after.Scoped {
			if err := p.keepScope(ctx, tx); err != nil {
				return err
			}
		}
		return stageRecords(ctx, tx, p.RunID, p.Records, p.Fingerprints)
	})
	return after.Read, err
}

// notePage notes that a page was read; key is what it is known by within its run, token is the
// source's.
func notePage(ctx context.Context, tx *sqlx.Tx, runID, key, token string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO fetched_pages (run_id, cursor) VALUES ($1, $2)`, runID, tokenHash(key))
	return namePage(err, token)
}

// namePage says which page it was that came back. Only the end of its token is shown: a token can
// hold the address of the person whom the page begins after.
func namePage(err error, token string) error {
	var refused *pq.Error
	if !errors.As(err, &refused) || refused.Constraint != "fetched_pages_once" {
		return err
	}
	const shown = 12
	if runes := []rune(token); len(runes) > shown {
		token = "…" + string(runes[len(runes)-shown:])
	}
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeRepeatedPage, Permanent: true,
		Message: fmt.Sprintf("The directory gave a page token ('%s') that it had given before, so its list would never end. Nobody was removed.", token),
		Remedy:  "Sync again; if it happens again, tell the provider's support.",
	}
}

func refusePage(ctx context.Context, tx *sqlx.Tx, runID string) error {
	if _, err := lockRun(ctx, tx, runID); err != nil {
		return err
	}
	return &directory.Error{Kind: directory.KindUnavailable, Code: CodePageStale, Message: "The run has moved past this page."}
}

// stageRecords writes records. One whose id the run has seen already replaces it: that is rare, so
// they are first written as if it were not.
func stageRecords(ctx context.Context, tx *sqlx.Tx, runID string, records []mapping.Record, fingerprints [][]byte) error {
	rows, err := stagedRows(runID, records, fingerprints)
	if err != nil || len(rows) == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `SAVEPOINT page`); err != nil {
		return err
	}
	err = copyStaged(ctx, tx, "staged_users", rows)
	var refused *pq.Error
	if !errors.As(err, &refused) || refused.Constraint != "staged_users_pkey" {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
		ROLLBACK TO SAVEPOINT page; CREATE TEMP TABLE page (LIKE staged_users) ON COMMIT DROP`); err != nil {
		return err
	}
	if err := copyStaged(ctx, tx, "page", rows); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO staged_users SELECT * FROM page
		ON CONFLICT (run_id, source_id) DO UPDATE SET enabled = excluded.enabled, complete = excluded.complete, email_key = excluded.email_key,
		       mapped = excluded.mapped, people = excluded.people, problems = excluded.problems, fingerprint = excluded.fingerprint`)
	return err
}

func copyStaged(ctx context.Context, tx *sqlx.Tx, table string, rows [][]any) error {
	return copyRows(ctx, tx, rows, table, "run_id", "source_id", "enabled", "complete", "email_key", "mapped", "people", "problems", "fingerprint")
}

// stagedRows are the rows of records, the last one of each.
func stagedRows(runID string, records []mapping.Record, fingerprints [][]byte) ([][]any, error) {
	rows := make([][]any, 0, len(records))
	at := make(map[string]int, len(records))
	for i, record := range records {
		id := storable(record.SourceID)
		mapped, err := json.Marshal(record.Values)
		if err != nil {
			return nil, err
		}
		people, err := encodePeople(record.People)
		if err != nil {
			return nil, err
		}
		problems, err := encodeProblems(record.Problems)
		if err != nil {
			return nil, err
		}
		row := []any{runID, id, record.Enabled, complete(record), orNull(emailKeyOf(record)), string(mapped), orNull(people), orNull(problems), bytesOrNull(fingerprints[i])}
		if before, seen := at[id]; seen {
			rows[before] = row
			continue
		}
		at[id] = len(rows)
		rows = append(rows, row)
	}
	return rows, nil
}

// complete says whether the record has all mandatory values.
func complete(record mapping.Record) bool {
	for _, field := range []string{directory.FieldFirstName, directory.FieldLastName, directory.FieldEmail} {
		if value, ok := record.Values[field].(string); !ok || value == "" {
			return false
		}
	}
	return true
}

// encodePeople writes whom fields of type person name, addresses as they are compared.
func encodePeople(people map[string]string) (*string, error) {
	if len(people) == 0 {
		return nil, nil
	}
	named := make(map[string]string, len(people))
	for target, reference := range people {
		if strings.Contains(reference, "@") {
			reference = directory.EmailKey(reference)
		}
		named[target] = storable(reference)
	}
	encoded, err := json.Marshal(named)
	text := string(encoded)
	return &text, err
}

func encodeProblems(problems []directory.Problem) (*string, error) {
	if len(problems) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(problems)
	text := string(encoded)
	return &text, err
}

func emailKeyOf(record mapping.Record) *string {
	address, ok := record.Values[directory.FieldEmail].(string)
	if !ok || address == "" {
		return nil
	}
	key := storable(directory.EmailKey(address))
	return &key
}

// storable is text without what PostgreSQL's text cannot hold: the character U+0000 goes, bytes
// that are no UTF-8 become U+FFFD.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

// FetchProgress is how far a run has read its source, so that reading can go on there.
func (s *Store) FetchProgress(ctx context.Context, runID string) (FetchProgress, error) {
	var p FetchProgress
	err := s.db.QueryRowContext(ctx, `
		SELECT mode, fetch_cursor, announced, read, fetched, pages, fetch_done, read_done FROM runs WHERE id = $1`, runID).
		Scan(&p.Mode, &p.Cursor, &p.Announced, &p.Read, &p.Fetched, &p.Pages, &p.Done, &p.Ended)
	return p, wrap("load progress", found("run", err))
}

// Staged is how many different records a run has staged.
func (s *Store) Staged(ctx context.Context, runID string) (int, error) {
	var n int
	err := s.db.GetContext(ctx, &n, `SELECT count(*) FROM staged_users WHERE run_id = $1`, runID)
	return n, wrap("count staged records", found("run", err))
}
