package api

import (
	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// What comes in as settings has only its types checked here: admin checks all else, so that every
// mistake of a request is reported at once.

type newConfiguration struct {
	Body struct {
		Name         string        `json:"name"`
		ConnectionID string        `json:"connection_id" doc:"A connection that is connected."`
		Schedule     scheduleInput `json:"schedule"`
		OtherSettings
	}
}

type configurationPatch struct {
	ID   string `path:"id" format:"uuid"`
	Body settingsPatch
}

// previewInput may come without a body: then the settings are those that are saved.
type previewInput struct {
	ID   string `path:"id" format:"uuid"`
	Body *settingsPatch
}

// settingsPatch names the settings to change.
type settingsPatch struct {
	Name     *string        `json:"name,omitempty"`
	Schedule *scheduleInput `json:"schedule,omitempty"`
	OtherSettings
}

// OtherSettings are the settings that have a default.
type OtherSettings struct {
	Scope                *scopeInput                 `json:"scope,omitempty"`
	Groups               *directory.GroupSync        `json:"groups,omitempty" doc:"Groups to sync themselves, with their memberships. Without ids: those of the scope or, with all users in scope, all groups."`
	Mappings             *[]mappingInput             `json:"mappings,omitempty" maxItems:"200" doc:"First name, last name and email address are mapped by default."`
	OnSourceDelete       *string                     `json:"on_source_delete,omitempty" doc:"deactivate (unless said otherwise) or delete: what becomes of users who are gone from the directory or the scope."`
	NotifyUserIDs        *[]string                   `json:"notify_user_ids,omitempty" doc:"Users who are told of failures."`
	RoleMappings         *[]roleMappingInput         `json:"role_mappings,omitempty" doc:"Roles that follow from groups, at most 1,000, in the order of their precedence: the first one holds whose group the user is in, also through groups in it. Whoever is in none of the groups any more becomes a member again; a role that was given by hand stays while no mapping gives another. Account owners are left alone."`
	OrganizationMappings *[]organizationMappingInput `json:"organization_mappings,omitempty" doc:"Organizations that follow from groups, as with roles. Whoever is in none of the groups any more belongs to none."`
	Guard                *guardInput                 `json:"guard,omitempty"`
}

type roleMappingInput struct {
	GroupID string `json:"group_id" doc:"A group of the directory, as listed by the connection; once in the list."`
	RoleID  string `json:"role_id" doc:"Any role but account_owner. When it is deleted, a role of its name takes its place."`
	// What an answer had may be sent back as it is.
	RoleName string `json:"role_name,omitempty" readOnly:"true" doc:"Not taken from here: the role's name."`
}

type organizationMappingInput struct {
	GroupID        string `json:"group_id" doc:"A group of the directory, as listed by the connection; once in the list."`
	OrganizationID string `json:"organization_id" doc:"An organization, or all for whoever belongs to all of them. When it is deleted, an organization of its name takes its place."`
	// What an answer had may be sent back as it is.
	OrganizationName string `json:"organization_name,omitempty" readOnly:"true" doc:"Not taken from here: the organization's name."`
}

func toRoleMappings(in []roleMappingInput) []directory.RoleMapping {
	out := make([]directory.RoleMapping, len(in))
	for i, m := range in {
		out[i] = directory.RoleMapping{GroupID: m.GroupID, RoleID: m.RoleID}
	}
	return out
}

func toOrganizationMappings(in []organizationMappingInput) []directory.OrganizationMapping {
	out := make([]directory.OrganizationMapping, len(in))
	for i, m := range in {
		out[i] = directory.OrganizationMapping{GroupID: m.GroupID, OrganizationID: m.OrganizationID}
	}
	return out
}

type scopeInput struct {
	Kind     string   `json:"kind" doc:"all_users, or groups for the users of chosen groups and of the groups in them."`
	GroupIDs []string `json:"group_ids,omitempty" doc:"For the kind groups: ids of up to 10,000 groups, as listed by the connection."`
}

func (s scopeInput) scope() directory.Scope {
	return directory.Scope{Kind: directory.ScopeKind(s.Kind), GroupIDs: s.GroupIDs}
}

type scheduleInput struct {
	Weekday  string `json:"weekday" doc:"monday to sunday."`
	Time     string `json:"time" doc:"HH:MM, 24 hours."`
	TimeZone string `json:"time_zone" doc:"IANA name, for example Europe/Berlin."`
}

type guardInput struct {
	MaxRemovals       *int `json:"max_removals,omitempty" minimum:"0" maximum:"100000000" doc:"A run that would remove more users than this waits for approval; 500 unless said otherwise."`
	MaxRemovalPercent *int `json:"max_removal_percent,omitempty" minimum:"0" maximum:"100" doc:"A run that would remove more than this share of the synced users waits for approval; 20 unless said otherwise."`
	WindowDays        *int `json:"window_days,omitempty" minimum:"1" maximum:"90" doc:"Removals of this many past days count too; 7 unless said otherwise."`
}

func (in *newConfiguration) settings() directory.Settings {
	s := admin.NewSettings()
	s.Name, s.Schedule = in.Body.Name, directory.Schedule(in.Body.Schedule)
	in.Body.apply(&s)
	return s
}

func (p *settingsPatch) apply(s *directory.Settings) {
	set(&s.Name, p.Name)
	if p.Schedule != nil {
		s.Schedule = directory.Schedule(*p.Schedule)
	}
	p.OtherSettings.apply(s)
}

func (o OtherSettings) apply(s *directory.Settings) {
	if o.Scope != nil {
		s.Scope = o.Scope.scope()
	}
	if o.Mappings != nil {
		s.Mappings = toMappings(*o.Mappings)
	}
	if o.OnSourceDelete != nil {
		s.OnSourceDelete = directory.OnSourceDelete(*o.OnSourceDelete)
	}
	set(&s.Groups, o.Groups)
	set(&s.NotifyUserIDs, o.NotifyUserIDs)
	if o.RoleMappings != nil {
		s.RoleMappings = toRoleMappings(*o.RoleMappings)
	}
	if o.OrganizationMappings != nil {
		s.OrganizationMappings = toOrganizationMappings(*o.OrganizationMappings)
	}
	if o.Guard != nil {
		set(&s.Guard.MaxRemovals, o.Guard.MaxRemovals)
		set(&s.Guard.MaxRemovalPercent, o.Guard.MaxRemovalPercent)
		set(&s.Guard.WindowDays, o.Guard.WindowDays)
	}
}

func set[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}
