package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// selectCandidates are the staged records that must be looked at: those that are new or changed
// since they were last applied, and those that have an address in common with one of these. (Two
// unchanged ones have none in common, since their users hold their addresses.) Of the records with
// an address, claims are the enabled ones that have a user or could become one. A disabled record
// does not keep its address from an enabled one. A holder without a record keeps the address unless
// the run takes them for gone. Nothing but the first part costs anything when nothing has changed.
const selectCandidates = `
	WITH reading AS MATERIALIZED (` + selectReading + `
	), changed AS MATERIALIZED (
		SELECT s.source_id
		FROM staged_users s
		LEFT JOIN links l ON l.connection_id = $2 AND l.source_id = s.source_id
		LEFT JOIN users u ON u.id = l.user_id
		WHERE s.run_id = $1 AND (l.fingerprint = s.fingerprint AND l.user_version = u.version) IS NOT TRUE
	), shared AS MATERIALIZED (
		SELECT email_key FROM staged_users
		WHERE run_id = $1 AND email_key IS NOT NULL AND EXISTS (SELECT 1 FROM changed)
		GROUP BY email_key HAVING count(*) > 1
	), addresses AS MATERIALIZED (
		SELECT d.email_key, count(*) FILTER (WHERE s.enabled AND (s.complete OR l.user_id IS NOT NULL)) AS claims
		FROM shared d
		JOIN staged_users s ON s.run_id = $1 AND s.email_key = d.email_key
		LEFT JOIN links l ON l.connection_id = $2 AND l.source_id = s.source_id
		GROUP BY d.email_key
	), looked_at AS MATERIALIZED (
		SELECT source_id FROM changed
		UNION ALL
		SELECT s.source_id FROM shared d JOIN staged_users s ON s.run_id = $1 AND s.email_key = d.email_key
		WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.source_id = s.source_id)
	)
	SELECT s.source_id, s.enabled, s.mapped, s.problems, s.fingerprint, coalesce(d.claims, 0),
	       coalesce(s.enabled AND (s.complete OR l.user_id IS NOT NULL) AND d.claims > 0, false),
	       row_to_json(u), row_to_json(h), hl.source_id,
	       hs.source_id IS NOT NULL OR NOT ` + takenForGone + `,
	       CASE WHEN hs.source_id IS NULL THEN NOT ` + takenForGone + `
	            ELSE hs.email_key IS NULL OR hs.email_key = s.email_key AND (hs.enabled OR NOT s.enabled) END
	FROM looked_at k
	JOIN staged_users s ON s.run_id = $1 AND s.source_id = k.source_id
	LEFT JOIN addresses d ON d.email_key = s.email_key
	LEFT JOIN links l ON l.connection_id = $2 AND l.source_id = s.source_id
	LEFT JOIN users u ON u.id = l.user_id
	LEFT JOIN users h ON h.account_id = $3 AND h.email_key = s.email_key AND h.id IS DISTINCT FROM l.user_id
	LEFT JOIN links hl ON hl.connection_id = $2 AND hl.user_id = h.id
	LEFT JOIN staged_users hs ON hs.run_id = $1 AND hs.source_id = hl.source_id
	LEFT JOIN staged_absent a ON a.run_id = $1 AND a.source_id = hl.source_id
	ORDER BY s.source_id`

// selectMissing are the linked users without a record of whom the run knows why, and whether a
// record that has a user or could become one has their address. A deleted user has nothing left to
// decide.
const selectMissing = `
	WITH reading AS MATERIALIZED (` + selectReading + `
	), missing AS MATERIALIZED (
		SELECT l.source_id, l.user_id, coalesce(a.absence, 'unverified') AS absence
		FROM links l
		JOIN users h ON h.id = l.user_id AND h.account_id = $3 AND h.status <> 'deleted'
		LEFT JOIN staged_absent a ON a.run_id = $1 AND a.source_id = l.source_id
		WHERE l.connection_id = $2 AND (a.absence IS NOT DISTINCT FROM 'present' OR ` + takenForGone + `)
		  AND NOT EXISTS (SELECT 1 FROM staged_users s WHERE s.run_id = $1 AND s.source_id = l.source_id)
	)
	SELECT m.source_id, m.absence, row_to_json(u), c.email_key IS NOT NULL
	FROM missing m
	JOIN users u ON u.id = m.user_id
	LEFT JOIN (
		SELECT DISTINCT s.email_key FROM staged_users s LEFT JOIN links l ON l.connection_id = $2 AND l.source_id = s.source_id
		WHERE s.run_id = $1 AND (s.complete OR l.user_id IS NOT NULL)
	) c ON c.email_key = u.email_key
	ORDER BY m.source_id`

