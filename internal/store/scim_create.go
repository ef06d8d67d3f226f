package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

const (
	// creationsAtOnce bounds the users that one transaction creates.
	creationsAtOnce = 64
	// creationTime bounds such a transaction: it belongs to no request, so none can end it.
	creationTime = 30 * time.Second
)

// creation is a user whom a client wants to have created, and what became of it once done is closed.
type creation struct {
	client SCIMClient
	in     scim.User
	done   chan struct{}
	user   SCIMUser
	err    error
}

// CreateSCIMUser brings a user into the account: active, or on the waiting list where no licence is
// free, which the admins are told, with a mail that asks them to set up their account; or deactivated
// and without one, when the client does not want them in. Whom a client had deleted is taken up again,
// and who is in the account without SCIM is taken over; both keep id and role. Another user of the
// client with the user name is the conflict "user_name_taken", one with the address "address_taken". It
// goes on when ctx ends.
func (s *Store) CreateSCIMUser(ctx context.Context, c SCIMClient, in scim.User) (SCIMUser, error) {
	want := &creation{client: c, in: in, done: make(chan struct{})}
	s.creations.add(c.AccountID, want, creationsAtOnce, s.createSCIMUsers)
	select {
	case <-want.done:
		return want.user, want.err
	case <-ctx.Done():
		return SCIMUser{}, ctx.Err()
	}
}

// createSCIMUsers settles the creations of one account. Those who are new to it share a transaction,
// unless one of them spoils it.
func (s *Store) createSCIMUsers(wanted []*creation) {
	ctx, cancel := context.WithTimeout(context.Background(), creationTime)
	defer cancel()
	defer func() {
		failure := recover()
		for _, want := range wanted {
			if failure != nil {
				want.err = fmt.Errorf("create user: %v", failure)
			}
			close(want.done)
		}
	}()
	rest, err := s.createFresh(ctx, wanted)
	if err != nil {
		rest = wanted
	}
	for _, want := range rest {
		want.user, want.err = s.arrive(ctx, want.client, want.in)
	}
}

// createFresh creates those whom nobody in the account resembles or awaits, and who name nobody, and returns
// the others.
func (s *Store) createFresh(ctx context.Context, wanted []*creation) (rest []*creation, err error) {
	err = s.inTx(ctx, "create users", func(tx *sqlx.Tx) error {
		client := wanted[0].client
		if err := lockPushed(ctx, tx, client); err != nil {
			return err
		}
		alike, err := resembling(ctx, tx, client.AccountID, wanted)
		if err != nil {
			return err
		}
		var fresh []*creation
		for _, want := range wanted {
			if alike.touch(want.in) || len(want.client.people(want.in.Fields)) > 0 {
				rest = append(rest, want)
				continue
			}
			alike.take(want.in)
			fresh = append(fresh, want)
		}
		return insertSCIMUsers(ctx, tx, client, fresh)
	})
	return rest, err
}

// resemblance is the keys that are taken, or awaited, in an account.
type resemblance map[string]bool

// resembling is which keys of the wanted mean something in the account: user names and external ids of
// users whom clients know, addresses of all users, names of parked members. Each is looked up by itself: as a
// set, while statistics are of a small table, they would be looked for among all users of the account.
func resembling(ctx context.Context, tx *sqlx.Tx, accountID string, wanted []*creation) (resemblance, error) {
	var names, external, addresses []string
	for _, want := range wanted {
		name := directory.EmailKey(want.in.UserName)
		names = append(names, name)
		addresses = append(addresses, name, directory.EmailKey(want.in.Email))
		if want.in.ExternalID != "" {
			external = append(external, want.in.ExternalID)
		}
	}
	var keys []string
	err := tx.SelectContext(ctx, &keys, `
		SELECT 'n' || k FROM unnest($2::text[]) k CROSS JOIN LATERAL (
		       SELECT FROM scim_users WHERE user_name_key = k AND account_id = $1 AND gone_at IS NULL LIMIT 1) known
		UNION ALL SELECT 'n' || k FROM unnest($2::text[]) k CROSS JOIN LATERAL (
		       SELECT FROM scim_users WHERE user_name_key = k AND account_id = $1 AND gone_at IS NOT NULL LIMIT 1) known
		UNION ALL SELECT 'x' || k FROM unnest($3::text[]) k CROSS JOIN LATERAL (
		       SELECT FROM scim_users WHERE external_id = k AND account_id = $1 AND gone_at IS NOT NULL LIMIT 1) known
		UNION ALL SELECT 'a' || k FROM unnest($4::text[]) k CROSS JOIN LATERAL (
		       SELECT FROM users WHERE account_id = $1 AND email_key = k LIMIT 1) known
		UNION ALL SELECT 'p' || k FROM unnest($3::text[]) k CROSS JOIN LATERAL (
		       SELECT FROM parked_members p JOIN groups g ON g.id = p.group_id WHERE p.source_id = k AND g.account_id = $1 LIMIT 1) awaited`,
		accountID, pq.StringArray(names), pq.StringArray(external), pq.StringArray(addresses))
	taken := resemblance{}
	for _, key := range keys {
		taken[key] = true
	}
	return taken, err
}

func (r resemblance) touch(in scim.User) bool {
	name := directory.EmailKey(in.UserName)
	return r["n"+name] || r["a"+name] || r["a"+directory.EmailKey(in.Email)] ||
		in.ExternalID != "" && (r["x"+in.ExternalID] || r["p"+in.ExternalID])
}

