package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// sample reads up to size people who are in scope.
func sample(ctx context.Context, src source.Source, paths []string, scope directory.Scope, size int) ([]source.Record, error) {
	if scope.Kind != directory.UsersOfGroups {
		return sampleOfAll(ctx, src, paths, size)
	}
	s := sampling{source: src, paths: paths, size: size, seen: map[string]bool{}}
	for _, id := range scope.GroupIDs {
		everyone, err := s.group(ctx, id)
		switch {
		case isNotFound(err):
			return nil, invalid("Nothing was tested.", notThere("scope.group_ids[%d]", scope.GroupIDs, map[string]bool{id: true}))
		case err != nil:
			return nil, err
		case everyone:
			return sampleOfAll(ctx, src, paths, size)
		}
	}
	return s.records, nil
}

func sampleOfAll(ctx context.Context, src source.Source, paths []string, size int) ([]source.Record, error) {
	page, err := src.Users(ctx, "", paths, size)
	return page.Records[:min(len(page.Records), size)], err
}

// sampling collects people of groups.
type sampling struct {
	source  source.Source
	paths   []string
	size    int
	seen    map[string]bool
	records []source.Record
}

// group reads people of a group until there are enough, unless everyone is in it.
func (s *sampling) group(ctx context.Context, id string) (everyone bool, err error) {
	for cursor := ""; len(s.records) < s.size; {
		page, err := s.source.Members(ctx, id, cursor)
		if err != nil || page.Everyone {
			return page.Everyone, err
		}
		for _, person := range page.People {
			if err := s.person(ctx, person); err != nil {
				return false, err
			}
		}
		if page.Next == "" || page.Next == cursor {
			return false, nil
		}
		cursor = page.Next
	}
	return false, nil
}

// person reads one more, unless they are gone since the members were listed.
func (s *sampling) person(ctx context.Context, id string) error {
	if s.seen[id] || len(s.records) >= s.size {
		return nil
	}
	s.seen[id] = true
	record, err := s.source.User(ctx, id, s.paths)
	if isNotFound(err) {
		return nil
	}
	if err == nil {
		s.records = append(s.records, record)
	}
	return err
}
