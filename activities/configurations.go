package activities

import (
	"context"
	"log/slog"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Configurations are the activities about a configuration itself.
type Configurations struct {
	Store   *store.Store
	Sources map[directory.Provider]source.Opener
	Now     func() time.Time
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

// revocationLimit is how long a provider may take to take a grant back.
const revocationLimit = 10 * time.Second

// DestroyConfiguration gives the connection's grant back to the provider, destroys its credentials
// and forgets the configuration. The users it brought in stay. A provider that does not answer does
// not keep the credentials from being destroyed.
func (a *Configurations) DestroyConfiguration(ctx context.Context, in OfConfiguration) error {
	defer keepAlive(ctx)()
	if err := a.giveBack(ctx, in.ConfigurationID); err != nil {
		slog.WarnContext(ctx, "grant not given back", "configuration_id", in.ConfigurationID, "error", err)
	}
	return asTemporal(ctx, a.Store.DestroyConfiguration(ctx, in.ConfigurationID))
}

// giveBack gives back the grant that the configuration's connection lives by, if it does by one and
// no other connection reads the same tenant: the provider may end all grants of one person at once.
func (a *Configurations) giveBack(ctx context.Context, configurationID string) error {
	configuration, err := a.Store.ConfigurationByID(ctx, configurationID)
	if directory.HasCode(err, "not_found") {
		return nil // destroyed already
	}
	if err != nil {
		return err
	}
	connection, err := a.Store.Connection(ctx, configuration.AccountID, configuration.ConnectionID)
	if err != nil {
		return err
	}
	revoker, ok := a.Sources[connection.Provider].(source.Revoker)
	if !ok || connection.Secret == nil || connection.Tenant == nil {
		return nil
	}
	shared, err := a.Store.TenantShared(ctx, connection.Provider, connection.Tenant.ID, connection.ID)
	if err != nil || shared {
		revoker.Forget(connection.ID)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, revocationLimit)
	defer cancel()
	return revoker.Revoke(ctx, connection)
}
