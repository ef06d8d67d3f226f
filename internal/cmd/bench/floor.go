package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	_ "github.com/lib/pq" // the driver

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// firstPage asks for what Rollcall's own source asks for under the benchmark's mappings.
const firstPage = "/v1.0/users?$select=accountEnabled,department,employeeHireDate,givenName,id,jobTitle,mail,mobilePhone,surname&$top=999"

// person is a user of Graph.
type person struct {
	ID         string `json:"id"`
	Enabled    bool   `json:"accountEnabled"`
	GivenName  string `json:"givenName"`
	Surname    string `json:"surname"`
	Mail       string `json:"mail"`
	JobTitle   string `json:"jobTitle"`
	Department string `json:"department"`
	Phone      string `json:"mobilePhone"`
	Hired      string `json:"employeeHireDate"`
}

// passes is how often each part of the floor is measured. The fastest pass counts.
const passes = 3

// measureFloor reads all pages of the tenant and copies their rows into a table like users.
func measureFloor(ctx context.Context, tenant *graph.Tenant, ca *simulate.CA, account devstack.Account, database string) (Floor, error) {
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
	var floor Floor
	var people []person
	paging, err := fastest(func() error {
		people, floor.Pages, err = reader.all(ctx)
		return err
	})
	if err != nil {
		return Floor{}, err
	}
	db, err := sql.Open("postgres", database)
	if err != nil {
		return Floor{}, err
	}
	defer func() { _ = db.Close() }()
	copying, err := copyPeople(ctx, db, account.ID, people)
	floor.Paging, floor.Copy, floor.Seconds = seconds(paging), seconds(copying), seconds(paging+copying)
	return floor, err
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

// reader reads Graph over one connection.
type reader struct {
	base, token string
	client      *http.Client
}

func (r *reader) signIn(ctx context.Context, tenant string) (string, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"bench"}, "client_secret": {"not-a-secret"}, "scope": {r.base + "/.default"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	err = r.do(request, &answer)
	return answer.Token, err
}

// all reads page after page, as each names the next.
func (r *reader) all(ctx context.Context) (people []person, pages int, err error) {
	for next := r.base + firstPage; next != ""; pages++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil)
		if err != nil {
			return nil, 0, err
		}
		request.Header.Set("Authorization", "Bearer "+r.token)
		var page struct {
			Value []person `json:"value"`
			Next  string   `json:"@odata.nextLink"`
		}
		if err := r.do(request, &page); err != nil {
			return nil, 0, err
		}
		people, next = append(people, page.Value...), page.Next
	}
	return people, pages, nil
}

func (r *reader) do(request *http.Request, into any) error {
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", request.Method, request.URL.Path, response.Status)
	}
	return json.Unmarshal(body, into)
}

// copyPeople times one COPY into an empty table with the columns, checks and indexes of users.
// Making the table is not part of it.
func copyPeople(ctx context.Context, db *sql.DB, accountID string, people []person) (time.Duration, error) {
	rows := make([][]any, len(people))
	for i, p := range people {
		fields, err := json.Marshal(map[string]string{
			"job-title": p.JobTitle, "department": p.Department, "phone": p.Phone, "joining-date": strings.TrimSuffix(p.Hired, "T00:00:00Z"),
		})
		if err != nil {
			return 0, err
		}
		rows[i] = []any{
			uuid.NewString(), accountID, p.Mail, strings.ToLower(p.Mail), p.GivenName, p.Surname, "invited", string(fields),
			"directory_sync", uuid.NewString(), time.Now(),
		}
	}
	best := time.Duration(0)
	for range passes {
		if _, err := db.ExecContext(ctx, "CREATE TABLE bench_floor (LIKE users INCLUDING ALL)"); err != nil {
			return 0, err
		}
		start := time.Now()
		err := copyRows(ctx, db, rows)
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

func copyRows(ctx context.Context, db *sql.DB, rows [][]any) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	statement, err := tx.PrepareContext(ctx, `COPY bench_floor (id, account_id, email, email_key, first_name, last_name,
		status, fields, source, invitation_id, invited_at) FROM STDIN`)
	if err != nil {
		return err
	}
	for _, row := range rows {
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
