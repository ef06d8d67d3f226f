package graph

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// maxPage is the largest page of users, groups or members that Graph gives.
// https://learn.microsoft.com/graph/api/user-list
const maxPage = 999

// tenant is one tenant of Microsoft Entra ID as a source.
type tenant struct {
	id     string // as the connection knows it
	client *client
}

// Tenant reads the tenant's organization. Another id than the connection's is a
// directory.CodeTenantChanged error.
func (t *tenant) Tenant(ctx context.Context) (directory.Tenant, error) {
	builder := organization.NewOrganizationRequestBuilderInternal(map[string]string{}, t.client.adapter)
	request, err := builder.ToGetRequestInformation(ctx, &organization.OrganizationRequestBuilderGetRequestConfiguration{
		QueryParameters: &organization.OrganizationRequestBuilderGetQueryParameters{
			Select: []string{"id", "displayName", "verifiedDomains"},
		},
	})
	if err != nil {
		return directory.Tenant{}, err
	}
	body, err := t.get(ctx, request)
	if err != nil {
		return directory.Tenant{}, err
	}
	found, err := decodeOrganization(body)
	if err != nil {
		return directory.Tenant{}, err
	}
	if !strings.EqualFold(found.ID, t.id) {
		return directory.Tenant{}, permanent(directory.CodeTenantChanged,
			"The connection answers for another tenant of Microsoft Entra ID than the one that gave consent.",
			"Connect the tenant that is meant anew.", nil)
	}
	return found, nil
}

// Users reads a page. The cursor is Graph's own link to the page, which is used as it is.
func (t *tenant) Users(ctx context.Context, cursor string, paths []string, size int) (source.Page, error) {
	read := parsePaths(paths)
	var body []byte
	var err error
	if cursor == "" {
		body, err = t.firstPage(ctx, read, size)
	} else {
		body, err = t.nextPage(ctx, cursor)
	}
	if err != nil {
		return source.Page{}, err
	}
	return decodePage(body, read)
}

func (t *tenant) firstPage(ctx context.Context, paths []path, size int) ([]byte, error) {
	request, err := t.users().ToGetRequestInformation(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: selection(paths), Expand: expansion(paths), Top: pageSize(size)},
	})
	if err != nil {
		return nil, err
	}
	return t.get(ctx, request)
}

func (t *tenant) nextPage(ctx context.Context, link string) ([]byte, error) {
	if !t.client.owns(link) {
		return nil, permanent(directory.CodeSourceRefused,
			"Microsoft Graph named a next page outside of its own address, which Rollcall does not follow.",
			"Check Rollcall's Graph URL, then sync again.", nil)
	}
	request, err := users.NewUsersRequestBuilder(link, t.client.adapter).ToGetRequestInformation(ctx, nil)
	if err != nil {
		return nil, err
	}
	return t.client.get(ctx, request)
}

// CountUsers reads the number of users, which Graph keeps apart and brings up to date with some delay.
// https://learn.microsoft.com/graph/aad-advanced-queries
func (t *tenant) CountUsers(ctx context.Context) (int, error) {
	request, err := t.users().Count().ToGetRequestInformation(ctx, &users.CountRequestBuilderGetRequestConfiguration{Headers: eventual()})
	if err != nil {
		return 0, err
	}
	body, err := t.get(ctx, request)
	if err != nil {
		return 0, err
	}
	return decodeCount(body)
}

// eventual are the headers without which Graph counts nothing.
func eventual() *kiota.RequestHeaders {
	headers := kiota.NewRequestHeaders()
	headers.Add("ConsistencyLevel", "eventual")
	return headers
}

func decodeCount(body []byte) (int, error) {
	count, err := strconv.Atoi(string(bytes.TrimSpace(body)))
	if err != nil || count < 0 {
		return 0, malformed("a number that is no number")
	}
	return count, nil
}

// User reads one user by id.
func (t *tenant) User(ctx context.Context, id string, paths []string) (source.Record, error) {
	if id == "" {
		return source.Record{}, directory.NotFound("user")
	}
	read := parsePaths(paths)
	request, err := t.users().ByUserId(id).ToGetRequestInformation(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: selection(read), Expand: expansion(read)},
	})
	if err != nil {
		return source.Record{}, err
	}
	body, err := t.get(ctx, request)
	if missing(err) {
		return source.Record{}, directory.NotFound("user")
	}
	if err != nil {
		return source.Record{}, err
	}
	return decodeUser(body, read)
}

func (t *tenant) users() *users.UsersRequestBuilder {
	return users.NewUsersRequestBuilderInternal(map[string]string{}, t.client.adapter)
}

// request is one that the SDK has no small package for: a path below the API's version, with its template.
func (t *tenant) request(method kiota.HttpMethod, template string) *kiota.RequestInformation {
	request := kiota.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, "{+baseurl}"+template, map[string]string{})
	request.Headers.TryAdd("Accept", "application/json")
	return request
}

// get sends a request of the SDK's templates, with the query options written as Graph's
// documentation does: with a plain $ where the templates have %24.
func (t *tenant) get(ctx context.Context, request *kiota.RequestInformation) ([]byte, error) {
	request.PathParameters["baseurl"] = t.client.base.String()
	address, err := request.GetUri()
	if err != nil {
		return nil, err
	}
	address.RawQuery = strings.ReplaceAll(address.RawQuery, "%24", "$")
	request.SetUri(*address)
	return t.client.get(ctx, request)
}

// pageSize is the page size to ask for; the largest one where none is wanted.
func pageSize(wanted int) *int32 {
	size := int32(maxPage)
	if wanted > 0 && wanted < maxPage {
		size = int32(wanted)
	}
	return &size
}

// selection names the properties that the paths are in, and those that every record needs.
func selection(paths []path) []string {
	return slices.DeleteFunc(tracked(paths), func(name string) bool { return name == manager })
}

// tracked is selection with the relations, which only changes are asked for in the same way.
// https://learn.microsoft.com/graph/api/user-delta
func tracked(paths []path) []string {
	names := []string{"accountEnabled", "id"}
	for _, p := range paths {
		names = append(names, p.parts[0])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// expansion asks for the relations that the paths are in.
func expansion(paths []path) []string {
	if slices.ContainsFunc(paths, func(p path) bool { return p.parts[0] == manager }) {
		return []string{manager + "($select=id)"}
	}
	return nil
}
