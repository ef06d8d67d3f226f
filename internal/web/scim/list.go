package scim

import (
	"context"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/store"
)

const listResponseURN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// listResponse is RFC 7644, section 3.4.2, with the cursors of RFC 9865.
type listResponse struct {
	Schemas        []string         `json:"schemas"`
	TotalResults   int              `json:"totalResults"`
	ItemsPerPage   int              `json:"itemsPerPage"`
	StartIndex     int              `json:"startIndex,omitempty"` // none when paged by cursor
	NextCursor     string           `json:"nextCursor,omitempty"`
	PreviousCursor string           `json:"previousCursor,omitempty"`
	Resources      []map[string]any `json:"Resources"`
}

// list answers a query in the address.
func (s *Service) list(find finder) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		q, err := queryOf(r.URL.Query())
		if err != nil {
			return err
		}
		return s.answer(w, r, c, q, find)
	}
}

// search answers a query in the body, RFC 7644, section 3.4.3.
func (s *Service) search(find finder) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		body, err := readBody(w, r)
		if err != nil {
			return err
		}
		q, err := searchOf(body)
		if err != nil {
			return err
		}
		return s.answer(w, r, c, q, find)
	}
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, c caller, q query, find finder) error {
	list, err := find(r.Context(), c, q)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, list)
	return nil
}

// finder finds a page of resources.
type finder func(ctx context.Context, c caller, q query) (listResponse, error)

func (s *Service) findUsers(ctx context.Context, c caller, q query) (listResponse, error) {
	wanted, err := q.of(c.user, false)
	if err != nil {
		return listResponse{}, err
	}
	return s.find(ctx, c, q, &wanted, nil)
}

func (s *Service) findGroups(ctx context.Context, c caller, q query) (listResponse, error) {
	wanted, err := q.of(c.group, false)
	if err != nil {
		return listResponse{}, err
	}
	return s.find(ctx, c, q, nil, &wanted)
}

func (s *Service) findAll(ctx context.Context, c caller, q query) (listResponse, error) {
	users, err := q.of(c.user, true)
	if err != nil {
		return listResponse{}, err
	}
	groups, err := q.of(c.group, true)
	if err != nil {
		return listResponse{}, err
	}
	return s.find(ctx, c, q, &users, &groups)
}

// find is a page of users, of groups, or of both.
func (s *Service) find(ctx context.Context, c caller, q query, users, groups *selected) (listResponse, error) {
	asked := store.SCIMQuery{StartIndex: *q.StartIndex, Count: *q.Count, Cursor: q.Cursor}
	if users != nil {
		asked.Users, asked.WithGroups = &users.query, users.shown.Wants("groups")
	}
	if groups != nil {
		asked.Groups, asked.WithMembers = &groups.query, groups.shown.Wants("members")
	}
	page, err := s.store.ListSCIM(ctx, c.SCIMClient, asked)
	if err != nil {
		return listResponse{}, err
	}
	resources := make([]map[string]any, 0, len(page.Users)+len(page.Groups))
	for _, user := range page.Users {
		resources = append(resources, s.users.show(c, user, users.shown).document)
	}
	for _, group := range page.Groups {
		resources = append(resources, s.groups.show(c, group, groups.shown).document)
	}
	list := listOf(resources)
	list.TotalResults, list.StartIndex = page.Total, *q.StartIndex
	if q.Cursor != nil {
		list.StartIndex, list.NextCursor, list.PreviousCursor = 0, page.Next, page.Previous
	}
	return list, nil
}

// listOf is a list that is whole.
func listOf(resources []map[string]any) listResponse {
	return listResponse{Schemas: []string{listResponseURN}, TotalResults: len(resources), ItemsPerPage: len(resources), StartIndex: 1, Resources: resources}
}
