// Package importrules holds the test that keeps imports going one way, as docs/architecture.md has
// it: from the language of the domain towards the programs, and never back.
package importrules

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/rollcall-sync/rollcall"
	root   = "../.."
)

// Packages of others that few may know. A path stands for itself and all below it.
var (
	vendors = []string{
		"github.com/microsoftgraph", "github.com/microsoft/kiota-abstractions-go", "github.com/Azure", "github.com/AzureAD", "google.golang.org/api",
	}
	database = []string{"github.com/jmoiron/sqlx", "github.com/lib/pq", "github.com/pressly/goose"}
	machines = []string{"go.temporal.io/server", "github.com/temporalio/ui-server", module + "/internal/devstack", module + "/internal/simulate"}
	tools    = own("internal/devstack", "internal/simulate", "internal/cmd", "internal/e2e")
)

// rooms are the pure rooms and what each may import of the project; nothing else but the standard library.
var rooms = map[string][]string{
	"internal/directory": {},
	"internal/source":    {"internal/directory"},
	"internal/mapping":   {"internal/directory", "internal/source"},
	"internal/reconcile": {"internal/directory", "internal/mapping"},
	"internal/secret":    {},
	"internal/webhook":   {},

	"internal/scim/schema": {"internal/directory"},
	"internal/scim/filter": {"internal/scim/schema"},
	"internal/scim":        {"internal/directory", "internal/scim/schema", "internal/scim/filter"},
}

// barriers are what a package must not reach, however many imports lie between.
var barriers = map[string][]string{
	"internal/source/graph":  slices.Concat(own("activities", "workflows", "internal/store", "internal/admin", "internal/web"), database),
	"internal/source/google": slices.Concat(own("activities", "workflows", "internal/store", "internal/admin", "internal/web"), database),
	"internal/engine":        slices.Concat(own("activities", "workflows", "internal/store", "internal/admin", "internal/web"), database, vendors),
	"internal/mail":          slices.Concat(own("activities", "workflows", "internal/store", "internal/admin", "internal/web"), database),
	"internal/scim":          slices.Concat(own("activities", "workflows", "internal/store", "internal/admin", "internal/web"), database, vendors),
	"internal/store":         slices.Concat(own("activities", "workflows", "internal/admin", "internal/web", "internal/engine"), vendors, []string{"go.temporal.io"}),
	"internal/waker":         slices.Concat(own("internal/admin", "internal/web", "internal/config"), vendors, machines),
	"activities":             slices.Concat(own("workflows", "internal/admin", "internal/web"), vendors, machines),
	"workflows":              slices.Concat(own("internal/admin", "internal/web", "internal/config"), vendors, machines),
	"internal/admin":         slices.Concat(own("internal/web", "internal/config"), vendors, machines),
	"internal/web":           slices.Concat(own("internal/config", "internal/service"), vendors, machines),
	"worker":                 slices.Concat(own("internal/admin", "internal/web"), machines),
	"starter":                machines,
}

func TestImportDirection(t *testing.T) {
	t.Parallel()
	packages := list(t)

	t.Run("pure rooms", func(t *testing.T) {
		for room, may := range rooms {
			p := packages.own(t, room)
			for _, imported := range p.Imports {
				allowed := packages[imported].Standard || slices.Contains(own(may...), imported)
				require.True(t, allowed, "%s must not import %s", room, imported)
			}
		}
	})

	t.Run("barriers", func(t *testing.T) {
		for room, never := range barriers {
			packages.own(t, room)
			for _, forbidden := range never {
				require.Empty(t, packages.way(module+"/"+room, forbidden), "%s must not reach %s", room, forbidden)
			}
		}
	})

	t.Run("vendor SDKs and the database have one room each", func(t *testing.T) {
		for path, p := range packages {
			room, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			for _, imported := range p.Imports {
				if room != "internal/source/graph" && room != "internal/source/google" {
					require.False(t, within(imported, vendors), "%s must not import %s", room, imported)
				}
				if !within(path, own("internal/store")) && !within(path, tools) {
					require.False(t, within(imported, database), "%s must not import %s", room, imported)
				}
			}
		}
	})
}

// pkg is a package as the go command lists it.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

type graph map[string]pkg

// list asks the go command for the project's packages and all that they import; it builds nothing.
func list(t *testing.T) graph {
	t.Helper()
	watch(t)
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports", "./...")
	command.Dir = root
	out, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("go list: %s", failed.Stderr)
	}
	require.NoError(t, err)
	packages := graph{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages[p.ImportPath] = p
	}
}

// watch looks at every folder, so that a cached result of this test is not taken for that of other
// sources: the go command notes what a test looks at, but not what its children do.
func watch(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		return err
	}))
}

func (g graph) own(t *testing.T, room string) pkg {
	t.Helper()
	p, ok := g[module+"/"+room]
	require.True(t, ok, "there is no package %s: bring the rules up to date", room)
	return p
}

// way is a shortest chain of imports from a package to one that is target or below it; nil when there is none.
func (g graph) way(from, target string) []string {
	seen := map[string]bool{from: true}
	for ways := [][]string{{from}}; len(ways) > 0; ways = ways[1:] {
		last := ways[0][len(ways[0])-1]
		for _, imported := range g[last].Imports {
			if within(imported, []string{target}) {
				return append(ways[0], imported)
			}
			if !seen[imported] {
				seen[imported] = true
				ways = append(ways, append(slices.Clone(ways[0]), imported))
			}
		}
	}
	return nil
}

func within(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

// own are the import paths of rooms.
func own(rooms ...string) []string {
	paths := make([]string, len(rooms))
	for i, room := range rooms {
		paths[i] = module + "/" + room
	}
	return paths
}

// The top level is as a newcomer expects it of a Temporal application in Go.
func TestE7_TopLevel(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"workflows", "activities", "worker", "starter", "internal", "docker-compose.yml", "go.mod", "go.sum", "README.md"} {
		found, err := filepath.Glob(filepath.Join(root, name))
		require.NoError(t, err)
		require.Len(t, found, 1, name)
	}
}

// The packages that the project is to be built upon are required by its own code.
func TestE6_Packages(t *testing.T) {
	t.Parallel()
	packages := list(t)
	for _, wanted := range []string{
		"go.temporal.io/sdk/workflow", "go.temporal.io/api/enums/v1", "github.com/microsoftgraph/msgraph-sdk-go/users",
		"google.golang.org/api/admin/directory/v1", "github.com/jmoiron/sqlx", "github.com/lib/pq",
	} {
		used := false
		for path, p := range packages {
			used = used || strings.HasPrefix(path, module) && slices.Contains(p.Imports, wanted)
		}
		require.True(t, used, wanted)
	}
}