func (r resemblance) take(in scim.User) {
	r["n"+directory.EmailKey(in.UserName)] = true
	r["a"+directory.EmailKey(in.Email)] = true
}

// freshUsers are the columns of users to create.
type freshUsers struct {
	ids, emails, firstNames, lastNames, fields, statuses, userNames, externalIDs, resources, addresses, labels, after pq.StringArray
	keys, nameKeys                                                                                                    pq.StringArray
	active, invited                                                                                                   pq.BoolArray
}

func (f *freshUsers) add(id string, in scim.User, status directory.UserStatus) error {
	fields, err := withoutNil(in.Fields).Value()
	if err != nil {
		return err
	}
	resource, err := json.Marshal(in.Resource)
	if err != nil {
		return err
	}
	after, err := createdSnapshot(in, status).Value()
	if err != nil {
		return err
	}
	user := directory.User{Email: in.Email, FirstName: in.FirstName, LastName: in.LastName}
	f.ids, f.emails, f.keys = append(f.ids, id), append(f.emails, in.Email), append(f.keys, directory.EmailKey(in.Email))
	f.firstNames, f.lastNames = append(f.firstNames, in.FirstName), append(f.lastNames, in.LastName)
	f.fields, f.statuses = append(f.fields, fields.(string)), append(f.statuses, string(status))
	f.userNames, f.nameKeys = append(f.userNames, in.UserName), append(f.nameKeys, directory.EmailKey(in.UserName))
	f.externalIDs, f.resources = append(f.externalIDs, in.ExternalID), append(f.resources, string(resource))
	f.addresses = append(f.addresses, addressKeys(in.Resource))
	f.labels, f.after = append(f.labels, user.Name()), append(f.after, after.(string))
	f.active, f.invited = append(f.active, in.Active), append(f.invited, in.Active && mailable(in.Email))
	return nil
}

// insertSCIMUsers creates users in the order in which they came: so they get licences. Their account is locked.
func insertSCIMUsers(ctx context.Context, tx *sqlx.Tx, c SCIMClient, wanted []*creation) error {
	if len(wanted) == 0 {
		return nil
	}
	free, err := freeSeats(ctx, tx, c.AccountID)
	if err != nil {
		return err
	}
	var rows freshUsers
	waits := false
	for _, want := range wanted {
		status := directory.Deactivated
		if want.in.Active {
			if status = directory.Active; free <= 0 {
				status, waits = directory.AwaitingLicence, true
			}
			free--
		}
		id := newID()
		if err := rows.add(id, want.in, status); err != nil {
			return err
		}
		want.user = SCIMUser{ID: id, Active: want.in.Active, Resource: want.in.Resource, Groups: []SCIMRef{}, Version: 1}
	}
	now, err := rows.insert(ctx, tx, c.AccountID)
	if err != nil {
		return err
	}
	for _, want := range wanted {
		want.user.CreatedAt, want.user.UpdatedAt = now, now
	}
	if err := namePeople(ctx, tx, c, rows.ids, rows.externalIDs); err != nil {
		return err
	}
	if waits {
		return noticeExhausted(ctx, tx, c.AccountID)
	}
	return nil
}

func (f *freshUsers) insert(ctx context.Context, tx *sqlx.Tx, accountID string) (now time.Time, err error) {
	err = tx.GetContext(ctx, &now, `
		WITH wanted AS MATERIALIZED (
			SELECT *, CASE WHEN invited THEN gen_random_uuid() END AS invitation_id
			FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[], $9::text[], $10::text[],
			            $11::text[], $12::jsonb[], $13::text[], $14::text[], $15::jsonb[], $16::boolean[], $17::boolean[])
			     AS w (id, email, email_key, first_name, last_name, fields, status, user_name, user_name_key,
			           external_id, resource, addresses, label, after, active, invited)
		), made AS (
			INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, deactivated_by, fields, source, invitation_id, invited_at)
			SELECT id, $1, email, email_key, first_name, last_name, status, CASE WHEN status = 'deactivated' THEN 'source' END,
			       fields, 'scim', invitation_id, CASE WHEN invited THEN now() END
			FROM wanted
		), known AS (
			INSERT INTO scim_users (user_id, account_id, user_name, user_name_key, external_id, active, resource, address_keys)
			SELECT id, $1, user_name, user_name_key, nullif(external_id, ''), active, resource, string_to_array(addresses, E'\x1f') FROM wanted
		), mailed AS (
			INSERT INTO mails (account_id, kind, user_id, cause) SELECT $1, 'setup', id, invitation_id FROM wanted WHERE invited
		), logged AS (
			INSERT INTO changes (account_id, user_id, label, source, action, after, outcome)
			SELECT $1, id, label, 'scim', 'create', after, 'applied' FROM wanted
		)
		SELECT now()`,
		accountID, f.ids, f.emails, f.keys, f.firstNames, f.lastNames, f.fields, f.statuses, f.userNames, f.nameKeys,
		f.externalIDs, f.resources, f.addresses, f.labels, f.after, f.active, f.invited)
	return now, err
}

// freeSeats is how many licences are free that nobody waits for; below none when more wait.
func freeSeats(ctx context.Context, tx *sqlx.Tx, accountID string) (int, error) {
	var free int
	err := tx.GetContext(ctx, &free, `
		SELECT licences_total - licences_used - (SELECT count(*) FROM users w WHERE w.account_id = a.id AND w.status = 'awaiting_licence')
		FROM accounts a WHERE id = $1`, accountID)
	return free, err
}
