package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// Person is one person of a directory, who was looked up by id. Without a record they are gone or out
// of scope, as the absence says.
type Person struct {
	AccountID       string
	ConfigurationID string
	SourceID        string
	Record          *mapping.Record
	Fingerprint     []byte // of the record; nil for one with problems
	Absence         directory.Absence
}

// SyncedPerson is what there was of a person in the account, what was decided, and what came of it.
type SyncedPerson struct {
	Linked   *directory.User   // the user who was linked to them
	Holder   *reconcile.Holder // another user, who had their address
	Decision reconcile.Decision
	Change   *directory.Change // nil where there was nothing to do
	User     *directory.User   // the user who is linked to them now
}

// SyncPerson decides about one person and does it, as a run would: the change is in the sync log and
// belongs to no run. Nothing is known of the rest of the directory, so an address that another user
// holds is theirs. A field of type person names who is here already. Memberships and roles are left to the
// next run. While a run of the configuration is going it is the conflict "run_in_progress", for a disabled one
// "configuration_disabled", and "removals_held" for a removal that the guard would hold in a run: those on
// demand count with the runs'.
func (s *Store) SyncPerson(ctx context.Context, p Person, decide func(reconcile.Candidate) reconcile.Decision,
	decideMissing func(reconcile.Missing) reconcile.Decision) (SyncedPerson, error) {
	var out SyncedPerson
	err := s.inTx(ctx, "sync person", func(tx *sqlx.Tx) error {
		one, err := lockForPerson(ctx, tx, p)
		if err != nil {
			return err
		}
		one.decide = func(c reconcile.Candidate) reconcile.Decision {
			out.Linked, out.Holder, out.Decision = c.User, c.Holder, decide(c)
			return out.Decision
		}
		one.decideMissing = func(m reconcile.Missing) reconcile.Decision {
			out.Linked, out.Decision = &m.User, decideMissing(m)
			return out.Decision
		}
		if out.Change, err = one.apply(ctx); err != nil {
			return err
		}
		if out.User, err = one.user(ctx); err != nil {
			return err
		}
		return one.tell(ctx, out)
	})
	if err != nil {
		return SyncedPerson{}, err
	}
	return out, nil
}

// personSync carries one person through plan and application. Its run is none, and has no id.
type personSync struct {
	planner
	person Person
	name   string // of the directory sync, for notices
	limits directory.Guard
}

// lockForPerson keeps runs of the configuration from beginning, and the account from changing, until
// the transaction ends.
func lockForPerson(ctx context.Context, tx *sqlx.Tx, p Person) (*personSync, error) {
	var c struct {
		ConnectionID string             `db:"connection_id"`
		Enabled      bool               `db:"enabled"`
		Settings     directory.Settings `db:"settings"`
		Tenant       string             `db:"tenant"`
	}
	if err := tx.GetContext(ctx, &c, `
		SELECT f.connection_id, f.state = 'enabled' AS enabled, f.settings, coalesce(n.tenant->>'name', '') AS tenant
		FROM configurations f JOIN connections n ON n.id = f.connection_id
		WHERE f.account_id = $1 AND f.id = $2 AND f.deleted_at IS NULL FOR NO KEY UPDATE OF f`, p.AccountID, p.ConfigurationID); err != nil {
		return nil, found("configuration", err)
	}
	if !c.Enabled {
		return nil, directory.Conflict("configuration_disabled", "The configuration is disabled. Enable it to sync.")
	}
	var running bool
	if err := tx.GetContext(ctx, &running, `
		SELECT EXISTS (SELECT 1 FROM runs WHERE configuration_id = $1 AND kind <> 'preview' AND finished_at IS NULL)`, p.ConfigurationID); err != nil {
		return nil, err
	}
	if running {
		return nil, directory.Conflict("run_in_progress",
			"A run of this configuration is in progress, and takes up this person too. Wait until it has ended, or cancel it, then try again.")
	}
	one := &personSync{person: p, name: noticedRun{Settings: c.Settings, Tenant: c.Tenant}.name(), limits: c.Settings.Guard}
	one.tx, one.heartbeat = tx, func(int) {}
	one.run = openRun{AccountID: p.AccountID, ConfigurationID: p.ConfigurationID, ConnectionID: c.ConnectionID}
	return one, lockAccount(ctx, tx, p.AccountID)
}

