package postgres_test

import (
	"bufio"
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/postgres"
)

// childDirVariable makes the test binary start a server in the folder it names, print its process id and wait to be killed.
const childDirVariable = "ROLLCALL_POSTGRES_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDirVariable); dir != "" {
		server, err := postgres.Start(context.Background(), postgres.Options{Dir: dir})
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(strconv.Itoa(server.PID) + "\n")
		select {}
	}
	os.Exit(m.Run())
}

func start(t *testing.T, opts postgres.Options) *postgres.Server {
	t.Helper()
	server, err := postgres.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

func open(t *testing.T, server *postgres.Server, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", server.URL(database))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func setting(t *testing.T, db *sql.DB, name string) string {
	t.Helper()
	var value string
	require.NoError(t, db.QueryRow(`SELECT current_setting($1)`, name).Scan(&value))
	return value
}

func TestDataOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	first := start(t, postgres.Options{Dir: dir})
	require.NoError(t, first.EnsureDatabase(t.Context(), "rollcall"))
	require.NoError(t, first.EnsureDatabase(t.Context(), "rollcall"), "a database that exists is left alone")
	_, err := open(t, first, "rollcall").Exec(`CREATE TABLE kept AS SELECT 42 AS answer`)
	require.NoError(t, err)

	_, err = postgres.Start(t.Context(), postgres.Options{Dir: dir})
	require.ErrorIs(t, err, postgres.ErrInUse)

	began := time.Now()
	require.NoError(t, first.Stop())
	require.Less(t, time.Since(began), 10*time.Second)
	<-first.Done()

	second := start(t, postgres.Options{Dir: dir, Port: first.Port})
	require.Equal(t, first.Port, second.Port)
	var answer int
	require.NoError(t, open(t, second, "rollcall").QueryRow(`SELECT answer FROM kept`).Scan(&answer))
	require.Equal(t, 42, answer)
}

func TestSettingsBelowAFolderThatOnlyItsOwnerMayEnter(t *testing.T) {
	t.Parallel()
	private := filepath.Join(t.TempDir(), "private")
	require.NoError(t, os.Mkdir(private, 0o700))
	db := open(t, start(t, postgres.Options{Dir: filepath.Join(private, "pg"), TimeZone: "Asia/Kathmandu"}), "postgres")
	require.Equal(t, "on", setting(t, db, "fsync"))
	require.Equal(t, "Asia/Kathmandu", setting(t, db, "timezone"))
	require.Equal(t, "127.0.0.1", setting(t, db, "listen_addresses"))
	require.Empty(t, setting(t, db, "unix_socket_directories"))
	require.Equal(t, "4GB", setting(t, db, "max_wal_size"))
	require.Equal(t, "200", setting(t, db, "max_connections"))
	require.Equal(t, "UTF8", setting(t, db, "server_encoding"))
	var lower string
	require.NoError(t, db.QueryRow(`SELECT lower('ÄÉÑ')`).Scan(&lower))
	require.Equal(t, "äéñ", lower)
}

func TestEphemeralServerLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	server := start(t, postgres.Options{Dir: dir, Ephemeral: true})
	require.Equal(t, "off", setting(t, open(t, server, "postgres"), "fsync"))
	require.NoError(t, server.Stop())
	require.NoDirExists(t, dir)
}

func TestServerKilledIsNoticedAndStartsAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	first := start(t, postgres.Options{Dir: dir})
	require.NoError(t, open(t, first, "postgres").Ping())
	require.NoError(t, syscall.Kill(first.PID, syscall.SIGKILL))
	select {
	case <-first.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the end of the server went unnoticed")
	}
	second := start(t, postgres.Options{Dir: dir, Port: first.Port})
	require.NoError(t, open(t, second, "postgres").Ping())
}

func TestPidFileOfAnotherProgramDoesNotBlock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	require.NoError(t, start(t, postgres.Options{Dir: dir}).Stop())
	other := exec.Command("sleep", "60")
	require.NoError(t, other.Start())
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	stale := strings.Join([]string{strconv.Itoa(other.Process.Pid), filepath.Join(dir, "data"), "1", "5432", "", "", "0 0", "ready"}, "\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(stale), 0o600))

	require.NoError(t, open(t, start(t, postgres.Options{Dir: dir}), "postgres").Ping())
	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "the other program was left alone")
}

func TestServerEndsWithItsKilledParent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDirVariable+"="+dir)
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()

	next := start(t, postgres.Options{Dir: dir})
	require.NotEqual(t, pid, next.PID)
	require.NoError(t, open(t, next, "postgres").Ping())
}

func TestLeftoverServerEndsByItself(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pg")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDirVariable+"="+dir)
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	_, err = bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()

	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid"))
		return os.IsNotExist(err)
	}, 10*time.Second, 20*time.Millisecond, "a shutdown removes the file")
}