// candidateRow is a candidate as it comes from the database.
type candidateRow struct {
	SourceID                    string
	Enabled                     bool
	mapped, problems            []byte
	Fingerprint                 []byte
	claims                      int  // records that claim the address, where several have it
	claiming                    bool // this record is one of them
	user, holder                []byte
	holderID                    *string
	holderPresent, holderStands bool
	version                     int64 // of the user, once decoded
}

func (r *candidateRow) candidate() (reconcile.Candidate, error) {
	c := reconcile.Candidate{Record: mapping.Record{SourceID: r.SourceID, Enabled: r.Enabled}}
	if err := c.Record.Values.UnmarshalJSON(r.mapped); err != nil {
		return c, fmt.Errorf("decode staged values: %w", err)
	}
	if r.problems != nil {
		if err := json.Unmarshal(r.problems, &c.Record.Problems); err != nil {
			return c, fmt.Errorf("decode staged problems: %w", err)
		}
	}
	c.SharedWith = r.claims
	if r.claiming {
		c.SharedWith--
	}
	c.ClaimedByEnabled = !r.Enabled && r.claims > 0
	user, err := decodeUser(r.user)
	if err != nil {
		return c, err
	}
	if user == nil {
		c.NewUserID = newID()
	} else {
		c.User, c.UserReleased, r.version = &user.User, user.EmailKey == nil, user.User.Version
	}
	holder, err := decodeUser(r.holder)
	if err != nil || holder == nil {
		return c, err
	}
	c.Holder = &reconcile.Holder{User: holder.User, LinkedPresent: r.holderPresent, LinkedKeepsAddress: r.holderStands}
	if r.holderID != nil {
		c.Holder.LinkedSourceID = *r.holderID
	}
	return c, nil
}

// missingRow is a missing user as it comes from the database.
type missingRow struct {
	SourceID string
	absence  directory.Absence
	user     []byte
	claimed  bool
}

func (r missingRow) missing() (reconcile.Missing, error) {
	user, err := decodeUser(r.user)
	if err != nil {
		return reconcile.Missing{}, err
	}
	return reconcile.Missing{User: user.User, SourceID: r.SourceID, Absence: r.absence, AddressClaimed: r.claimed}, nil
}

func (p *planner) eachCandidate(ctx context.Context, decide func([]candidateRow) (decided, error)) error {
	return eachChunk(ctx, p, "candidates", selectCandidates, func(scan func(...any) error) (candidateRow, error) {
		var r candidateRow
		err := scan(&r.SourceID, &r.Enabled, &r.mapped, &r.problems, &r.Fingerprint, &r.claims, &r.claiming,
			&r.user, &r.holder, &r.holderID, &r.holderPresent, &r.holderStands)
		return r, err
	}, decide)
}

func (p *planner) eachMissing(ctx context.Context, decide func([]missingRow) (decided, error)) error {
	return eachChunk(ctx, p, "missing", selectMissing, func(scan func(...any) error) (missingRow, error) {
		var r missingRow
		err := scan(&r.SourceID, &r.absence, &r.user, &r.claimed)
		return r, err
	}, decide)
}

