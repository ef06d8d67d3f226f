package store

import "io/fs"

// The statements that read a stretch of events, and the span of all.
const (
	SelectEvents    = selectEvents
	SelectEventSpan = selectEventSpan
)

// ChangesQuery is the statement that reads the first page of a filter.
func ChangesQuery(accountID string, f ChangeFilter) (string, []any, error) {
	q, err := f.query(accountID)
	q.add(` LIMIT ?`, defaultLimit+1)
	return q.text, q.args, err
}

// Migrations are the files of migrations.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err)
	}
	return files
}
