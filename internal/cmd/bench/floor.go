package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	_ "github.com/lib/pq" // the driver

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// passes is how often each part of the floor is measured. The fastest pass counts.
const passes = 3

// measureFloor reads all pages of the tenant and copies their rows into tables like ours.
func measureFloor(ctx context.Context, tenant *graph.Tenant, withGroups bool, ca *simulate.CA, account devstack.Account, database string) (Floor, error) {
	server, err := simulate.Serve(ctx, tenant, simulate.ServeOptions{CA: ca})
	if err != nil {
		return Floor{}, err
	}
	defer func() { _ = server.Close() }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}, MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	reader := &reader{base: server.TLSURL, client: &http.Client{Transport: transport}}
	if reader.token, err = reader.signIn(ctx, tenant.ID()); err != nil {
		return Floor{}, err
	}
	db, err := sql.Open("postgres", database)
	if err != nil {
		return Floor{}, err
	}
	defer func() { _ = db.Close() }()
	floor := Floor{}
	if err := floor.ofPeople(ctx, reader, db, account.ID); err != nil || !withGroups {
		return floor, err
	}
	return floor, floor.ofGroups(ctx, reader, db, account.ID)
}

func (f *Floor) ofPeople(ctx context.Context, reader *reader, db *sql.DB, accountID string) error {
	var people []person
	paging, err := fastest(func() (err error) {
		people, f.Pages, err = reader.people(ctx)
		return err
	})
	if err != nil {
		return err
	}
	users, err := userRows(accountID, people)
	if err != nil {
		return err
	}
	copying, err := users.fastest(ctx, db)
	f.Paging, f.Copy = seconds(paging), seconds(copying)
	return err
}

// ofGroups reads and copies the groups with their members.
func (f *Floor) ofGroups(ctx context.Context, reader *reader, db *sql.DB, accountID string) error {
	var groups []group
	paging, err := fastest(func() (err error) {
		groups, f.GroupPages, err = reader.groups(ctx)
		return err
	})
	if err != nil {
		return err
	}
	copying := time.Duration(0)
	for _, part := range groupRows(accountID, groups) {
		took, err := part.fastest(ctx, db)
		if err != nil {
			return err
		}
		copying += took
	}
	f.GroupPaging, f.GroupCopy = seconds(paging), seconds(copying)
	return nil
}

func fastest(do func() error) (time.Duration, error) {
	best := time.Duration(0)
	for range passes {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		if took := time.Since(start); best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

// rows are to be copied into an empty table with the columns, checks and indexes of another.
type rows struct {
	like    string
	columns string
	values  [][]any
}

func userRows(accountID string, people []person) (rows, error) {
	values := make([][]any, len(people))
	for i, p := range people {
		fields, err := json.Marshal(map[string]string{
			"job-title": p.JobTitle, "department": p.Department, "phone": p.Phone, "joining-date": strings.TrimSuffix(p.Hired, "T00:00:00Z"),
		})
		if err != nil {
			return rows{}, err
		}
		values[i] = []any{
			uuid.NewString(), accountID, p.Mail, strings.ToLower(p.Mail), p.GivenName, p.Surname, "invited", string(fields),
			"directory_sync", uuid.NewString(), time.Now(),
		}
	}
	return rows{"users", "id, account_id, email, email_key, first_name, last_name, status, fields, source, invitation_id, invited_at", values}, nil
}

// groupRows are the rows of the groups and those of their memberships.
func groupRows(accountID string, groups []group) []rows {
	connectionID := uuid.NewString()
	own := rows{like: "groups", columns: "id, account_id, name, description, email, source, connection_id, source_id"}
	memberships := rows{like: "memberships", columns: "account_id, group_id, user_id"}
	for _, g := range groups {
		id := uuid.NewString()
		own.values = append(own.values, []any{id, accountID, g.Name, g.Description, g.Mail, "directory_sync", connectionID, g.ID})
		for _, member := range g.Members {
			memberships.values = append(memberships.values, []any{accountID, id, member.ID})
		}
	}
	return []rows{own, memberships}
}

// fastest times one COPY into the empty table. Making the table is not part of it.
func (r rows) fastest(ctx context.Context, db *sql.DB) (time.Duration, error) {
	best := time.Duration(0)
	for range passes {
		if _, err := db.ExecContext(ctx, "CREATE TABLE bench_floor (LIKE "+r.like+" INCLUDING ALL)"); err != nil {
			return 0, err
		}
		start := time.Now()
		err := r.copy(ctx, db)
		took := time.Since(start)
		if _, dropped := db.ExecContext(ctx, "DROP TABLE bench_floor"); err != nil || dropped != nil {
			return 0, errors.Join(err, dropped)
		}
		if best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

func (r rows) copy(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	statement, err := tx.PrepareContext(ctx, "COPY bench_floor ("+r.columns+") FROM STDIN")
	if err != nil {
		return err
	}
	for _, row := range r.values {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	if _, err := statement.ExecContext(ctx); err != nil {
		return err
	}
	if err := statement.Close(); err != nil {
		return err
	}
	return tx.Commit()
}
