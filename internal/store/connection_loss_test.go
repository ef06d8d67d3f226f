package store_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// wire is a TCP proxy in front of PostgreSQL that can cut connections at a chosen message.
type wire struct {
	target string
	mu     sync.Mutex
	needle []byte // the message to cut at; nil: pass all
	pass   bool   // whether the message still reaches the server
	cut    int
}

// throughWire opens a store whose connections pass through a wire.
func throughWire(t *testing.T, databaseURL string) (*store.Store, *wire) {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{target: parsed.Host}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(client)
		}
	}()
	parsed.Host = listener.Addr().String()
	return open(t, parsed.String()), w
}

// arm has the connection cut at the next message that contains needle: before it reaches the
// server or, with pass, after the server has answered it, whose answer is lost.
func (w *wire) arm(needle string, pass bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.needle, w.pass = []byte(needle), pass
}

func (w *wire) cuts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// tripped says whether the message is the one to cut at.
func (w *wire) tripped(message []byte) (cut, pass bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.needle == nil || !bytes.Contains(message, w.needle) {
		return false, false
	}
	w.needle = nil
	w.cut++
	return true, w.pass
}

func (w *wire) carry(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var deaf sync.Mutex // held while answers must not reach the client
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			deaf.Lock()
			_, err = client.Write(buffer[:n])
			deaf.Unlock()
			if err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		cut, pass := w.tripped(buffer[:n])
		if cut && !pass {
			return
		}
		if cut {
			deaf.Lock()
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if cut {
			drain(server)
			return
		}
	}
}

// drain closes the sending side and waits until the server has done what it was sent and closed
// the connection itself.
func drain(server net.Conn) {
	if tcp, ok := server.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, server)
}

// K4: the connection dies before a statement reaches the server, or right after the server has
// committed. After the retry everything is there once.
func TestK4LostConnection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, needle string
		pass         bool
		there        int // users after the failed call
	}{
		{"before the statement", "INSERT INTO users", false, 0},
		{"before the commit", "COMMIT", false, 0},
		{"after the commit", "COMMIT", true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			flaky, wire := throughWire(t, b.url)
			run := b.prepare(person("1", "ana@corp.example"))

			wire.arm(c.needle, c.pass)
			_, err := flaky.ApplyBatch(ctx, run, reconcile.StepPresent, 100)
			requireCode(t, err, directory.KindUnavailable, "database_unavailable")
			require.Equal(t, 1, wire.cuts())
			require.Eventually(t, func() bool { return b.count(`SELECT count(*) FROM links`) == c.there }, waitFor, tick)

			_, err = flaky.ApplyBatch(ctx, run, reconcile.StepPresent, 100)
			require.NoError(t, err)
			closed, err := flaky.CloseRun(ctx, run, "", "")
			require.NoError(t, err)
			require.Equal(t, directory.RunSuccess, closed.Status)
			require.Equal(t, directory.Counts{Fetched: 1, Created: 1}, closed.Counts)
			require.Equal(t, 1, b.count(`SELECT count(*) FROM users WHERE email_key = 'ana@corp.example'`))
			require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))
			require.Equal(t, 1, b.count(`SELECT count(*) FROM changes`))
		})
	}
}

func TestK4LostConnectionWhileStagingPlanningAndClosing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	flaky, wire := throughWire(t, b.url)
	decide := func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, b.settings) }
	missing := func(m reconcile.Missing) reconcile.Decision { return reconcile.DecideMissing(m, b.settings) }
	run := b.openRun(directory.KindSync)

	wire.arm("COMMIT", true)
	_, err := flaky.StagePage(ctx, stagePage(run, "", "", people(10)...))
	requireCode(t, err, directory.KindUnavailable, "database_unavailable")
	_, err = flaky.StagePage(ctx, stagePage(run, "", "", people(10)...))
	requireCode(t, err, directory.KindUnavailable, store.CodePageStale)
	progress, err := flaky.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: -1, Read: 10, Fetched: 10, Pages: 1, Done: true}, progress)

	for _, pass := range []bool{false, true} {
		wire.arm("COMMIT", pass)
		_, err = flaky.Plan(ctx, run, decide, missing, func(int) {})
		requireCode(t, err, directory.KindUnavailable, "database_unavailable")
	}
	summary, err := flaky.Plan(ctx, run, decide, missing, func(int) {})
	require.NoError(t, err)
	require.Equal(t, 10, summary.Changes)
	require.Equal(t, 10, b.count(`SELECT count(*) FROM changes`))
	b.apply(run, 4)

	wire.arm("COMMIT", true)
	_, err = flaky.CloseRun(ctx, run, "", "")
	requireCode(t, err, directory.KindUnavailable, "database_unavailable")
	closed, err := flaky.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, directory.Counts{Fetched: 10, Created: 10}, closed.Counts)
	require.Zero(t, b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`))
}
