package postgres

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrNoBinaries says that no PostgreSQL server is installed, and how to get one.
var ErrNoBinaries = errors.New("no PostgreSQL server programs (initdb, postgres) found: install them with " +
	"`apt-get install postgresql`, `dnf install postgresql-server` or `brew install postgresql@17`, " +
	"or set ROLLCALL_DATABASE_URL to a server of your own")

// binaries are the paths of PostgreSQL's server programs, of one version.
type binaries struct {
	initdb, postgres string
}

func findBinaries() (binaries, error) {
	dirs := installFolders()
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append([]string{filepath.Dir(real)}, dirs...)
		}
	}
	for _, dir := range dirs {
		found := binaries{initdb: filepath.Join(dir, "initdb"), postgres: filepath.Join(dir, "postgres")}
		if executable(found.initdb) && executable(found.postgres) {
			return found, nil
		}
	}
	return binaries{}, ErrNoBinaries
}

// installFolders lists where packages put the programs when they are not on PATH, newest version first.
func installFolders() []string {
	patterns := []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib64/pgsql/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
	}
	var dirs []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(matches, func(a, b string) int { return versionIn(b) - versionIn(a) })
		dirs = append(dirs, matches...)
	}
	return dirs
}

// versionIn returns the first number in path: the major version in each install folder's name.
func versionIn(path string) int {
	start := slices.IndexFunc([]byte(path), isDigit)
	if start < 0 {
		return 0
	}
	end := start
	for end < len(path) && isDigit(path[end]) {
		end++
	}
	version, err := strconv.Atoi(path[start:end])
	if err != nil {
		return 0
	}
	return version
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func executable(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}
