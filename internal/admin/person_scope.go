package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// standing is how a person stands to the groups of a scope: in one of them, in none, or unknown
// because one cannot be read.
type standing struct {
	group  string // id of one that they are in
	unread string // id of one that cannot be read, when they are in none of the others
	why    *directory.Error
}

// inGroup ends the search of groups.
type inGroup string

func (inGroup) Error() string { return "the person is in the group" }

// standingIn looks for a person in groups. Errors are those that are not about one group alone.
func standingIn(ctx context.Context, src source.Source, person string, groups []string) (standing, error) {
	var mu sync.Mutex
	var s standing
	looking, ctx := errgroup.WithContext(ctx)
	looking.SetLimit(lookupsAtOnce)
	for _, group := range groups {
		looking.Go(func() error {
			in, err := isMember(ctx, src, group, person)
			why, ofGroup := errors.AsType[*directory.Error](err)
			switch {
			case in:
				return inGroup(group)
			case ofGroup && unreadable(why):
				mu.Lock()
				defer mu.Unlock()
				s.unread, s.why = group, why
				return nil
			default:
				return err
			}
		})
	}
	err := looking.Wait()
	if group, in := errors.AsType[inGroup](err); in {
		return standing{group: string(group)}, nil
	}
	return s, err
}

// unreadable says whether an error is about one group, whose members are unknown then.
func unreadable(err *directory.Error) bool {
	return err.Kind == directory.KindNotFound ||
		slices.Contains([]string{directory.CodeGroupUnreadable, directory.CodeSourceIncomplete, directory.CodeRepeatedPage}, err.Code)
}

// isMember reads a group until the person is found. That they are not in it is said only of a group
// that was read to its end, with as many members as the source announces.
func isMember(ctx context.Context, src source.Source, group, person string) (bool, error) {
	members, cursors := map[string]bool{}, map[string]bool{}
	for cursor := ""; !cursors[cursor]; {
		page, err := src.Members(ctx, group, cursor)
		if err != nil {
			return false, err
		}
		if page.Everyone || slices.Contains(page.People, person) {
			return true, nil
		}
		for _, id := range slices.Concat(page.People, page.Groups, page.Others) {
			members[id] = true
		}
		if page.Next == "" {
			return false, complete(ctx, src, group, len(members))
		}
		cursors[cursor], cursor = true, page.Next
	}
	return false, &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeRepeatedPage, Permanent: true,
		Message: "The directory gave a page token of its members that it had given before, so the list would never end.",
		Remedy:  "Try again; if it happens again, tell the provider's support.",
	}
}

// complete refuses a list of members that is shorter than the source announces.
func complete(ctx context.Context, src source.Source, group string, read int) error {
	announced, err := src.CountMembers(ctx, group)
	if err != nil || read >= announced {
		return err
	}
	return &directory.Error{
		Kind: directory.KindConflict, Code: directory.CodeSourceIncomplete, Permanent: true,
		Message: fmt.Sprintf("The directory announced %d members, but only %d could be read.", announced, read),
		Remedy:  "Try again in a few minutes.",
	}
}
