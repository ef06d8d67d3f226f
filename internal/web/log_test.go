package web_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// exported is the content of an export.
type exported struct {
	testing.TB
	titles []string
	lines  [][]string
}

// export reads the sync log as CSV, as a spreadsheet does.
func (b *bench) export(path string) exported {
	b.Helper()
	a := b.send("GET", path, b.owner, "", header{"Accept", "text/csv"})
	require.Equal(b, http.StatusOK, a.Status, a.Text)
	require.Equal(b, "text/csv; charset=utf-8; header=present", a.Header.Get("Content-Type"))
	require.Contains(b, a.Header.Get("Content-Disposition"), "attachment")
	text, marked := strings.CutPrefix(a.Text, "\xef\xbb\xbf")
	require.True(b, marked, "a spreadsheet takes what has no byte order mark for another encoding")
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(b, err)
	require.Equal(b, len(lines), strings.Count(text, "\r\n"), "one line a change")
	return exported{b, lines[0], lines[1:]}
}

// of are cells of a line, by the titles of their columns.
func (e exported) of(line int, titles ...string) []string {
	e.Helper()
	cells := make([]string, len(titles))
	for i, title := range titles {
		column := slices.Index(e.titles, title)
		require.NotEqual(e, -1, column, title)
		cells[i] = e.lines[line][column]
	}
	return cells
}

// log writes a line of the sync log.
func (b *bench) logged(label string, at time.Time, more ...string) {
	b.Helper()
	before, after, problems := "null", "null", "null"
	for i, into := range []*string{&before, &after, &problems} {
		if i < len(more) {
			*into = more[i]
		}
	}
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, user_id, label, source, action, before, after, problems, outcome, occurred_at)
		VALUES ($1, gen_random_uuid(), $2, 'directory_sync', 'update', nullif($3::jsonb, 'null'), nullif($4::jsonb, 'null'), nullif($5::jsonb, 'null'), 'applied', $6)`,
		b.account.ID, label, before, after, problems, at)
	require.NoError(b, err)
}

func TestC4_CSVHasNoFormulas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for cell, shown := range map[string]string{
		`=HYPERLINK("https://evil.example")`: `'=HYPERLINK("https://evil.example")`,
		"+1":                                 "'+1",
		"-1+1|cmd":                           "'-1+1|cmd",
		"@SUM(A1)":                           "'@SUM(A1)",
		"\t=1":                               "' =1",
		"\r=1":                               "' =1",
		"\n=1":                               "' =1",
		"\tAna":                              "' Ana",
		"  =1":                               "'  =1",
		"\u00a0=1":                           "'\u00a0=1",
		"\u200b=1":                           "'\u200b=1",
		"\ufeff=1":                           "'\ufeff=1",
		"＝1":                                 "'＝1",
		"＠x":                                 "'＠x",
		`O'Brien, "Söhne"`:                   `O'Brien, "Söhne"`,
		"Ana\r\nBo\tCy":                      "Ana  Bo Cy",
		"Ana; =1":                            "Ana; =1",
		"":                                   "",
		"李小龍 🙂":                              "李小龍 🙂",
	} {
		_, err := b.db.Exec(`DELETE FROM changes`)
		require.NoError(t, err)
		b.logged(cell, time.Now())
		require.Equal(t, []string{shown}, b.export("/v1/changes").of(0, "subject_label"), "%q", cell)
	}
	_, err := b.db.Exec(`DELETE FROM changes`)
	require.NoError(t, err)
	b.logged("Ana", time.Now(), `{"fields":{"=cmd":"1"}}`, `{"fields":{"=cmd":"2"}}`, `[{"code":"-a","message":"=First.","remedy":"@Do."}]`)
	require.Equal(t, []string{"'=cmd: 1 → 2", "'-a", "'=First.", "'@Do."}, b.export("/v1/changes").of(0, "changed", "error_code", "error_message", "error_remedy"))
}

