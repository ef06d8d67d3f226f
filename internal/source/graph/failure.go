package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

const (
	defaultWait = 30 * time.Second // after 429 without Retry-After
)

// refusal is an answer that is no success, reduced to what may be repeated: a body or a header
// can hold anything, even the token that was sent.
type refusal struct {
	signIn bool // the sign-in service answered, not Graph
	broken bool // the answer broke off
	status int
	code   string        // Graph's error code, or AADSTS with its number, or OAuth's; empty where there is none
	wait   time.Duration // what Retry-After says, 0 for nothing
}

func (r *refusal) Error() string {
	service := "Microsoft Graph"
	if r.signIn {
		service = "Microsoft's sign-in service"
	}
	return service + " answered " + r.answer()
}

func (r *refusal) answer() string { return strings.TrimSpace(strconv.Itoa(r.status) + " " + r.code) }

func newRefusal(response *http.Response, signIn bool) *refusal {
	body, broken := wire.ErrorBody(response)
	code := graphCode(body)
	if signIn {
		code = signInCode(body)
	}
	return &refusal{signIn: signIn, broken: broken, status: response.StatusCode, code: code, wait: wire.RetryAfter(response.Header, time.Now())}
}

// graphCode reads the code of an error of Graph.
// https://learn.microsoft.com/graph/errors
func graphCode(body []byte) string {
	var answer struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return wire.Repeatable(answer.Error.Code)
}

// signInCode reads the number of an error of the sign-in service, or else OAuth's code.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func signInCode(body []byte) string {
	var answer struct {
		Error   string `json:"error"`
		Numbers []int  `json:"error_codes"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	if len(answer.Numbers) > 0 {
		return "AADSTS" + strconv.Itoa(answer.Numbers[0])
	}
	return wire.Repeatable(answer.Error)
}

// classify says what a failed exchange means for the run. Proven says that Graph has accepted a
// token of the same client before: then a token that it refuses may just be out of date.
func classify(err error, proven bool) error {
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
		if !ok || failed.RawResponse == nil {
			return unavailable(wire.Harmless(err))
		}
		refused = newRefusal(failed.RawResponse, true)
	}
	switch status := refused.status; {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && refused.wait > 0:
		return throttled(refused)
	case status >= 500, status < 400, status == http.StatusRequestTimeout, refused.passing(), refused.broken && refused.code == "",
		status == http.StatusUnauthorized && !refused.signIn && proven:
		return unavailable(refused)
	default:
		return refused.verdict()
	}
}

// passing says whether the sign-in service calls an error of the client's what is none.
func (r *refusal) passing() bool {
	return r.signIn && (r.code == "AADSTS90033" || r.code == "temporarily_unavailable")
}

// verdict is the error of a refusal that will not go away by itself.
func (r *refusal) verdict() error {
	const reconnect = "Reconnect the tenant in Rollcall: an administrator of the tenant has to give consent again."
	says := func(format string) string { return fmt.Sprintf(format, r.answer()) }
	switch {
	case r.consentIsGone():
		return permanent(directory.CodeConsentRevoked, says("Microsoft Entra ID no longer lets Rollcall read this tenant (%s)."), reconnect, r)
	case r.signIn && (r.code == "AADSTS7000215" || r.code == "AADSTS7000222" || r.code == "invalid_client"):
		return permanent(directory.CodeSourceRefused, says("Microsoft did not accept Rollcall's client secret (%s)."),
			"The client secret of Rollcall's app registration is wrong or expired: make a new one and give it to Rollcall.", r)
	case r.signIn:
		return permanent(directory.CodeSourceRefused, says("Microsoft did not let Rollcall sign in to this tenant (%s)."),
			"Look the code up in Microsoft's list of sign-in errors, and check Rollcall's app registration.", r)
	case r.status == http.StatusForbidden:
		return permanent(directory.CodeSourceRefused, says("Microsoft Graph does not allow Rollcall to read this (%s)."),
			"Grant the permissions User.Read.All, GroupMember.Read.All and Organization.Read.All to Rollcall's app registration with admin consent, then sync again.", r)
	case r.code == "Directory_ExpiredPageToken":
		return permanent(directory.CodeSourceRefused, says("The list was not read in time: its next page has expired (%s)."),
			"Sync again, which begins a new list.", r)
	default:
		return permanent(directory.CodeSourceRefused, says("Microsoft Graph refused Rollcall's request (%s)."),
			"Check the attribute mappings and Rollcall's Graph URL, then sync again.", r)
	}
}

// consentIsGone tells a tenant that does not (any longer) know Rollcall from other refusals.
func (r *refusal) consentIsGone() bool {
	switch r.code {
	case "AADSTS700016", // the tenant does not have the app
		"AADSTS7000229", // the tenant has no service principal of it
		"AADSTS7000112", // it is disabled there
		"AADSTS65001",   // consent was not given
		"AADSTS90002",   // the tenant does not exist
		"unauthorized_client", "Authorization_IdentityNotFound":
		return true
	}
	return r.status == http.StatusUnauthorized && !r.signIn
}

func permanent(code, message, remedy string, cause error) *directory.Error {
	return &directory.Error{Kind: directory.KindConflict, Code: code, Message: message, Remedy: remedy, Permanent: true, Cause: cause}
}

// malformed is the error of an answer that is whole and yet not what it has to be.
func malformed(what string) *directory.Error {
	return permanent(directory.CodeSourceRefused, "Microsoft Graph gave a malformed answer: "+what+".",
		"Nothing was changed. Check Rollcall's Graph URL; if it is right, tell Microsoft's support.", nil)
}

func throttled(r *refusal) *directory.Error {
	wait := r.wait
	if wait == 0 {
		wait = defaultWait
	}
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeSourceThrottled, RetryAfter: wait, Cause: r,
		Message: fmt.Sprintf("Microsoft asks Rollcall to wait %s before the next request (%s).", wait.Round(time.Second), r.answer()),
		Remedy:  "Rollcall goes on by itself.",
	}
}

func unavailable(cause error) *directory.Error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeSourceUnavailable, Cause: cause,
		Message: "Microsoft Graph cannot be read at the moment: " + cause.Error() + ".",
		Remedy:  "Rollcall tries again by itself. If it goes on, check the network and the health of Microsoft 365.",
	}
}
