package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/groups"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// The types of the members that are people and groups, as Graph names them.
const (
	personType = "#microsoft.graph.user"
	groupType  = "#microsoft.graph.group"
)

// Groups reads a page of groups. The cursor is Graph's own link to the page.
func (t *tenant) Groups(ctx context.Context, cursor, search string, size int) (source.GroupPage, error) {
	var body []byte
	var err error
	if cursor == "" {
		body, err = t.firstGroups(ctx, search, size)
	} else {
		body, err = t.nextPage(ctx, cursor)
	}
	if err != nil {
		return source.GroupPage{}, err
	}
	return decodeGroups(body)
}

func (t *tenant) firstGroups(ctx context.Context, search string, size int) ([]byte, error) {
	query := &groups.GroupsRequestBuilderGetQueryParameters{Select: groupProperties(), Top: pageSize(size)}
	if search != "" {
		filter := "startswith(displayName,'" + strings.ReplaceAll(search, "'", "''") + "')"
		query.Filter = &filter
	}
	request, err := t.groups().ToGetRequestInformation(ctx, &groups.GroupsRequestBuilderGetRequestConfiguration{QueryParameters: query})
	if err != nil {
		return nil, err
	}
	return t.get(ctx, request)
}

// Group reads one group by id.
func (t *tenant) Group(ctx context.Context, id string) (source.Group, error) {
	if id == "" {
		return source.Group{}, directory.NotFound("group")
	}
	request, err := t.groups().ByGroupId(id).ToGetRequestInformation(ctx, &groups.GroupItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Select: groupProperties()},
	})
	if err != nil {
		return source.Group{}, err
	}
	body, err := t.get(ctx, request)
	if err != nil {
		return source.Group{}, ofGroup(err)
	}
	return decodeGroup(body)
}

// Members reads a page of a group's transitive members, which Graph works out and lists once each.
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (t *tenant) Members(ctx context.Context, groupID, cursor string) (source.MemberPage, error) {
	if groupID == "" {
		return source.MemberPage{}, directory.NotFound("group")
	}
	var body []byte
	var err error
	if cursor == "" {
		body, err = t.firstMembers(ctx, groupID)
	} else {
		body, err = t.nextPage(ctx, cursor)
	}
	if err != nil {
		return source.MemberPage{}, ofGroup(err)
	}
	return decodeMembers(body)
}

// ofGroup says of an error of one group's members that the group is not there, or may not be read.
func ofGroup(err error) error {
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case missing(err):
		return directory.NotFound("group")
	case ok && refused.forbids():
		return unreadable(refused)
	default:
		return err
	}
}

// CountMembers reads the number of people among a group's transitive members. Of its other members
// Graph lists some kinds only.
func (t *tenant) CountMembers(ctx context.Context, groupID string) (int, error) {
	if groupID == "" {
		return 0, directory.NotFound("group")
	}
	count := t.groups().ByGroupId(groupID).TransitiveMembers().GraphUser().Count()
	request, err := count.ToGetRequestInformation(ctx, &groups.ItemTransitiveMembersGraphUserCountRequestBuilderGetRequestConfiguration{Headers: eventual()})
	if err != nil {
		return 0, err
	}
	body, err := t.get(ctx, request)
	if err != nil {
		return 0, ofGroup(err)
	}
	return decodeCount(body)
}

func (t *tenant) firstMembers(ctx context.Context, groupID string) ([]byte, error) {
	builder := t.groups().ByGroupId(groupID).TransitiveMembers()
	request, err := builder.ToGetRequestInformation(ctx, &groups.ItemTransitiveMembersRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.ItemTransitiveMembersRequestBuilderGetQueryParameters{Select: []string{"id"}, Top: pageSize(0)},
	})
	if err != nil {
		return nil, err
	}
	return t.get(ctx, request)
}

func (t *tenant) groups() *groups.GroupsRequestBuilder {
	return groups.NewGroupsRequestBuilderInternal(map[string]string{}, t.client.adapter)
}

func groupProperties() []string { return []string{"id", "displayName", "description", "mail"} }

// missing says whether Graph answered that there is no such object.
func missing(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && refused.status == http.StatusNotFound && refused.code == "Request_ResourceNotFound"
}

// forbids says whether Graph lets Rollcall in, but not at what was asked for.
func (r *refusal) forbids() bool {
	return !r.signIn && r.status == http.StatusForbidden && !r.consentIsGone()
}

func unreadable(refused *refusal) error {
	return permanent(directory.CodeGroupUnreadable,
		fmt.Sprintf("Microsoft Graph does not let Rollcall read this group and its members (%s).", refused.answer()),
		"Grant the permission GroupMember.Read.All to Rollcall's app registration with admin consent"+
			" (for a group with hidden membership also Member.Read.Hidden), or choose other groups, then sync again.", refused)
}

// groupRecord is a group as Graph writes it.
type groupRecord struct {
	ID          string `json:"id"`
	Name        string `json:"displayName"`
	Description string `json:"description"`
	Email       string `json:"mail"`
}

func decodeGroups(body []byte) (source.GroupPage, error) {
	var page struct {
		Value *[]groupRecord `json:"value"`
		Next  string         `json:"@odata.nextLink"`
	}
	if err := decode(body, &page); err != nil {
		return source.GroupPage{}, err
	}
	if page.Value == nil {
		return source.GroupPage{}, malformed("no list of groups")
	}
	found := make([]source.Group, len(*page.Value))
	for i, record := range *page.Value {
		var err error
		if found[i], err = newGroup(record); err != nil {
			return source.GroupPage{}, err
		}
	}
	return source.GroupPage{Groups: found, Next: page.Next}, nil
}

func decodeGroup(body []byte) (source.Group, error) {
	var record groupRecord
	if err := decode(body, &record); err != nil {
		return source.Group{}, err
	}
	return newGroup(record)
}

// newGroup makes a group of an answer.
func newGroup(record groupRecord) (source.Group, error) {
	if record.ID == "" {
		return source.Group{}, malformed("a group without an id")
	}
	return source.Group{
		ID: record.ID, Name: record.Name, Description: record.Description, Email: record.Email,
	}, nil
}

func decodeMembers(body []byte) (source.MemberPage, error) {
	var page struct {
		Value *[]struct {
			Type string `json:"@odata.type"`
			ID   string `json:"id"`
		} `json:"value"`
		Next string `json:"@odata.nextLink"`
	}
	if err := decode(body, &page); err != nil {
		return source.MemberPage{}, err
	}
	if page.Value == nil {
		return source.MemberPage{}, malformed("no list of members")
	}
	found := source.MemberPage{Next: page.Next}
	for _, member := range *page.Value {
		switch {
		case member.ID == "" || member.Type == "":
			return source.MemberPage{}, malformed("a member without an id or a type")
		case member.Type == personType:
			found.People = append(found.People, member.ID)
		case member.Type == groupType:
			found.Groups = append(found.Groups, member.ID)
		default:
			found.Others = append(found.Others, member.ID)
		}
	}
	return found, nil
}
