package activities

import (
	"context"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Configurations are the activities about a configuration itself.
type Configurations struct {
	Store *store.Store
	Now   func() time.Time
}

// ScheduleNextRun writes down whether the configuration is enabled and when its next weekly run is
// due, and returns the latter.
func (a *Configurations) ScheduleNextRun(ctx context.Context, in ScheduleInput) (NextRun, error) {
	next, err := a.scheduleNextRun(ctx, in)
	return next, asTemporal(ctx, err)
}

func (a *Configurations) scheduleNextRun(ctx context.Context, in ScheduleInput) (NextRun, error) {
	if in.Disabled {
		return NextRun{}, a.write(ctx, in.ConfigurationID, directory.Disabled, nil)
	}
	configuration, err := a.Store.ConfigurationByID(ctx, in.ConfigurationID)
	if err != nil {
		return NextRun{}, err
	}
	after := a.Now()
	if in.After.After(after) {
		after = in.After
	}
	schedule := configuration.Settings.Schedule
	at, err := schedule.Next(after)
	if err != nil {
		return NextRun{}, err
	}
	if err := a.write(ctx, in.ConfigurationID, directory.Enabled, &at); err != nil {
		return NextRun{}, err
	}
	words := schedule.String()
	if zone, err := time.LoadLocation(schedule.TimeZone); err == nil {
		words += " (" + at.In(zone).Format(time.DateOnly) + ")"
	}
	return NextRun{At: at, Words: words}, nil
}

// write is two statements, of which the state is the last: whoever sees it sees the next run too.
func (a *Configurations) write(ctx context.Context, id string, state directory.ConfigurationState, next *time.Time) error {
	if err := a.Store.SetNextRun(ctx, id, next); err != nil {
		return err
	}
	return a.Store.SetState(ctx, id, state)
}

// DestroyConfiguration destroys the connection's credentials and forgets the configuration. The
// users it brought in stay.
func (a *Configurations) DestroyConfiguration(ctx context.Context, in OfConfiguration) error {
	return asTemporal(ctx, a.Store.DestroyConfiguration(ctx, in.ConfigurationID))
}
