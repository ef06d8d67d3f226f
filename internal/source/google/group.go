package google

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// maxGroups is the largest page of groups, and of members, that the API gives.
const maxGroups = 200

const groupFields = "id,name,description,email"

// Groups reads a page. The API finds names by the letters and digits that they begin with; the rest
// of a search is looked for here, so that a page can be shorter than was asked for, even empty.
func (t *tenant) Groups(ctx context.Context, cursor, search string, size int) (source.GroupPage, error) {
	call := t.client.api.Groups.List().Customer(myCustomer).MaxResults(pageSize(size, maxGroups)).
		Fields("nextPageToken", googleapi.Field("groups("+groupFields+")"))
	if cursor != "" {
		call.PageToken(cursor)
	}
	if plain := plainPrefix(search); plain != "" {
		call.Query("name:" + plain + "*")
	}
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := call.Context(ctx).Do()
		return err
	})
	if err != nil {
		return source.GroupPage{}, err
	}
	return decodeGroups(body, search)
}

// plainPrefix is the beginning of a search that needs no quoting in a query.
// https://developers.google.com/workspace/admin/directory/v1/guides/search-groups
func plainPrefix(search string) string {
	if end := strings.IndexFunc(search, special); end >= 0 {
		return search[:end]
	}
	return search
}

// Group reads one group by id.
func (t *tenant) Group(ctx context.Context, id string) (source.Group, error) {
	if id == "" {
		return source.Group{}, directory.NotFound("group")
	}
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := t.client.api.Groups.Get(id).Fields(groupFields).Context(ctx).Do()
		return err
	})
	if err != nil {
		return source.Group{}, ofGroup(err)
	}
	var answer group
	if err := decode(body, &answer); err != nil {
		return source.Group{}, err
	}
	return answer.read()
}

// Members reads a page of the members of a group and of the groups in it.
func (t *tenant) Members(ctx context.Context, groupID, cursor string) (source.MemberPage, error) {
	if groupID == "" {
		return source.MemberPage{}, directory.NotFound("group")
	}
	call := t.client.api.Members.List(groupID).IncludeDerivedMembership(true).MaxResults(maxGroups).
		Fields("nextPageToken", "members(id,type)")
	if cursor != "" {
		call.PageToken(cursor)
	}
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := call.Context(ctx).Do()
		return err
	})
	if err != nil {
		return source.MemberPage{}, ofGroup(err)
	}
	return decodeMembers(body)
}

// CountMembers reads the number of a group's direct members, of any kind; Members lists them and more.
func (t *tenant) CountMembers(ctx context.Context, groupID string) (int, error) {
	if groupID == "" {
		return 0, directory.NotFound("group")
	}
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := t.client.api.Groups.Get(groupID).Fields("directMembersCount").Context(ctx).Do()
		return err
	})
	if err != nil {
		return 0, ofGroup(err)
	}
	var answer group
	if err := decode(body, &answer); err != nil {
		return 0, err
	}
	count, err := strconv.Atoi(string(unquoted(answer.Direct)))
	if err != nil || count < 0 {
		return 0, nil
	}
	return count, nil
}

// group is a group as the API writes it.
type group struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Email       string          `json:"email"`
	Direct      json.RawMessage `json:"directMembersCount"`
}

// read takes the address for the name of a group that has none.
func (g group) read() (source.Group, error) {
	if g.ID == "" {
		return source.Group{}, malformed("a group without an id")
	}
	return source.Group{ID: g.ID, Name: cmp.Or(g.Name, g.Email), Description: g.Description, Email: g.Email}, nil
}

func decodeGroups(body []byte, search string) (source.GroupPage, error) {
	var answer struct {
		list
		Groups []group `json:"groups"`
	}
	if err := decodeList(body, &answer, &answer.list); err != nil {
		return source.GroupPage{}, err
	}
	page := source.GroupPage{Groups: make([]source.Group, 0, len(answer.Groups)), Next: answer.Next}
	for _, each := range answer.Groups {
		found, err := each.read()
		if err != nil {
			return source.GroupPage{}, err
		}
		if strings.HasPrefix(strings.ToLower(found.Name), strings.ToLower(search)) {
			page.Groups = append(page.Groups, found)
		}
	}
	return page, nil
}

// decodeMembers tells members apart by their type alone: a person of another organization has no
// status, and a group is no person although it has an id and an address.
func decodeMembers(body []byte) (source.MemberPage, error) {
	var answer struct {
		list
		Members []struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"members"`
	}
	if err := decodeList(body, &answer, &answer.list); err != nil {
		return source.MemberPage{}, err
	}
	page := source.MemberPage{Next: answer.Next}
	for _, member := range answer.Members {
		switch {
		case member.Type == "CUSTOMER":
			page.Everyone = true
		case member.ID == "":
			return source.MemberPage{}, malformed("a member without an id")
		case member.Type == "USER":
			page.People = append(page.People, member.ID)
		case member.Type == "GROUP":
			page.Groups = append(page.Groups, member.ID)
		default:
			page.Others = append(page.Others, member.ID)
		}
	}
	return page, nil
}
