package temporal

import (
	"context"
	"log/slog"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logger hands the server's warnings and errors to slog.
type logger struct {
	out *slog.Logger
}

func newLogger(out *slog.Logger) log.Logger {
	if out == nil {
		out = slog.New(slog.DiscardHandler)
	}
	return logger{out}
}

func (l logger) log(level slog.Level, msg string, tags []tag.Tag) {
	attrs := make([]slog.Attr, len(tags))
	for i, t := range tags {
		attrs[i] = slog.Any(t.Key(), t.Value())
	}
	l.out.LogAttrs(context.Background(), level, msg, attrs...)
}

func (l logger) Debug(string, ...tag.Tag) {}

func (l logger) Info(string, ...tag.Tag) {}

func (l logger) Warn(msg string, tags ...tag.Tag) { l.log(slog.LevelWarn, msg, tags) }

func (l logger) Error(msg string, tags ...tag.Tag) { l.log(slog.LevelError, msg, tags) }

func (l logger) DPanic(msg string, tags ...tag.Tag) { l.log(slog.LevelError, msg, tags) }

// Panic logs, and does not return: the server goes on with what it has not got otherwise.
func (l logger) Panic(msg string, tags ...tag.Tag) {
	l.log(slog.LevelError, msg, tags)
	panic(msg)
}

// Fatal logs, and does not return.
func (l logger) Fatal(msg string, tags ...tag.Tag) { l.Panic(msg, tags...) }
