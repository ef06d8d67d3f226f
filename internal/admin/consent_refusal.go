package admin

import (
	"regexp"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const startAgain = "Start connecting again from Rollcall."

// refusal says why there is no consent, by the error that the provider sent back.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func refusal(answer ConsentAnswer) *directory.Error {
	switch microsoftCode(answer.Description) {
	case "AADSTS500200", "AADSTS50020":
		return personalAccount(answer.Provider)
	case "AADSTS90093", "AADSTS90094":
		return notAdministrator(answer.Provider, nil)
	}
	switch answer.Error {
	case "access_denied", "consent_required":
		return refused("consent_declined", "Consent was declined, so nothing was connected.",
			"Go back and accept, as an administrator of the directory. The address of the consent stays good until ten minutes after it was made.")
	case "temporarily_unavailable", "server_error":
		return signInUnavailable(answer.Provider, nil)
	default:
		return consentFailed(answer.Provider, nil)
	}
}

func microsoftCode(description string) string {
	return regexp.MustCompile(`AADSTS[0-9]+`).FindString(description)
}

func refused(code, message, remedy string) *directory.Error {
	return &directory.Error{Kind: directory.KindForbidden, Code: code, Message: message, Remedy: remedy, Permanent: true}
}

func notAdministrator(p directory.Provider, cause error) *directory.Error {
	e := refused(directory.CodeNotAdministrator, "You are signed in as somebody who is no administrator of the organization, so nothing was connected.",
		"Have a Global Administrator of Microsoft Entra ID connect, or sign in as one.")
	if p == directory.Google {
		e.Remedy = "Have a super administrator of Google Workspace connect, or sign in as one."
	}
	e.Cause = cause
	return e
}

func personalAccount(p directory.Provider) *directory.Error {
	return refused("personal_account", "You are signed in with a personal account, which belongs to no organization, so nothing was connected.",
		"Sign in with a work account that is an administrator of "+p.Title()+".")
}

func consentIncomplete(message string, cause error) *directory.Error {
	e := refused("consent_incomplete", message, "Start connecting again from Rollcall, and allow all that is asked for.")
	e.Cause = cause
	return e
}

func consentFailed(p directory.Provider, cause error) *directory.Error {
	e := refused("consent_failed", p.Title()+" answered with an error, so nothing was connected.", startAgain)
	e.Cause = cause
	return e
}

func signInUnavailable(p directory.Provider, cause error) *directory.Error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeSourceUnavailable, Cause: cause,
		Message: "The sign-in service of " + p.Title() + " does not answer rightly at the moment, so nothing was connected.",
		Remedy:  "Wait a few minutes, then start connecting again from Rollcall.",
	}
}

// tenantChanged refuses a reconnect to another organization than the connection's.
func tenantChanged(known directory.Tenant) *directory.Error {
	e := directory.Conflict(directory.CodeTenantChanged, "You are signed in to another organization than "+known.Name+", which this connection reads, so it stays as it was.")
	e.Remedy, e.Permanent = "Sign in as an administrator of "+known.Name+", or make a new connection for the other organization.", true
	return e
}

func notSetUp(p directory.Provider, variables string, cause error) *directory.Error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: "provider_not_set_up", Cause: cause,
		Message: "Rollcall is not registered with " + p.Title() + " as it has to be.",
		Remedy:  "Ask the operator of Rollcall to set " + variables + ".",
	}
}

// rolesUnknown is the error of a sign-in that says nothing of the person's directory roles, which
// Microsoft tells as the manifest of the app registration asks for them.
// https://learn.microsoft.com/entra/identity-platform/optional-claims#configure-groups-optional-claims
func rolesUnknown() *directory.Error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: "directory_roles_not_sent",
		Message: "Microsoft does not tell Rollcall whether you are an administrator of the organization, so nothing was connected.",
		Remedy: `Ask the operator of Rollcall to set "groupMembershipClaims" to "DirectoryRole" in the manifest of Rollcall's app registration at Microsoft, ` +
			"then start connecting again from Rollcall.",
	}
}

func malformedConsent(what string) *directory.Error {
	return &directory.Error{
		Kind: directory.KindMalformed, Code: "consent_malformed",
		Message: "The address that brought you here lacks a usable " + what + ", so nothing was connected.", Remedy: startAgain,
	}
}