func TestC4_CSVSaysWhatWasAndWhatIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusOK, b.send("PATCH", "/v1/account", b.owner, `{"time_zone":"Asia/Kolkata"}`).Status)
	city := b.post("/v1/fields", `{"name":"City","type":"text"}`).json(t)["id"].(string)
	b.logged("Ana Ruiz", time.Date(2025, 3, 1, 20, 0, 0, 0, time.UTC),
		`{"email":"ana.lopez@corp.example","last_name":"Lopez","fields":{"`+city+`":"Bern","gone_field":1.50,"boss":null}}`,
		`{"email":"ana.ruiz@corp.example","last_name":"Ruiz","status":"active","fields":{"`+city+`":null,"gone_field":true,"boss":"x"},"attributes":{"emails":[{"type":"work"}]}}`,
		`[{"code":"a","message":"First.","remedy":"Do."},{"code":"b","message":"Second.","remedy":"Do more."}]`)
	lines := b.export("/v1/changes")
	require.Equal(t, []string{"2025-03-02T01:30:00+05:30", "directory_sync", "update", "applied", "user", "Ana Ruiz"},
		lines.of(0, "at", "source", "action", "outcome", "subject_type", "subject_label"))
	require.Equal(t, []string{"Email ID: ana.lopez@corp.example → ana.ruiz@corp.example; Last name: Lopez → Ruiz; Status: → active; " +
		`City: Bern →; boss: → x; gone_field: 1.50 → true; emails: → [{"type":"work"}]`}, lines.of(0, "changed"))
	require.Equal(t, []string{"a; b", "First.; Second.", "Do.; Do more."}, lines.of(0, "error_code", "error_message", "error_remedy"))
	shown := b.get("/v1/changes").json(t)["items"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"code": "a", "message": "First.", "remedy": "Do."}, shown["error"])
	require.Len(t, shown["problems"], 2)
	require.Equal(t, "Lopez", shown["before"].(map[string]any)["last_name"])
	require.Equal(t, "Ruiz", shown["after"].(map[string]any)["last_name"])
}

func TestC4_CSVTakesTheFiltersAndNoPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := time.Now()
	for i, label := range []string{"Ana Lopez", "Bo Nilsson", "Ana Berg"} {
		b.logged(label, now.Add(-time.Duration(i)*time.Hour))
	}
	require.Len(t, b.export("/v1/changes?limit=1").lines, 3)
	require.Len(t, b.export("/v1/changes?search=ana").lines, 2)
	require.Len(t, b.export("/v1/changes?search=ana&since="+url.QueryEscape(now.Add(-time.Minute).Format(time.RFC3339))).lines, 1)
	require.Empty(t, b.export("/v1/changes?action=delete").lines, "the heading alone")
}

func TestC4_CSVThatBreaksOffDoesNotLookComplete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, label, source, action, outcome)
		SELECT $1, repeat('x', 10000), 'admin', 'update', 'applied' FROM generate_series(1, 4001)`, b.account.ID)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/v1/changes", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+b.owner)
	request.Header.Set("Accept", "text/csv")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body := bufio.NewReader(response.Body)
	_, err = body.ReadString('\n')
	require.NoError(t, err)
	_, err = b.db.Exec(`ALTER TABLE changes RENAME COLUMN label TO lost`)
	require.NoError(t, err, "a slow reader holds no lock of the log")
	_, err = io.Copy(io.Discard, body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Contains(t, b.log.String(), "request failed")
}

func TestC4_FiltersOfTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	configuration := b.configure()
	var run string
	require.NoError(t, b.db.Get(&run, `
		INSERT INTO runs (id, account_id, configuration_id, number, kind, trigger, status, settings, workflow_id, workflow_run_id, finished_at)
		SELECT gen_random_uuid(), account_id, id, 77, 'sync', 'manual', 'success', settings, 'w', 'r', now() FROM configurations WHERE id = $1 RETURNING id`, configuration))
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, run_id, subject, label, source, action, outcome) VALUES
		($1, $2, 'user', 'one', 'directory_sync', 'create', 'applied'), ($1, $2, 'group', 'two', 'directory_sync', 'update', 'failed'),
		($1, NULL, 'user', 'three', 'scim', 'update', 'rejected'), ($1, NULL, 'membership', 'four', 'admin', 'delete', 'applied')`, b.account.ID, run)
	require.NoError(t, err)
	for query, labels := range map[string][]string{
		"":                                   {"four", "three", "two", "one"},
		"run_id=" + run:                      {"one", "two"},
		"configuration_id=" + configuration:  {"two", "one"},
		"source=directory_sync":              {"two", "one"},
		"source=scim":                        {"three"},
		"source=admin":                       {"four"},
		"subject=user":                       {"three", "one"},
		"subject=group":                      {"two"},
		"action=update":                      {"three", "two"},
		"action=update&source=scim":          {"three"},
		"outcome=failed":                     {"two"},
		"outcome=rejected":                   {"three"},
		"outcome=planned":                    {},
		"search=THREE":                       {"three"},
		"since=0000-01-01T00:00:00Z":         {"four", "three", "two", "one"},
		"until=0001-01-02T00:00:00Z":         {},
		"since=9999-12-31T23:59:59Z":         {},
		"since=2025-01-01T00:00:00%2B05:30":  {"four", "three", "two", "one"},
		"run_id=" + b.account.ID:             {},
		"configuration_id=" + b.account.ID:   {},
		"user_id=" + strings.ToUpper(run):    {},
		"search=" + strings.Repeat("a", 200): {},
	} {
		a := b.get("/v1/changes?" + query)
		require.Equal(t, http.StatusOK, a.Status, "%s: %s", query, a.Text)
		require.Equal(t, labels, labelsOf(t, a), query)
	}
	require.Equal(t, []string{"two"}, labelsOf(t, b.get("/v1/runs/"+run+"/changes?outcome=failed")))
	require.Equal(t, []string{"one"}, labelsOf(t, b.get("/v1/runs/"+run+"/changes?search=one")))
	require.Equal(t, []string{"two"}, b.export("/v1/runs/"+run+"/changes?subject=group").of(0, "subject_label"))

	for query, field := range map[string]string{
		"run_id=x": "run_id", "configuration_id=1": "configuration_id", "user_id=x": "user_id", "group_id=x": "group_id",
		"source=sync": "source", "subject=person": "subject", "action=remove": "action", "outcome=done": "outcome",
		"since=yesterday": "since", "until=2025-02-30T00:00:00Z": "until", "limit=0": "limit",
		"since=2025-01-02T00:00:00Z&until=2025-01-01T00:00:00Z": "until",
		"search=%20": "search", "search=%25%27": "search", "search=" + strings.Repeat("a", 201): "search",
	} {
		for _, path := range []string{"/v1/changes?", "/v1/runs/" + run + "/changes?"} {
			if strings.HasPrefix(path, "/v1/runs") && (field == "run_id" || field == "configuration_id") {
				continue
			}
			a := b.get(path + query)
			b.requireProblem(a, http.StatusUnprocessableEntity, "invalid")
			require.Equal(t, field, a.json(t)["errors"].([]any)[0].(map[string]any)["field"], query)
		}
	}
}

