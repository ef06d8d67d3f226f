package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

const soon, often = 20 * time.Second, 5 * time.Millisecond

// hold lets nobody change the account until the transaction ends.
func (b *bench) hold() *sqlx.Tx {
	b.Helper()
	held, err := b.db.Beginx()
	require.NoError(b, err)
	_, err = held.Exec(`SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE`, b.account.ID)
	require.NoError(b, err)
	return held
}

// awaitWaiting returns when somebody waits for what is held.
func (b *bench) awaitWaiting() {
	b.Helper()
	require.Eventually(b, func() bool {
		var waiting bool
		err := b.db.Get(&waiting, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`)
		return err == nil && waiting
	}, soon, often)
}

// The mail of a user whose client did not wait is sent too.
func TestD3_ClientThatHangsUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	held := b.hold()
	ctx, hangUp := context.WithCancel(t.Context())
	text, err := json.Marshal(person("ana@corp.example"))
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(ctx, "POST", b.url+"/scim/v2/Users", bytes.NewReader(text))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+b.token)
	gone := make(chan error, 1)
	go func() {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			err = response.Body.Close()
		}
		gone <- err
	}()
	b.awaitWaiting()
	hangUp()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.NoError(t, held.Rollback())
	require.Eventually(t, func() bool { return b.woken.Load() == 1 }, soon, often)
	require.Equal(t, json.Number("1"), b.get("/Users").body["totalResults"])
}

// Each operation of a bulk request needs a token that is in force when it begins.
func TestD8_BulkWhoseTokenIsRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	held := b.hold()
	answers := make(chan answer, 1)
	go func() {
		a, _ := b.try("POST", "/Bulk", bulk(0, bulkOp("POST", "/Users", "ana", person("ana@corp.example")), bulkOp("POST", "/Users", "bob", person("bob@corp.example"))))
		answers <- a
	}()
	b.awaitWaiting()
	_, err := b.db.Exec(`UPDATE scim_tokens SET revoked_at = now()`) // as another process would
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		a, err := b.try("GET", "/Users", nil)
		return err == nil && a.status == http.StatusUnauthorized
	}, soon, often)
	require.NoError(t, held.Rollback())
	a := <-answers
	require.Equal(t, http.StatusOK, a.status, a.text)
	require.Equal(t, "201", a.body["Operations"].([]any)[0].(map[string]any)["status"])
	require.Equal(t, "401", a.body["Operations"].([]any)[1].(map[string]any)["status"])
}
