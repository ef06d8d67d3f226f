package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

const (
	defaultWait = 10 * time.Second // after a refusal for quota without Retry-After: most quotas are by the minute
	dailyWait   = time.Hour        // the same for the quota of a day
)

// refusal is an answer that is no success, reduced to what may be repeated: a body or a header can
// hold anything, even the token that was sent.
type refusal struct {
	signIn bool // the sign-in service answered, not the Directory API
	broken bool // the answer broke off
	status int
	code   string        // the reason of the error, or OAuth's code; empty where there is none
	wait   time.Duration // what Retry-After says, 0 for nothing
	// outdated says that the API has accepted the same access token before: a new one may be good.
	outdated bool
}

func (r *refusal) Error() string {
	service := "Google Workspace"
	if r.signIn {
		service = "Google's sign-in service"
	}
	return service + " answered " + r.answer()
}

func (r *refusal) answer() string { return strings.TrimSpace(strconv.Itoa(r.status) + " " + r.code) }

// newRefusal reads a refusal of the Directory API.
func newRefusal(response *http.Response) *refusal {
	body, broken := wire.ErrorBody(response)
	return &refusal{broken: broken, status: response.StatusCode, code: reason(body), wait: wire.RetryAfter(response.Header, time.Now())}
}

// newSignInRefusal reads a refusal of the sign-in service.
func newSignInRefusal(failed *oauth2.RetrieveError) *refusal {
	return &refusal{
		signIn: true, status: failed.Response.StatusCode, code: wire.Repeatable(failed.ErrorCode),
		wait: wire.RetryAfter(failed.Response.Header, time.Now()),
	}
}