func labelsOf(t *testing.T, a answer) []string {
	t.Helper()
	labels := []string{}
	for _, item := range a.json(t)["items"].([]any) {
		labels = append(labels, item.(map[string]any)["subject"].(map[string]any)["label"].(string))
	}
	return labels
}

func TestC4_HowLongTheLogIsKeptIsASetting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, json.Number("400"), b.get("/v1/account").json(t)["log_days"])
	a := b.send("PATCH", "/v1/account", b.newToken(directory.RoleUserAdmin), `{"log_days":30}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	require.Equal(t, json.Number("30"), a.json(t)["log_days"])
}

func TestB6_HistoryAsCSV(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	configuration := b.configure()
	_, err := b.db.Exec(`UPDATE accounts SET time_zone = 'Europe/Berlin' WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`
		INSERT INTO runs (id, account_id, configuration_id, number, kind, trigger, requested_by, status, reason, settings, counts, fetched, unchanged, workflow_id, workflow_run_id, started_at, finished_at)
		SELECT gen_random_uuid(), account_id, id, n, 'sync', 'manual', '=Ana', 'failure', 'Refused.', settings, '{"created": 7, "memberships_parked": 3}', 12, 5, 'w', 'r',
		       timestamptz '2026-01-01T00:00:00Z' + n * interval '1 hour', timestamptz '2026-01-01T00:01:30.5Z' + n * interval '1 hour'
		FROM configurations, generate_series(1, 501) n WHERE id = $1`, configuration)
	require.NoError(t, err)

	history := b.export("/v1/runs?limit=1&configuration_id=" + configuration)
	require.Len(t, history.lines, 501, "all of them, whatever limit says")
	require.Equal(t, []string{"2026-01-21T22:00:00+01:00", "2026-01-21T22:01:30+01:00", "90.5", "manual", "'=Ana", "failure", "Refused.", "12", "7", "5", "3", "501"},
		history.of(0, "started_at", "finished_at", "seconds", "trigger", "requested_by", "status", "reason", "fetched", "created", "unchanged", "memberships_parked", "number"))
	require.Equal(t, []string{"1", configuration}, history.of(500, "number", "configuration_id"), "newest first")
	require.Empty(t, b.export("/v1/runs?configuration_id="+b.account.ID).lines)
}
