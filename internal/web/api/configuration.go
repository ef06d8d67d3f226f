package api

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

type configuration struct {
	ID           string                       `json:"id"`
	ConnectionID string                       `json:"connection_id"`
	Provider     directory.Provider           `json:"provider" enum:"entra,google"`
	State        directory.ConfigurationState `json:"state" enum:"enabled,disabled"`
	CreatedAt    time.Time                    `json:"created_at"`
	NextRunAt    *time.Time                   `json:"next_run_at" doc:"Null while disabled."`
	LastRun      nullable[run]                `json:"last_run" doc:"The newest run that has ended."`
	directory.Settings
}

type configurationStatus struct {
	State      directory.ConfigurationState `json:"state" enum:"enabled,disabled"`
	NextRunAt  *time.Time                   `json:"next_run_at" doc:"Null while disabled."`
	CurrentRun nullable[progress]           `json:"current_run" doc:"The run that is going, if any."`
	LastRun    nullable[run]                `json:"last_run" doc:"The newest run that has ended."`
}

type syncAnswer struct {
	Status string `json:"status" enum:"started,queued" doc:"Queued: a run is going, and one more follows it."`
	RunID  string `json:"run_id,omitempty" doc:"The run that was started, when it is known already."`
}

type previewAnswer struct {
	RunID string `json:"run_id"`
}

func (s *api) configurationRoutes() {
	route(s, "GET /v1/configurations", "The directory syncs of the account", s.listConfigurations)
	route(s, "POST /v1/configurations", "Save a directory sync and start its first run", s.createConfiguration, status(http.StatusCreated))
	route(s, "GET /v1/configurations/{id}", "A directory sync", func(ctx context.Context, who directory.Principal, in *byID) (*body[configuration], error) {
		c, err := s.store.Configuration(ctx, who.AccountID, in.ID)
		return s.shownConfiguration(ctx, c, err)
	})
	route(s, "PATCH /v1/configurations/{id}", "Change settings; the next run uses them", s.updateConfiguration)
	route(s, "DELETE /v1/configurations/{id}", "Delete a directory sync for good; its users stay", s.deleteConfiguration, status(http.StatusNoContent))
	route(s, "POST /v1/configurations/{id}/disable", "Stop syncs, also the one that is going; an undo goes on", func(ctx context.Context, who directory.Principal, in *byID) (*body[configuration], error) {
		c, err := s.admin.DisableConfiguration(ctx, who, in.ID)
		return s.shownConfiguration(ctx, c, err)
	}, status(http.StatusAccepted))
	route(s, "POST /v1/configurations/{id}/enable", "Let runs happen again", func(ctx context.Context, who directory.Principal, in *byID) (*body[configuration], error) {
		c, err := s.admin.EnableConfiguration(ctx, who, in.ID)
		return s.shownConfiguration(ctx, c, err)
	}, status(http.StatusAccepted))
	route(s, "POST /v1/configurations/{id}/sync", "Sync now", s.syncNow, status(http.StatusAccepted))
	route(s, "POST /v1/configurations/{id}/preview", "Work out what a sync would do, with these settings if there are any, without doing it", s.preview, status(http.StatusAccepted))
	route(s, "GET /v1/configurations/{id}/status", "How a directory sync stands", s.configurationStatus)
}

func (s *api) listConfigurations(ctx context.Context, who directory.Principal, _ *none) (*body[list[configuration]], error) {
	all, err := s.store.Configurations(ctx, who.AccountID)
	if err != nil {
		return nil, err
	}
	out := list[configuration]{Items: make([]configuration, 0, len(all))}
	for _, c := range all {
		shown, err := s.showConfiguration(ctx, c)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, shown)
	}
	return &body[list[configuration]]{out}, nil
}

func (s *api) createConfiguration(ctx context.Context, who directory.Principal, in *newConfiguration) (*body[configuration], error) {
	c, err := s.admin.CreateConfiguration(ctx, who, in.Body.ConnectionID, in.settings())
	return s.shownConfiguration(ctx, c, err)
}

func (s *api) updateConfiguration(ctx context.Context, who directory.Principal, in *configurationPatch) (*body[configuration], error) {
	c, err := s.admin.UpdateConfiguration(ctx, who, in.ID, in.Body.apply)
	return s.shownConfiguration(ctx, c, err)
}

func (s *api) deleteConfiguration(ctx context.Context, who directory.Principal, in *byID) (*struct{ Status int }, error) {
	done, err := s.admin.DeleteConfiguration(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	if !done {
		return &struct{ Status int }{http.StatusAccepted}, nil
	}
	return &struct{ Status int }{http.StatusNoContent}, nil
}

func (s *api) syncNow(ctx context.Context, who directory.Principal, in *byID) (*body[syncAnswer], error) {
	sync, err := s.admin.SyncNow(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	answer := syncAnswer{Status: "started", RunID: sync.RunID}
	if sync.Queued {
		answer.Status = "queued"
	}
	return &body[syncAnswer]{answer}, nil
}

func (s *api) preview(ctx context.Context, who directory.Principal, in *previewInput) (*body[previewAnswer], error) {
	var edit func(*directory.Settings)
	if in.Body != nil {
		edit = in.Body.apply
	}
	id, err := s.admin.Preview(ctx, who, in.ID, edit)
	return shown(id, err, func(id string) previewAnswer { return previewAnswer{id} })
}

func (s *api) configurationStatus(ctx context.Context, who directory.Principal, in *byID) (*body[configurationStatus], error) {
	st, err := s.admin.ConfigurationStatus(ctx, who.AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &body[configurationStatus]{configurationStatus{
		State: st.Configuration.State, NextRunAt: nextRun(st.Configuration), LastRun: nullableOf(st.Last, s.showRun),
		CurrentRun: nullableOf(st.Current, func(r directory.Run) progress { return showProgress(r, now) }),
	}}, nil
}

func (s *api) shownConfiguration(ctx context.Context, c directory.Configuration, err error) (*body[configuration], error) {
	if err != nil {
		return nil, err
	}
	shown, err := s.showConfiguration(ctx, c)
	if err != nil {
		return nil, err
	}
	return &body[configuration]{shown}, nil
}

func (s *api) showConfiguration(ctx context.Context, c directory.Configuration) (configuration, error) {
	last, err := s.store.LastRun(ctx, c.ID)
	if err != nil {
		return configuration{}, err
	}
	c.Settings.Mappings = orEmpty(c.Settings.Mappings)
	c.Settings.NotifyUserIDs = orEmpty(c.Settings.NotifyUserIDs)
	c.Settings.RoleMappings = orEmpty(c.Settings.RoleMappings)
	c.Settings.OrganizationMappings = orEmpty(c.Settings.OrganizationMappings)
	c.Settings.Guard.WindowDays = c.Settings.Guard.Window()
	return configuration{
		ID: c.ID, ConnectionID: c.ConnectionID, Provider: c.Provider, State: c.State, CreatedAt: c.CreatedAt,
		NextRunAt: nextRun(c), LastRun: nullableOf(last, s.showRun), Settings: c.Settings,
	}, nil
}

func nextRun(c directory.Configuration) *time.Time {
	if c.State == directory.Disabled {
		return nil
	}
	return c.NextRunAt
}
