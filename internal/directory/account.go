package directory

import "time"

// Provisioning says which provisioning service an account has on. There is one at a time.
type Provisioning string

// The provisioning services.
const (
	ProvisioningNone          Provisioning = "none"
	ProvisioningDirectorySync Provisioning = "directory_sync"
	ProvisioningSCIM          Provisioning = "scim"
)

// ReportFrequency says how often the directory sync report is mailed.
type ReportFrequency string

// The frequencies of the report.
const (
	ReportDaily      ReportFrequency = "daily"
	ReportErrorsOnly ReportFrequency = "errors_only"
	ReportNever      ReportFrequency = "never"
)

// Account is a customer's tenant of Rollcall.
type Account struct {
	ID              string          `db:"id"`
	Name            string          `db:"name"`
	Licences        int             `db:"licences_total"`
	LicencesUsed    int             `db:"licences_used"`
	Provisioning    Provisioning    `db:"provisioning"`
	DateFormat      string          `db:"date_format"` // as in DateFormats, for example "DD/MM/YYYY"
	TimeZone        string          `db:"time_zone"`   // IANA name
	ReportFrequency ReportFrequency `db:"report_frequency"`
	ReportHour      int             `db:"report_hour"`      // 0 to 23, in the time zone
	RecycleBinDays  int             `db:"recycle_bin_days"` // how long a deleted user can be restored
	LogDays         int             `db:"log_days"`         // how long the sync log is kept
	CreatedAt       time.Time       `db:"created_at"`
}

// DateFormats maps each date format that an account can choose to Go's layout of it.
func DateFormats() map[string]string {
	return map[string]string{
		"DD/MM/YYYY": "02/01/2006",
		"MM/DD/YYYY": "01/02/2006",
		"YYYY-MM-DD": "2006-01-02",
		"DD.MM.YYYY": "02.01.2006",
	}
}

// Principal is who acts: an API token of an account, with its role.
type Principal struct {
	AccountID string
	TokenID   string
	UserID    string // empty for a token that belongs to no user
	RoleID    string
	Name      string // shown as "requested by"
}

// Token is an API token of an account. Only its hash is kept.
type Token struct {
	ID         string     `db:"id"`
	AccountID  string     `db:"account_id"`
	Name       string     `db:"name"`
	RoleID     string     `db:"role_id"`
	UserID     *string    `db:"user_id"`
	CreatedAt  time.Time  `db:"created_at"`
	LastUsedAt *time.Time `db:"last_used_at"`
	RevokedAt  *time.Time `db:"revoked_at"`
}
