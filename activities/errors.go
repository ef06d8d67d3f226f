package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// typeInternal is the error type of whatever Rollcall has no code for.
const typeInternal = "internal"

// throttle is the detail of a throttled error: for how long.
type throttle struct {
	Seconds float64 `json:"seconds"`
}

// asTemporal is the one place where errors are classified. An error with a code keeps its sentence
// and its code as type; what cannot get better is not retried; being throttled is handed to the
// workflow, which waits. Anything else is retried, and only its kind goes into the history, since
// its text may hold people's data.
func asTemporal(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var coded *directory.Error
	if !errors.As(err, &coded) {
		slog.ErrorContext(ctx, "activity failed", "activity", activity.GetInfo(ctx).ActivityType.Name, "attempt", activity.GetInfo(ctx).Attempt, "error", err)
		return temporal.NewApplicationError(fmt.Sprintf("internal error (%T)", errors.Unwrap(err)), typeInternal)
	}
	options := temporal.ApplicationErrorOptions{NonRetryable: coded.Permanent || !worthRetrying(coded.Kind)}
	if coded.Code == directory.CodeSourceThrottled {
		options.NonRetryable = true
		options.Details = []any{throttle{Seconds: coded.RetryAfter.Seconds()}}
	}
	return temporal.NewApplicationErrorWithOptions(coded.Sentence(), coded.Code, options)
}

func worthRetrying(kind directory.Kind) bool {
	return kind == directory.KindUnavailable || kind == directory.KindTooFast
}

// Throttled says whether err is a source's wish to be left alone, and for how long: at least a
// second.
func Throttled(err error) (time.Duration, bool) {
	var failure *temporal.ApplicationError
	if !errors.As(err, &failure) || failure.Type() != directory.CodeSourceThrottled {
		return 0, false
	}
	var detail throttle
	if err := failure.Details(&detail); err != nil {
		detail.Seconds = 30
	}
	return max(time.Duration(detail.Seconds*float64(time.Second)), time.Second), true
}

// Sentence says for the admin why a run failed.
func Sentence(err error, provider directory.Provider, kind directory.RunKind) string {
	var failure *temporal.ApplicationError
	var late *temporal.TimeoutError
	undo := kind == directory.KindUndo
	switch {
	case errors.As(err, &failure) && failure.Type() != typeInternal:
		return failure.Message()
	case errors.As(err, &late) && undo:
		return "Rollcall's database did not answer in time. Undo again to have the rest put back."
	case errors.As(err, &late):
		return provider.Title() + " or Rollcall's database did not answer in time. Nothing was removed. Start the sync again with Sync now."
	case undo:
		return "Rollcall could not complete the undo because of an internal error. Undo again; if that does not help, the operators find the cause in the log of the worker."
	default:
		return "Rollcall could not complete the sync because of an internal error. Start it again with Sync now; if that does not help, the operators find the cause in the log of the worker."
	}
}

// ErrorType is the code of an activity's error.
func ErrorType(err error) string {
	var failure *temporal.ApplicationError
	var late *temporal.TimeoutError
	switch {
	case errors.As(err, &failure):
		return failure.Type()
	case errors.As(err, &late):
		return "timeout"
	default:
		return typeInternal
	}
}