// apply does what is decided about the person and returns the change that it leaves; nil for none.
func (p *personSync) apply(ctx context.Context) (*directory.Change, error) {
	d, err := p.plan(ctx)
	if err != nil {
		return nil, err
	}
	if len(d.changes) > 0 && d.changes[0].decision.Removal() {
		if err := p.guard(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.write(ctx, d); err != nil {
		return nil, err
	}
	if len(d.changes) == 0 {
		return nil, p.noteAbsence(ctx)
	}
	var id int64
	if err := p.tx.GetContext(ctx, &id, `SELECT currval(pg_get_serial_sequence('changes', 'id'))`); err != nil {
		return nil, err
	}
	absent := p.person.Record == nil
	b := &batch{tx: p.tx, account: p.run.AccountID, link: p.run.ConnectionID, absent: &absent, changes: map[int64]batchChange{}}
	ids, err := b.pick(ctx, `SELECT `+batchColumns+` FROM changes c WHERE id = $1 AND outcome = 'planned'`, id)
	if err != nil {
		return nil, err
	}
	if err := b.apply(ctx, d.changes[0].decision.Step, ids); err != nil {
		return nil, err
	}
	var change changeRow
	if err := p.tx.GetContext(ctx, &change, `SELECT `+changeColumns+` FROM changes WHERE id = $1`, id); err != nil {
		return nil, err
	}
	return &change.Change, p.noteAbsence(ctx)
}

// guard refuses to take the person out where a run would wait for an admin.
func (p *personSync) guard(ctx context.Context) error {
	recent, err := recentRemovals(ctx, p.tx, p.run, p.limits)
	if err != nil {
		return err
	}
	linked, err := countLinked(ctx, p.tx, p.run.ConnectionID)
	if err != nil || !reconcile.Exceeds(p.limits, recent+1, linked+recent) {
		return err
	}
	return directory.Conflict("removals_held", fmt.Sprintf(
		"After %d removals in %d days, one more is more than the guard lets pass (%d users or %d %%). Have a run do it, which an admin can approve: Sync now.",
		recent, p.limits.Window(), p.limits.MaxRemovals, p.limits.MaxRemovalPercent))
}

// plan decides about the person. Who is gone and was never here is nobody.
func (p *personSync) plan(ctx context.Context) (decided, error) {
	if p.person.Record != nil {
		row, err := p.candidate(ctx)
		if err != nil {
			return decided{}, err
		}
		return p.planCandidates([]candidateRow{row})
	}
	row := missingRow{SourceID: storable(p.person.SourceID), absence: p.person.Absence}
	err := p.tx.GetContext(ctx, &row.user, `
		SELECT row_to_json(u) FROM links l JOIN users u ON u.id = l.user_id WHERE l.connection_id = $1 AND l.source_id = $2`,
		p.run.ConnectionID, row.SourceID)
	if errors.Is(err, sql.ErrNoRows) {
		return decided{}, nil
	}
	if err != nil {
		return decided{}, err
	}
	return p.planMissing([]missingRow{row})
}

// candidate is the person's record with the users it may be about. A user of another person, who has
// their address, is there and keeps it, for all that is known.
func (p *personSync) candidate(ctx context.Context) (candidateRow, error) {
	record := p.person.Record
	row := candidateRow{
		SourceID: storable(record.SourceID), Enabled: record.Enabled, Fingerprint: p.person.Fingerprint,
		holderPresent: true, holderStands: true,
	}
	values, err := p.values(ctx)
	if err != nil {
		return row, err
	}
	if row.mapped, err = json.Marshal(values); err != nil {
		return row, err
	}
	if row.problems, err = json.Marshal(record.Problems); err != nil {
		return row, err
	}
	err = p.tx.QueryRowContext(ctx, `
		SELECT row_to_json(u), row_to_json(h), hl.source_id
		FROM (SELECT $2::text AS source_id) s
		LEFT JOIN links l ON l.connection_id = $1 AND l.source_id = s.source_id
		LEFT JOIN users u ON u.id = l.user_id
		LEFT JOIN users h ON h.account_id = $3 AND h.email_key = $4 AND h.id IS DISTINCT FROM l.user_id
		LEFT JOIN links hl ON hl.connection_id = $1 AND hl.user_id = h.id`,
		p.run.ConnectionID, row.SourceID, p.run.AccountID, orNull(emailKeyOf(*record))).Scan(&row.user, &row.holder, &row.holderID)
	return row, err
}

// values are those of the record, with the ids of users for whom fields of type person name, as far as
// they are linked and in. Whom the record names and is not here stays out of it.
func (p *personSync) values(ctx context.Context) (directory.Values, error) {
	values := maps.Clone(p.person.Record.Values)
	for target, reference := range p.person.Record.People {
		if reference == "" {
			values[target] = nil
			continue
		}
		var id string
		err := p.tx.GetContext(ctx, &id, `
			SELECT u.id FROM links l JOIN users u ON u.id = l.user_id
			WHERE l.connection_id = $1 AND u.account_id = $2 AND u.status IN ('invited', 'active', 'awaiting_licence') AND (l.source_id = $3 OR u.email_key = $4)
			ORDER BY l.source_id = $3 DESC LIMIT 1`,
			p.run.ConnectionID, p.run.AccountID, storable(reference), storable(directory.EmailKey(reference)))
		if err == nil {
			values[target] = id
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return values, nil
}

// noteAbsence notes of a linked person whether they are there. Of one who is in it is noted when they
// are taken out.
func (p *personSync) noteAbsence(ctx context.Context) error {
	_, err := p.tx.ExecContext(ctx, `
		UPDATE links l SET absent = $3 FROM users u
		WHERE l.connection_id = $1 AND l.source_id = $2 AND u.id = l.user_id AND l.absent <> $3
		  AND (NOT $3 OR u.status IN ('deactivated', 'deleted'))`,
		p.run.ConnectionID, storable(p.person.SourceID), p.person.Record == nil)
	return err
}

// user is who is linked to the person now; nil for nobody.
func (p *personSync) user(ctx context.Context) (*directory.User, error) {
	var user directory.User
	err := p.tx.GetContext(ctx, &user, `
		SELECT `+userColumns+` FROM users
		WHERE id = (SELECT user_id FROM links WHERE connection_id = $1 AND source_id = $2)`, p.run.ConnectionID, storable(p.person.SourceID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &user, err
}

// tell tells the admins who are left of one who was taken out, and all of them of somebody for whom no
// licence is left.
func (p *personSync) tell(ctx context.Context, out SyncedPerson) error {
	switch c := out.Change; {
	case c == nil || c.Outcome != directory.OutcomeApplied:
		return nil
	case out.Decision.Removal():
		return noticeLeft(ctx, p.tx, *out.User, "the directory sync "+p.name)
	case c.After != nil && c.After.Status != nil && out.User.Status == directory.AwaitingLicence:
		return noticeExhausted(ctx, p.tx, p.run.AccountID)
	default:
		return nil
	}
}
