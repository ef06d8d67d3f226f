package directory

// Codes of what can go wrong at a source. They reach histories and the API: do not rename.
const (
	CodeConsentRevoked    = "consent_revoked"      // permanent: the tenant no longer lets Rollcall in
	CodeTenantChanged     = "tenant_changed"       // permanent: the connection answers for another tenant
	CodeSourceRefused     = "source_refused"       // permanent: permission or request refused
	CodeSourceThrottled   = "source_throttled"     // RetryAfter says how long to wait
	CodeSourceUnavailable = "source_unavailable"   // worth another try
	CodeRepeatedPage      = "source_repeated_page" // permanent: a page token came back
	CodeSourceIncomplete  = "source_incomplete"    // permanent: fewer records than announced
	CodeSourceEmpty       = "source_empty"         // permanent: nobody, where there were people
	CodeNotAdministrator  = "not_an_administrator" // permanent: whoever gave consent may not read the organization
)

// Codes of what can go wrong with one group of a source. Its members are unknown then.
const (
	CodeGroupGone       = "group_gone"       // permanent: the directory has no such group any more
	CodeGroupUnreadable = "group_unreadable" // permanent: this group may not be read
)
