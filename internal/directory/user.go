package directory

import "time"

// The built-in roles. An account can have more of its own.
const (
	RoleAccountOwner = "account_owner"
	RoleSuperAdmin   = "super_admin"
	RoleUserAdmin    = "user_admin"
	RoleMember       = "member"
)

// MayAdminister says whether a role may manage provisioning.
func MayAdminister(role string) bool {
	return role == RoleAccountOwner || role == RoleSuperAdmin || role == RoleUserAdmin
}

// UserStatus is where a user stands.
type UserStatus string

// The statuses of a user. Only an active user holds a licence; a deleted one holds no address.
const (
	Invited         UserStatus = "invited"
	Active          UserStatus = "active"
	AwaitingLicence UserStatus = "awaiting_licence"
	Deactivated     UserStatus = "deactivated"
	Deleted         UserStatus = "deleted"
)

// In says whether the status means that the person is wanted in the account.
func (s UserStatus) In() bool { return s == Invited || s == Active || s == AwaitingLicence }

// DeactivatedBy says who took a user out: what the directory took out it may bring back, what
// an admin took out only an admin brings back.
type DeactivatedBy string

// Who deactivated a user.
const (
	BySource DeactivatedBy = "source"
	ByAdmin  DeactivatedBy = "admin"
)

// Origin says how a user came into the account, or what made a change.
type Origin string

// The origins of users and changes.
const (
	FromDirectorySync Origin = "directory_sync"
	FromSCIM          Origin = "scim"
	FromAdmin         Origin = "admin"
	FromUser          Origin = "user" // of changes alone: the person themselves, who accepted an invitation
)

// User is a person in an account.
type User struct {
	ID            string         `db:"id"`
	AccountID     string         `db:"account_id"`
	Email         string         `db:"email"`
	FirstName     string         `db:"first_name"`
	LastName      string         `db:"last_name"`
	Status        UserStatus     `db:"status"`
	DeactivatedBy *DeactivatedBy `db:"deactivated_by"`
	Fields        Values         `db:"fields"` // values of all fields but the mandatory three, by field id
	RoleID        string         `db:"role_id"`
	Organization  *string        `db:"organization_id"`
	Source        Origin         `db:"source"`
	InvitedAt     *time.Time     `db:"invited_at"`
	AcceptedAt    *time.Time     `db:"accepted_at"`
	Version       int64          `db:"version"` // rises with every change of the row
	CreatedAt     time.Time      `db:"created_at"`
	UpdatedAt     time.Time      `db:"updated_at"`
	WaitingPlace  *int64         `db:"waiting_place"` // order in the waiting list, of who awaits a licence
	DeletedAt     *time.Time     `db:"deleted_at"`
}

// Name is how the user is called in lists and messages.
func (u User) Name() string {
	if u.FirstName+u.LastName == "" {
		return u.Email
	}
	return u.FirstName + " " + u.LastName
}
