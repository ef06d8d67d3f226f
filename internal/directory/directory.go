// Package directory is the language of Rollcall: accounts, users, fields, connections,
// configurations, runs and changes, and the errors an admin can read.
//
// It knows the standard library only: no database, no HTTP, no Temporal, no vendor.
package directory

import "strings"

// Provider names a kind of company directory.
type Provider string

// The providers that a connection can read.
const (
	Entra  Provider = "entra"
	Google Provider = "google"
)

// Title is the provider's name as an admin knows it.
func (p Provider) Title() string {
	switch p {
	case Entra:
		return "Microsoft Entra ID"
	case Google:
		return "Google Workspace"
	default:
		return string(p)
	}
}

// EmailKey is the form of an email address under which it is unique within an account:
// addresses that differ in case or in surrounding white space are one address.
func EmailKey(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
