package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	kiota "github.com/microsoft/kiota-abstractions-go"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// ChangesLink asks for the link of the changes from now on, without reading anybody.
// https://learn.microsoft.com/graph/delta-query-overview
func (t *tenant) ChangesLink(ctx context.Context, paths []string) (string, error) {
	request := t.request(kiota.GET, "/users/delta{?%24select,%24deltatoken}")
	request.QueryParametersAny["%24select"] = tracked(parsePaths(paths))
	request.QueryParametersAny["%24deltatoken"] = "latest"
	body, err := t.get(ctx, request)
	if err != nil {
		return "", err
	}
	page, err := decodeChanges(body)
	if err != nil {
		return "", err
	}
	if page.Link == "" {
		return "", malformed("no link for later changes")
	}
	return page.Link, nil
}

// Changes reads a page of changes. The cursor is Graph's own link, which is used as it is.
func (t *tenant) Changes(ctx context.Context, cursor string) (source.ChangePage, error) {
	if !t.client.owns(cursor) {
		return source.ChangePage{}, &directory.Error{
			Kind: directory.KindGone, Code: codeChangesExpired, Permanent: true,
			Message: "The changes since the last sync are at another address of Microsoft Graph than Rollcall's.",
			Remedy:  "Rollcall reads all people again.",
		}
	}
	body, err := t.nextPage(ctx, cursor)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.expired() {
		return source.ChangePage{}, &directory.Error{
			Kind: directory.KindGone, Code: codeChangesExpired, Permanent: true, Cause: refused,
			Message: fmt.Sprintf("Microsoft Graph no longer knows what changed since the last sync (%s).", refused.answer()),
			Remedy:  "Rollcall reads all people again.",
		}
	}
	if err != nil {
		return source.ChangePage{}, err
	}
	return decodeChanges(body)
}

// codeChangesExpired is the code of a link to changes that leads nowhere any more.
const codeChangesExpired = "changes_expired"

// expired says whether Graph refuses a link to changes: as gone or, depending on the service behind
// it, as a bad request, or as forbidden though it lets Rollcall in. Reading everybody is right in each case.
// https://devblogs.microsoft.com/microsoft365dev/duration-of-change-tracking-tokens-for-identity-and-education-resources/
func (r *refusal) expired() bool {
	return !r.signIn && (r.status == http.StatusGone || r.status == http.StatusBadRequest) || r.forbids()
}

// decodeChanges reads who changed, in whatever way: a removed user has a property @removed, and
// an id as everybody. A page either names the next one or is the last.
func decodeChanges(body []byte) (source.ChangePage, error) {
	var page struct {
		Value *[]struct {
			ID string `json:"id"`
		} `json:"value"`
		Next string `json:"@odata.nextLink"`
		Link string `json:"@odata.deltaLink"`
	}
	if err := decode(body, &page); err != nil {
		return source.ChangePage{}, err
	}
	if page.Value == nil || (page.Next == "") == (page.Link == "") {
		return source.ChangePage{}, malformed("changes without a list, or without one link to what follows")
	}
	found := source.ChangePage{Next: page.Next, Link: page.Link}
	for _, user := range *page.Value {
		if user.ID == "" {
			return source.ChangePage{}, malformed("a changed user without an id")
		}
		if !slices.Contains(found.IDs, user.ID) {
			found.IDs = append(found.IDs, user.ID)
		}
	}
	return found, nil
}
