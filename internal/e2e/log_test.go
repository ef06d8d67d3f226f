package e2e

import (
	"encoding/csv"
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

// line is a line of the sync log.
type line struct {
	ID      int64            `json:"id"`
	At      time.Time        `json:"at"`
	RunID   string           `json:"run_id"`
	Source  directory.Origin `json:"source"`
	Subject struct {
		Label string `json:"label"`
	} `json:"subject"`
	Action  directory.Action  `json:"action"`
	Outcome directory.Outcome `json:"outcome"`
	Before  object            `json:"before"`
	After   object            `json:"after"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Remedy  string `json:"remedy"`
	} `json:"error"`
}

// log reads the whole sync log that a query leaves, two lines at a time.
func (c *company) log(query url.Values) []line {
	c.Helper()
	lines := []line{}
	query.Set("limit", "2")
	for {
		var page struct {
			Items []line `json:"items"`
			Next  string `json:"next"`
		}
		c.call(http.MethodGet, "/v1/changes?"+query.Encode(), nil, &page)
		lines = append(lines, page.Items...)
		if page.Next == "" {
			return lines
		}
		query.Set("cursor", page.Next)
	}
}

// told is what lines say, in short.
func told(lines []line) []string {
	said := []string{}
	for _, l := range lines {
		said = append(said, string(l.Action)+" "+l.Subject.Label+" "+string(l.Outcome))
	}
	return said
}

// exportLog reads the sync log that a query leaves as CSV: its titles and lines.
func (c *company) exportLog(path string) [][]string {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, c.stack.Describe().Starter+path, nil)
	require.NoError(c, err)
	request.Header.Set("Authorization", "Bearer "+c.account.Token)
	request.Header.Set("Accept", "text/csv")
	response, err := http.DefaultClient.Do(request)
	require.NoError(c, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(c, http.StatusOK, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.NoError(c, err)
	text, marked := strings.CutPrefix(string(body), "\ufeff")
	require.True(c, marked)
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(c, err)
	return lines
}

func TestC4_TheSyncLog(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
		first := c.configure()
		c.edits("e-1", object{"last": "Ruiz"})
		c.joins(person("e-3", "=Cy", "Young", object{"email": nil, "last": nil}))
		second := c.syncNow()
		require.Equal(t, directory.RunPartialSuccess, second.Status)
		ana := c.user("ana.lopez@corp.example")
		c.call(http.MethodPost, "/v1/users/"+ana.ID+"/deactivate", nil, nil)

		lines := c.log(url.Values{})
		require.Len(t, lines, 5)
		require.True(t, slices.IsSortedFunc(lines, func(a, b line) int { return b.At.Compare(a.At) }), "newest first")
		require.Equal(t, "deactivate Ana Ruiz applied", told(lines)[0])
		anas := []string{"deactivate Ana Ruiz applied", "update Ana Ruiz applied", "create Ana Lopez applied"}
		require.Equal(t, anas, told(c.log(url.Values{"user_id": {ana.ID}})), "by user")
		require.ElementsMatch(t, []string{"create Ana Lopez applied", "create Bo Nilsson applied"}, told(c.log(url.Values{"run_id": {first.ID}})), "by run")
		require.Len(t, c.log(url.Values{"since": {second.StartedAt.Format(time.RFC3339Nano)}}), 3, "by time")
		require.Len(t, c.log(url.Values{"until": {second.StartedAt.Format(time.RFC3339Nano)}}), 2, "by time")
		require.Equal(t, anas[:1], told(c.log(url.Values{"source": {"admin"}})), "by source")
		require.Equal(t, anas[1:2], told(c.log(url.Values{"action": {"update"}})), "by action")
		for _, search := range []string{"lopez", "RUIZ ana", "ana.lopez@corp.example"} {
			require.Equal(t, anas, told(c.log(url.Values{"search": {search}})), "by the person, as %s", search)
		}

		update := c.log(url.Values{"action": {"update"}})[0]
		require.Equal(t, object{"last_name": "Lopez"}, update.Before)
		require.Equal(t, object{"last_name": "Ruiz"}, update.After)
		var run ended
		c.call(http.MethodGet, "/v1/runs/"+update.RunID, nil, &run)
		require.Equal(t, second.ID, run.ID, "each change leads to its run")
		failed := c.log(url.Values{"outcome": {"failed"}})
		require.Len(t, failed, 1)
		require.NotEmpty(t, failed[0].Error.Code)
		require.NotEmpty(t, failed[0].Error.Message)
		require.NotEmpty(t, failed[0].Error.Remedy)

		export := c.exportLog("/v1/changes?action=update")
		require.Len(t, export, 2)
		require.Contains(t, export[1], "Last name: Lopez → Ruiz")
		require.Len(t, c.exportLog("/v1/runs/"+second.ID+"/changes"), 3)
		refusal := c.refused(http.StatusUnprocessableEntity, http.MethodGet, "/v1/changes?source=elsewhere", nil)
		require.Equal(t, "source", refusal.Errors[0].Field)
	})
}
