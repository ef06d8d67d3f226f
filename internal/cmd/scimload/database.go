package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
)

// database is the one of the stack of its own.
type database struct{ *sql.DB }

// settings are those that its figures depend on. One that is not durable is an error.
func (d database) settings(ctx context.Context) (map[string]string, error) {
	settings := map[string]string{}
	for _, name := range []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers"} {
		var value string
		if err := d.QueryRowContext(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return nil, err
		}
		settings[name] = value
	}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if settings[name] != "on" {
			return nil, fmt.Errorf("%s is %s, so what the database commits is not durable", name, settings[name])
		}
	}
	return settings, nil
}

// holdMail lets all mail wait for a day: how fast a mail server takes it is not what is measured.
func (d database) holdMail(ctx context.Context) error {
	_, err := d.ExecContext(ctx, "ALTER TABLE mails ALTER COLUMN next_try_at SET DEFAULT now() + interval '1 day'")
	return err
}

// settle leaves the database as it is some time after its people were created: without mail to
// deliver, vacuumed and written out.
func (d database) settle(ctx context.Context) error {
	for _, statement := range []string{
		"UPDATE mails SET settled_at = now(), result = 'dropped' WHERE settled_at IS NULL", "VACUUM (ANALYZE)", "CHECKPOINT",
	} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("settle the database: %w", err)
		}
	}
	return nil
}

// loadAverage is that of the machine over 1, 5 and 15 minutes, as Linux counts it.
// https://man7.org/linux/man-pages/man5/proc_loadavg.5.html
func loadAverage() (string, error) {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", fmt.Errorf("read load average: %w", err)
	}
	return strings.Join(strings.Fields(string(content))[:3], " "), nil
}
