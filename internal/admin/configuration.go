package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

// NewSettings are the settings of a configuration that states none of its own.
func NewSettings() directory.Settings {
	return directory.Settings{
		Scope:          directory.Scope{Kind: directory.AllUsers},
		OnSourceDelete: directory.DeactivateUser,
		Guard:          directory.DefaultGuard(),
		NotifyUserIDs:  []string{},
	}
}

// CreateConfiguration checks all settings at once, saves them, and starts the configuration's
// workflow with its first run. The defaults of the mapping are filled in.
func (a *Admin) CreateConfiguration(ctx context.Context, who directory.Principal, connectionID string, s directory.Settings) (directory.Configuration, error) {
	s, err := a.check(ctx, who.AccountID, connectionID, s, directory.Settings{})
	if err != nil {
		return directory.Configuration{}, err
	}
	if err := mayMapRoles(who.RoleID, s.RoleMappings, nil); err != nil {
		return directory.Configuration{}, err
	}
	c, err := a.Store.CreateConfiguration(ctx, who.AccountID, connectionID, s)
	if err != nil {
		return directory.Configuration{}, err
	}
	// It is saved: a workflow that cannot be started now is started by EnsureWorkflows.
	if err := a.startWorkflow(ctx, c, who.Name); err != nil {
		a.Log.WarnContext(ctx, "workflow not started yet", "configuration_id", c.ID, "error", err)
	}
	return c, nil
}

// UpdateConfiguration changes the settings by edit and checks them all. The next run uses them.
func (a *Admin) UpdateConfiguration(ctx context.Context, who directory.Principal, id string, edit func(*directory.Settings)) (directory.Configuration, error) {
	c, err := a.Store.Configuration(ctx, who.AccountID, id)
	if err != nil {
		return directory.Configuration{}, err
	}
	settings, err := a.edited(ctx, c, edit)
	if err != nil {
		return directory.Configuration{}, err
	}
	if err := mayMapRoles(who.RoleID, settings.RoleMappings, c.Settings.RoleMappings); err != nil {
		return directory.Configuration{}, err
	}
	if c, err = a.Store.UpdateSettings(ctx, who.AccountID, id, settings); err != nil {
		return directory.Configuration{}, err
	}
	return c, a.signal(ctx, c, workflows.SignalSettingsChanged, who)
}

// edited are the settings of a configuration with an edit, which are checked as for saving.
func (a *Admin) edited(ctx context.Context, c directory.Configuration, edit func(*directory.Settings)) (directory.Settings, error) {
	settings := c.Settings
	edit(&settings)
	return a.check(ctx, c.AccountID, c.ConnectionID, settings, c.Settings)
}

// DisableConfiguration has runs stop, also the one that is going, until it is enabled again.
func (a *Admin) DisableConfiguration(ctx context.Context, who directory.Principal, id string) (directory.Configuration, error) {
	return a.switchTo(ctx, who, id, workflows.SignalDisable, directory.Disabled)
}

// EnableConfiguration lets runs happen again.
func (a *Admin) EnableConfiguration(ctx context.Context, who directory.Principal, id string) (directory.Configuration, error) {
	return a.switchTo(ctx, who, id, workflows.SignalEnable, directory.Enabled)
}

// switchTo has the workflow change the state, for it is the only one that does, and waits a
// little for it.
func (a *Admin) switchTo(ctx context.Context, who directory.Principal, id, signal string, state directory.ConfigurationState) (directory.Configuration, error) {
	c, err := a.Store.Configuration(ctx, who.AccountID, id)
	if err != nil {
		return directory.Configuration{}, err
	}
	if err := a.signal(ctx, c, signal, who); err != nil {
		return directory.Configuration{}, err
	}
	_, err = await(ctx, patience, func(ctx context.Context) (bool, error) {
		c, err = a.Store.Configuration(ctx, who.AccountID, id)
		return c.State == state, err
	})
	return c, err
}

// DeleteConfiguration ends a configuration for good: its workflow ends, its credentials are
// destroyed and given back to the provider, its users stay. It says whether that is done already or
// still under way.
func (a *Admin) DeleteConfiguration(ctx context.Context, who directory.Principal, id string) (done bool, err error) {
	c, err := a.Store.Configuration(ctx, who.AccountID, id)
	if err != nil {
		return false, err
	}
	connection, err := a.Store.Connection(ctx, who.AccountID, c.ConnectionID)
	if err != nil {
		return false, err
	}
	if err := a.signal(ctx, c, workflows.SignalDelete, who); err != nil {
		return false, err
	}
	done, err = await(ctx, patience, func(ctx context.Context) (bool, error) {
		_, err := a.Store.Configuration(ctx, who.AccountID, id)
		if isNotFound(err) {
			return true, nil
		}
		return false, err
	})
	a.forget(connection)
	return done, err
}

// Status is how a configuration stands.
type Status struct {
	Configuration directory.Configuration
	Current       *directory.Run
	Last          *directory.Run
}

// ConfigurationStatus says how a configuration stands.
func (a *Admin) ConfigurationStatus(ctx context.Context, accountID, id string) (Status, error) {
	c, err := a.Store.Configuration(ctx, accountID, id)
	if err != nil {
		return Status{}, err
	}
	current, err := a.Store.CurrentRun(ctx, id)
	if err != nil {
		return Status{}, err
	}
	last, err := a.Store.LastRun(ctx, id)
	return Status{Configuration: c, Current: current, Last: last}, err
}
