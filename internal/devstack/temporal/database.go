package temporal

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	databaseFile = "temporal.db"
	clusterName  = "active"
)

// prepareDatabase makes schema and namespace where they are missing, before any server runs: what is there at its start needs
// no waiting for its caches.
func prepareDatabase(opts Options) (*config.SQL, error) {
	database := memoryDatabase()
	if opts.Dir != "" {
		path := filepath.Join(opts.Dir, databaseFile)
		if err := createFile(path); err != nil {
			return nil, err
		}
		database = fileDatabase(path)
		// A killed process loses nothing: synchronous=normal risks the last moments only when the machine itself fails.
		database.ConnectAttributes["journal_mode"] = "wal"
		database.ConnectAttributes["synchronous"] = "normal"
		database.ConnectAttributes["busy_timeout"] = "5000"
	}
	attributes := make(map[string]enumspb.IndexedValueType, len(opts.SearchAttributes))
	for _, name := range opts.SearchAttributes {
		attributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, opts.Namespace, false, attributes)
	if err != nil {
		return nil, fmt.Errorf("configure namespace %s: %w", opts.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(cmp.Or(opts.Retention, defaultRetention))
	if err := sqlite.CreateNamespaces(database, namespace); err != nil {
		return nil, fmt.Errorf("create namespace %s: %w", opts.Namespace, err)
	}
	return database, nil
}

func memoryDatabase() *config.SQL {
	return &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      rand.Text(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

// fileDatabase names the file as SQLite's URI form wants it, whatever characters its path has.
func fileDatabase(path string) *config.SQL {
	return &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      (&url.URL{Path: path}).EscapedPath(),
		ConnectAttributes: map[string]string{"mode": "rwc"},
	}
}

// createFile makes the SQLite file unless it is there, under another name first: an interrupted start leaves no half of a
// schema behind.
func createFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("clear half-made database: %w", err)
	}
	if err := sqlite.SetupSchema(fileDatabase(fresh)); err != nil {
		return fmt.Errorf("create Temporal's schema: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("put database in place: %w", err)
	}
	return nil
}