// eachChunk reads a query of the run through a cursor of the transaction, so that memory stays
// flat, decides about chunk after chunk and writes what was decided; while one chunk is being
// written the next is being decided about.
func eachChunk[T any](ctx context.Context, p *planner, cursor, query string, read func(scan func(...any) error) (T, error), decide func([]T) (decided, error)) error {
	if err := planForManyRows(ctx, p.tx); err != nil {
		return err
	}
	if _, err := p.tx.ExecContext(ctx, `DECLARE `+cursor+` NO SCROLL CURSOR FOR `+query, p.run.ID, p.run.ConnectionID, p.run.AccountID); err != nil {
		return err
	}
	if _, err := p.tx.ExecContext(ctx, `SET LOCAL enable_nestloop = on`); err != nil {
		return err
	}
	var last decided
	for {
		rows, err := fetchChunk(ctx, p, cursor, read)
		if err != nil {
			return err
		}
		var next decided
		var deciding errgroup.Group
		deciding.Go(func() (err error) {
			next, err = decide(rows)
			return err
		})
		written := p.write(ctx, last)
		if err := errors.Join(deciding.Wait(), written); err != nil {
			return err
		}
		if len(rows) == 0 {
			_, err := p.tx.ExecContext(ctx, `CLOSE `+cursor)
			return err
		}
		last = next
	}
}

// planForManyRows keeps nested loops out of the plans of what follows in a transaction. The tables
// may have been filled a moment ago and have no statistics, with which nested loops look cheap; hash
// and merge joins are right at every size.
func planForManyRows(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `SET LOCAL work_mem = '64MB'; SET LOCAL cursor_tuple_fraction = 1; SET LOCAL enable_nestloop = off`)
	return err
}

func fetchChunk[T any](ctx context.Context, p *planner, cursor string, read func(scan func(...any) error) (T, error)) ([]T, error) {
	rows, err := p.tx.QueryContext(ctx, fmt.Sprintf(`FETCH %d FROM %s`, planChunk, cursor))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var chunk []T
	for rows.Next() {
		row, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		chunk = append(chunk, row)
	}
	return chunk, rows.Err()
}

// refreshLinks notes that records, though something about them is new, come to what their users
// are already.
func (p *planner) refreshLinks(ctx context.Context, same []candidateRow) error {
	if len(same) == 0 || p.run.Kind == directory.KindPreview {
		return nil
	}
	ids, fingerprints, versions := make([]string, len(same)), make([][]byte, len(same)), make([]int64, len(same))
	for i, row := range same {
		ids[i], fingerprints[i], versions[i] = row.SourceID, row.Fingerprint, row.version
	}
	_, err := p.tx.ExecContext(ctx, `
		UPDATE links l SET fingerprint = f.fingerprint, user_version = f.version
		FROM unnest($2::text[], $3::bytea[], $4::bigint[]) AS f (source_id, fingerprint, version)
		WHERE l.connection_id = $1 AND l.source_id = f.source_id`,
		p.run.ConnectionID, pq.StringArray(ids), pq.ByteaArray(fingerprints), pq.Int64Array(versions))
	return err
}

// storedUser is a user with the address that they hold; nil when they gave it up.
type storedUser struct {
	directory.User
	EmailKey *string
}

// userJSON is a user as row_to_json has it.
type userJSON struct {
	ID            string                   `json:"id"`
	AccountID     string                   `json:"account_id"`
	Email         string                   `json:"email"`
	FirstName     string                   `json:"first_name"`
	LastName      string                   `json:"last_name"`
	Status        directory.UserStatus     `json:"status"`
	DeactivatedBy *directory.DeactivatedBy `json:"deactivated_by"`
	Fields        directory.Values         `json:"fields"`
	RoleID        string                   `json:"role_id"`
	Organization  *string                  `json:"organization_id"`
	Source        directory.Origin         `json:"source"`
	InvitedAt     *time.Time               `json:"invited_at"`
	AcceptedAt    *time.Time               `json:"accepted_at"`
	Version       int64                    `json:"version"`
	CreatedAt     time.Time                `json:"created_at"`
	UpdatedAt     time.Time                `json:"updated_at"`
	WaitingPlace  *int64                   `json:"waiting_place"`
	DeletedAt     *time.Time               `json:"deleted_at"`
}

func decodeUser(encoded []byte) (*storedUser, error) {
	if encoded == nil {
		return nil, nil
	}
	var row struct {
		userJSON
		EmailKey *string `json:"email_key"`
	}
	if err := json.Unmarshal(encoded, &row); err != nil {
		return nil, fmt.Errorf("decode user: %w", err)
	}
	return &storedUser{User: directory.User(row.userJSON), EmailKey: row.EmailKey}, nil
}
