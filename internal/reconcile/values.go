package reconcile

import (
	"maps"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// The values of a user that no field has, as keys beside the ids of fields, of which they are none.
const (
	keyStatus       = "status"
	keyRole         = "role"
	keyOrganization = "organization"
)

// valuesOf are the values of a user by key.
func valuesOf(u directory.User) map[string]any {
	values := map[string]any{
		directory.FieldEmail: u.Email, directory.FieldFirstName: u.FirstName, directory.FieldLastName: u.LastName,
		keyStatus: u.Status, keyRole: u.RoleID, keyOrganization: "",
	}
	if u.Organization != nil {
		values[keyOrganization] = *u.Organization
	}
	maps.Copy(values, u.Fields)
	return values
}

// valuesIn are the values that a snapshot has, by key.
func valuesIn(s *directory.Snapshot) map[string]any {
	values := map[string]any{}
	if s == nil {
		return values
	}
	for key, text := range map[string]*string{
		directory.FieldEmail: s.Email, directory.FieldFirstName: s.FirstName, directory.FieldLastName: s.LastName,
		keyRole: s.Role, keyOrganization: s.Organization,
	} {
		if text != nil {
			values[key] = *text
		}
	}
	if s.Status != nil {
		values[keyStatus] = *s.Status
	}
	maps.Copy(values, s.Fields)
	return values
}

// put puts a value into a snapshot, by its key.
func put(s *directory.Snapshot, key string, value any) {
	switch key {
	case keyStatus:
		status := value.(directory.UserStatus)
		s.Status = &status
	case keyRole:
		role := value.(string)
		s.Role = &role
	case keyOrganization:
		organization := value.(string)
		s.Organization = &organization
	default:
		set(s, key, value)
	}
}

// same says whether two values are one. Who has accepted is active or awaits a licence: which of the two
// follows from the licences, and nobody changed it.
func same(x, y any) bool {
	accepted := func(v any) bool { return v == directory.Active || v == directory.AwaitingLicence }
	return accepted(x) && accepted(y) || equal(x, y)
}