// reason reads the reason of an error in its older and its newer form.
// https://developers.google.com/workspace/admin/directory/v1/limits
func reason(body []byte) string {
	type detail struct {
		Reason string `json:"reason"`
	}
	var answer struct {
		Error struct {
			Errors  []detail `json:"errors"`
			Details []detail `json:"details"`
			Status  string   `json:"status"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	for _, each := range slices.Concat(answer.Error.Errors, answer.Error.Details) {
		if each.Reason != "" {
			return wire.Repeatable(each.Reason)
		}
	}
	return wire.Repeatable(answer.Error.Status)
}

// classify says what a failed exchange means for the run.
func classify(err error) error {
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		failed, ok := errors.AsType[*oauth2.RetrieveError](err)
		if !ok || failed.Response == nil {
			return unavailable(wire.Harmless(err))
		}
		refused = newSignInRefusal(failed)
	}
	switch status := refused.status; {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && refused.wait > 0,
		status == http.StatusForbidden && refused.overQuota():
		return throttled(refused)
	case status >= 500, status < 400 && !refused.verdictOfSignIn(), status == http.StatusRequestTimeout, refused.passing(), refused.outdated, refused.broken && refused.code == "":
		return unavailable(refused)
	default:
		return refused.verdict()
	}
}

// overQuota tells the refusals that only say "later" from the others of the same status.
func (r *refusal) overQuota() bool {
	switch r.code {
	case "quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "limitExceeded",
		"concurrentLimitExceeded", "servingLimitExceeded", "variableTermLimitExceeded",
		"RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", "rate_limit_exceeded":
		return true
	}
	return false
}

// passing says whether the sign-in service calls an error of the client's what is none.
func (r *refusal) passing() bool {
	return r.signIn && (r.code == "temporarily_unavailable" || r.code == "internal_failure" || r.code == "server_error")
}

// verdictOfSignIn says whether the sign-in service gave its verdict, whatever the status.
func (r *refusal) verdictOfSignIn() bool { return r.signIn && r.code != "" }

// verdict is the error of a refusal that will not go away by itself.
func (r *refusal) verdict() error {
	const reconnect = "Reconnect the tenant in Rollcall: an administrator of the Google Workspace account has to give consent again"
	says := func(format string) string { return fmt.Sprintf(format, r.answer()) }
	refused := func(message, remedy string) error {
		return permanent(directory.CodeSourceRefused, says(message), remedy, r)
	}
	switch {
	case r.signIn && r.code == "invalid_grant", r.status == http.StatusUnauthorized && !r.signIn:
		return permanent(directory.CodeConsentRevoked, says("Google Workspace no longer lets Rollcall read this tenant (%s)."), reconnect+".", r)
	case r.signIn && (r.code == "invalid_client" || r.code == "unauthorized_client" || r.code == "deleted_client"):
		return refused("Google did not accept Rollcall's OAuth client (%s).",
			"The client id or client secret is wrong, or the client was deleted: ask the operator of Rollcall to look at it in the Google Cloud console and give Rollcall the right ones.")
	case r.signIn:
		return refused("Google did not let Rollcall sign in to this tenant (%s).",
			"Look the code up in Google's list of authorization errors, and check that the tenant's administrators allow Rollcall as a third-party app.")
	case r.code == "accessNotConfigured" || r.code == "SERVICE_DISABLED":
		return refused("The Admin SDK API is not enabled for Rollcall's project at Google (%s).",
			"Ask the operator of Rollcall to enable the Admin SDK API in the Google Cloud console, then try again.")
	case r.code == "insufficientPermissions" || r.code == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return refused("The consent does not include all that Rollcall has to read (%s).", reconnect+", to every permission that is asked for.")
	case r.status == http.StatusForbidden:
		return refused("Google Workspace does not allow Rollcall to read this (%s).",
			"The administrator who gave consent has to have the permission to read users, groups and custom attributes: grant it, or reconnect the tenant as an administrator who has it. Then sync again.")
	default:
		return refused("Google Workspace refused Rollcall's request (%s).",
			"Sync again, which begins a new list. If it goes on, check the attribute mappings and Rollcall's API URL for Google.")
	}
}

// isGone says whether err is the API's word that what was asked for by its id is not there: not any
// answer with such a status, which could be a proxy's.
func isGone(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && !refused.signIn && refused.status == http.StatusNotFound && (refused.code == "notFound" || refused.code == "NOT_FOUND")
}

// isDeleted says whether err is the API's word that a user was deleted.
func isDeleted(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && !refused.signIn && refused.status == http.StatusPreconditionFailed && refused.code != ""
}

// ofGroup turns the refusal to read one group into an error of that group alone. A refusal for
// another reason than the group is about all of them.
func ofGroup(err error) error {
	refused, ok := lacksPermission(err)
	switch {
	case isGone(err):
		return directory.NotFound("group")
	case ok:
		return permanent(directory.CodeGroupUnreadable,
			fmt.Sprintf("Google Workspace does not allow Rollcall to read this group (%s).", refused.answer()),
			"The administrator who gave consent has to have the permission to read this group: grant it, then sync again.", refused)
	default:
		return err
	}
}

// ofCustomer turns the refusal to read the customer into the error of a person who is no
// administrator of it. A refusal for another reason is about Rollcall, or the whole API.
func ofCustomer(err error) error {
	refused, ok := lacksPermission(err)
	if !ok {
		return err
	}
	return permanent(directory.CodeNotAdministrator,
		fmt.Sprintf("Google Workspace does not allow Rollcall to read the organization (%s): whoever gave consent is no administrator of it.", refused.answer()),
		"Reconnect the tenant in Rollcall as a super administrator of the Google Workspace account, then sync again.", refused)
}

// lacksPermission says whether err is the API's word that whoever gave consent may not do this: not
// that nobody may, nor any answer with such a status, which could be a proxy's.
func lacksPermission(err error) (*refusal, bool) {
	refused, ok := errors.AsType[*refusal](err)
	return refused, ok && !refused.signIn && refused.status == http.StatusForbidden &&
		(refused.code == "forbidden" || refused.code == "notAuthorized" || refused.code == "PERMISSION_DENIED")
}

func permanent(code, message, remedy string, cause error) *directory.Error {
	return &directory.Error{Kind: directory.KindConflict, Code: code, Message: message, Remedy: remedy, Permanent: true, Cause: cause}
}

// malformed is the error of an answer that is whole and yet not what it has to be.
func malformed(what string) *directory.Error {
	return permanent(directory.CodeSourceRefused, "Google Workspace gave a malformed answer: "+what+".",
		"Nothing was changed. Check Rollcall's API URL for Google; if it is right, tell Google's support.", nil)
}

func throttled(r *refusal) *directory.Error {
	wait := r.wait
	switch {
	case wait > 0:
	case r.code == "dailyLimitExceeded":
		wait = dailyWait
	default:
		wait = defaultWait
	}
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeSourceThrottled, RetryAfter: wait, Cause: r,
		Message: fmt.Sprintf("Google asks Rollcall to wait %s before the next request (%s).", wait.Round(time.Second), r.answer()),
		Remedy:  "Rollcall goes on by itself.",
	}
}

func unavailable(cause error) *directory.Error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeSourceUnavailable, Cause: cause,
		Message: "Google Workspace cannot be read at the moment: " + cause.Error() + ".",
		Remedy:  "Rollcall tries again by itself. If it goes on, check the network and Google's Workspace status dashboard.",
	}
}
