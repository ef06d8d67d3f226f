package directory

import (
	"database/sql/driver"
	"encoding/json"
	"time"
)

// ScopeKind says whose users a configuration syncs.
type ScopeKind string

// The kinds of scope.
const (
	AllUsers      ScopeKind = "all_users"
	UsersOfGroups ScopeKind = "groups"
)

// Scope is the part of the tenant that a configuration syncs.
type Scope struct {
	Kind     ScopeKind `json:"kind" enum:"all_users,groups" doc:"All users of the tenant, or the users of chosen groups."`
	GroupIDs []string  `json:"group_ids,omitempty" doc:"Source ids of the groups, for kind groups."`
}

// GroupSync says whether groups themselves are synced, and which.
type GroupSync struct {
	Enabled  bool     `json:"enabled"`
	GroupIDs []string `json:"group_ids,omitempty"`
}

// Mapping carries one source attribute to one target field.
type Mapping struct {
	Source      string `json:"source" minLength:"1" doc:"Path of the source attribute, as listed by the connection."`
	Target      string `json:"target" minLength:"1" doc:"Id of the target field."`
	SyncUpdates bool   `json:"sync_updates" doc:"Off: written when the user is first created, never updated after."`
}

// OnSourceDelete says what becomes of a user who is gone from the source or the scope.
type OnSourceDelete string

// What can become of a user who is gone.
const (
	DeactivateUser OnSourceDelete = "deactivate"
	DeleteUser     OnSourceDelete = "delete"
)

// Guard holds the thresholds above which removals wait for an admin's approval.
type Guard struct {
	MaxRemovals       int `json:"max_removals" minimum:"0" doc:"A run that would remove more users than this waits for approval."`
	MaxRemovalPercent int `json:"max_removal_percent" minimum:"0" maximum:"100" doc:"A run that would remove more than this share of the linked users waits for approval."`
	// WindowDays is how far back removals count together with those of the run, so that a slow leak
	// trips the guard too. Removals that an admin approved do not count again.
	WindowDays int `json:"window_days" minimum:"1" maximum:"90" doc:"Removals of this many past days count too."`
}

// Window is WindowDays, or the default where settings from before it was one do not say.
func (g Guard) Window() int {
	if g.WindowDays == 0 {
		return DefaultGuard().WindowDays
	}
	return g.WindowDays
}

// DefaultGuard is the guard of a configuration that states none.
func DefaultGuard() Guard { return Guard{MaxRemovals: 500, MaxRemovalPercent: 20, WindowDays: 7} }

// AllOrganizations is the id of the organization of those who belong to all of them.
const AllOrganizations = "all"

// RoleMapping gives the members of a group a role. Of several mappings the first one in their list
// holds whose group the user is in. RoleName is what the role was called when the mapping was saved: a
// role of this name takes the place of one that is gone.
type RoleMapping struct {
	GroupID  string `json:"group_id" minLength:"1"`
	RoleID   string `json:"role_id" minLength:"1"`
	RoleName string `json:"role_name,omitempty" readOnly:"true"`
}

// OrganizationMapping puts the members of a group into an organization, or into all. Of several mappings
// the first one in their list holds whose group the user is in. OrganizationName is as RoleName.
type OrganizationMapping struct {
	GroupID          string `json:"group_id" minLength:"1"`
	OrganizationID   string `json:"organization_id" minLength:"1" doc:"An organization, or all."`
	OrganizationName string `json:"organization_name,omitempty" readOnly:"true"`
}

// Settings are what an admin sets on a configuration. A run keeps those it started with.
type Settings struct {
	Name                 string                `json:"name"`
	Scope                Scope                 `json:"scope"`
	Groups               GroupSync             `json:"groups"`
	Mappings             []Mapping             `json:"mappings"`
	Schedule             Schedule              `json:"schedule"`
	OnSourceDelete       OnSourceDelete        `json:"on_source_delete"`
	NotifyUserIDs        []string              `json:"notify_user_ids"`
	RoleMappings         []RoleMapping         `json:"role_mappings"`
	OrganizationMappings []OrganizationMapping `json:"organization_mappings"`
	Guard                Guard                 `json:"guard"`
}

// MappedGroups are the groups, each once, that mappings give roles and organizations to.
func (s Settings) MappedGroups() []string {
	seen := map[string]bool{}
	var groups []string
	note := func(id string) {
		if !seen[id] {
			seen[id] = true
			groups = append(groups, id)
		}
	}
	for _, m := range s.RoleMappings {
		note(m.GroupID)
	}
	for _, m := range s.OrganizationMappings {
		note(m.GroupID)
	}
	return groups
}

// Value encodes the settings as JSON for the database.
func (s Settings) Value() (driver.Value, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// Scan decodes settings from the database's JSON.
func (s *Settings) Scan(src any) error { return scanJSON(src, s) }

// ConfigurationState says whether a configuration runs.
type ConfigurationState string

// The states of a configuration.
const (
	Enabled  ConfigurationState = "enabled"
	Disabled ConfigurationState = "disabled"
)

// Configuration is one directory sync: a connection and its settings. One long-running
// workflow belongs to each.
type Configuration struct {
	ID           string             `db:"id"`
	AccountID    string             `db:"account_id"`
	ConnectionID string             `db:"connection_id"`
	Provider     Provider           `db:"provider"`
	State        ConfigurationState `db:"state"`
	Settings     Settings           `db:"settings"`
	NextRunAt    *time.Time         `db:"next_run_at"`
	CreatedAt    time.Time          `db:"created_at"`
}
