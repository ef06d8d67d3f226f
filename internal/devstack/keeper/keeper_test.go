package keeper_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/keeper"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// bench is a tenant whose directory is kept in a file.
type bench struct {
	*testing.T
	keeper *keeper.Keeper
	tenant http.Handler
	file   string
	wrote  chan struct{} // one for each time that the file was written
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, file: filepath.Join(t.TempDir(), "entra.json"), wrote: make(chan struct{}, 100)}
	tenant := graph.New(graph.Generate(3))
	b.keeper = keeper.New(b.file, func(w io.Writer) (int64, error) {
		defer func() { b.wrote <- struct{}{} }()
		return tenant.Directory().WriteTo(w)
	}, slog.New(slog.DiscardHandler))
	b.tenant = b.keeper.Around(tenant)
	return b
}

func (b *bench) request(method, path, body string) {
	b.Helper()
	answer := httptest.NewRecorder()
	b.tenant.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
	require.Less(b, answer.Code, 300, answer.Body.String())
}

// kept are the ids of the users in the file.
func (b *bench) kept() []string {
	directory, err := graph.Load(b.file)
	if err != nil {
		return nil
	}
	ids := []string{}
	for _, user := range directory.Users {
		ids = append(ids, user.Text("id"))
	}
	return ids
}

func TestAKilledProgramLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Eventually(t, func() bool { return len(b.kept()) == 3 }, 10*time.Second, 5*time.Millisecond, "the directory that it began with")

	b.request(http.MethodPost, "/_sim/users", `{"id":"added"}`)

	require.Eventually(t, func() bool { return len(b.kept()) == 4 }, 10*time.Second, 5*time.Millisecond, "written without being stopped")
	require.Contains(t, b.kept(), "added")
	require.NoError(t, b.keeper.Stop())
}

func TestChangesAreWrittenTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	<-b.wrote
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		b.request(http.MethodPost, "/_sim/users", `{"id":"`+id+`"}`)
	}

	require.NoError(t, b.keeper.Stop())

	require.Len(t, b.kept(), 8)
	require.Less(t, len(b.wrote), 5)
}

func TestReadingWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	<-b.wrote
	b.request(http.MethodGet, "/_sim/directory", "")
	b.request(http.MethodPost, "/_sim/faults", `{"path":"/users","status":500}`)

	require.NoError(t, b.keeper.Stop())

	require.Empty(t, b.wrote)
}

func TestAFileIsWrittenWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "entra.json")
	require.NoError(t, os.WriteFile(file, []byte("as it was"), 0o600))
	k := keeper.New(file, func(w io.Writer) (int64, error) {
		_, _ = io.Copy(w, bytes.NewReader(make([]byte, 100)))
		return 100, io.ErrShortWrite
	}, slog.New(slog.DiscardHandler))

	require.ErrorIs(t, k.Stop(), io.ErrShortWrite)

	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "as it was", string(content))
}
