package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const (
	groupsPerCall = 200 // groups whose members one activity reads
	groupsAtOnce  = 4   // groups whose members are read at the same time
)

// ListGroups finds the groups that the run reads and stages them, without members yet. A chosen one
// that is not there, or may not be read, is an error of that group.
func (a *Sync) ListGroups(ctx context.Context, in OfRun) (GroupsListed, error) {
	defer keepAlive(ctx)()
	listed, err := a.listGroups(ctx, in.RunID)
	return listed, asTemporal(ctx, err)
}

func (a *Sync) listGroups(ctx context.Context, runID string) (GroupsListed, error) {
	f, err := a.openFetch(ctx, runID)
	if err != nil {
		return GroupsListed{}, err
	}
	s := f.run.Settings
	if s.Groups.Enabled && len(s.Groups.GroupIDs) == 0 && s.Scope.Kind == directory.AllUsers {
		return f.listAllGroups(ctx)
	}
	return f.listChosenGroups(ctx)
}

// listAllGroups stages every group of the tenant. One that we have and the list lacks is asked for by
// id, since a list that lacks it is no proof that it is gone.
func (f *fetch) listAllGroups(ctx context.Context) (GroupsListed, error) {
	var out GroupsListed
	seen := map[string]bool{}
	for cursor, more := "", true; more; {
		page, err := f.source.Groups(ctx, cursor, "", 0)
		if err != nil {
			return out, err
		}
		staged := make([]store.StagedGroup, 0, len(page.Groups))
		for _, g := range page.Groups {
			staged = append(staged, stagedGroup(g, false, true))
		}
		if err := f.store.StageGroups(ctx, f.run.Run.ID, staged); err != nil {
			return out, err
		}
		out.Groups += len(staged)
		if seen[page.Next] {
			return out, repeatedGroups(f.name())
		}
		seen[page.Next] = true
		cursor, more = page.Next, page.Next != ""
	}
	unlisted, err := f.store.KnownGroups(ctx, f.run.Run.ID)
	if err != nil {
		return out, err
	}
	return out, f.eachGroup(ctx, unlisted, func(ctx context.Context, id string) error {
		g, err := f.source.Group(ctx, id)
		if isNotFound(err) {
			return nil // gone for certain: planned to be deleted
		}
		if err != nil {
			return err
		}
		return f.store.StageGroups(ctx, f.run.Run.ID, []store.StagedGroup{stagedGroup(g, false, true)})
	})
}

func repeatedGroups(name string) error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeRepeatedPage, Permanent: true,
		Message: name + " gave a page token of its list of groups that it had given before, so the list would never end. Nobody was removed.",
		Remedy:  "Sync again; if it happens again, tell the provider's support.",
	}
}

func (f *fetch) listChosenGroups(ctx context.Context) (GroupsListed, error) {
	inScope, synced := map[string]bool{}, map[string]bool{}
	s := f.run.Settings
	if s.Scope.Kind == directory.UsersOfGroups {
		for _, id := range s.Scope.GroupIDs {
			inScope[id] = true
		}
	}
	if s.Groups.Enabled {
		for _, id := range s.Groups.GroupIDs {
			synced[id] = true
		}
	}
	ids := slices.Concat(s.Scope.GroupIDs, s.Groups.GroupIDs)
	ids = slices.DeleteFunc(ids, func(id string) bool { return !inScope[id] && !synced[id] })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	out := GroupsListed{Groups: len(ids)}
	var mu sync.Mutex
	return out, f.eachGroup(ctx, ids, func(ctx context.Context, id string) error {
		g, err := f.source.Group(ctx, id)
		if problem, ofGroup := f.groupProblem(err, id); ofGroup {
			mu.Lock()
			out.Unreadable++
			mu.Unlock()
			return f.store.FailGroup(ctx, f.run.Run.ID, stagedGroup(source.Group{ID: id, DirectMembers: -1}, inScope[id], synced[id]), problem)
		}
		if err != nil {
			return err
		}
		g.ID = id
		return f.store.StageGroups(ctx, f.run.Run.ID, []store.StagedGroup{stagedGroup(g, inScope[id], synced[id])})
	})
}

// FetchMembers reads the members of the next groups, page after page.
func (a *Sync) FetchMembers(ctx context.Context, in OfRun) (MembersFetched, error) {
	defer keepAlive(ctx)()
	fetched, err := a.fetchMembers(ctx, in.RunID)
	return fetched, asTemporal(ctx, err)
}

func (a *Sync) fetchMembers(ctx context.Context, runID string) (MembersFetched, error) {
	var out MembersFetched
	groups, err := a.Store.GroupsToRead(ctx, runID, groupsPerCall)
	if err != nil {
		return out, err
	}
	if len(groups) > 0 {
		f, err := a.openFetch(ctx, runID)
		if err != nil {
			return out, err
		}
		if err := f.membersOf(ctx, groups); err != nil {
			return out, err
		}
	}
	out.Done = len(groups) < groupsPerCall
	_, out.Groups, out.Members, err = a.Store.GroupProgress(ctx, runID)
	return out, err
}

func (f *fetch) membersOf(ctx context.Context, groups []store.GroupToRead) error {
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(groupsAtOnce)
	for _, g := range groups {
		reading.Go(func() error {
			err := f.members(ctx, g)
			problem, ofGroup := f.groupProblem(err, g.Name)
			if !ofGroup {
				return err
			}
			failed := store.StagedGroup{SourceID: g.SourceID, Name: g.Name, InScope: g.InScope, Synced: g.Synced, Direct: g.Direct}
			return f.store.FailGroup(ctx, f.run.Run.ID, failed, problem)
		})
	}
	return reading.Wait()
}

// members reads one group to its end. Fewer members than the source announces are an incomplete
// answer.
func (f *fetch) members(ctx context.Context, g store.GroupToRead) error {
	for cursor, more := g.Cursor, true; more; {
		page, err := f.source.Members(ctx, g.SourceID, cursor)
		if err != nil {
			return err
		}
		staged := store.StageMembers{
			RunID: f.run.Run.ID, GroupID: g.SourceID, Cursor: cursor, Next: page.Next,
			People: page.People, Everyone: page.Everyone, Groups: len(page.Groups), Others: len(page.Others),
		}
		if err := f.store.StageMembers(ctx, staged); err != nil {
			return err
		}
		cursor, more = page.Next, page.Next != ""
	}
	people, others, err := f.store.GroupMembersStaged(ctx, f.run.Run.ID, g.SourceID)
	if err != nil || people+others >= g.Direct {
		return err
	}
	return &directory.Error{
		Kind: directory.KindConflict, Code: directory.CodeSourceIncomplete, Permanent: true,
		Message: fmt.Sprintf("%s announced %d members of the group '%s', but only %d could be read.", f.name(), g.Direct, g.Name, people+others),
		Remedy:  "Start the sync again with Sync now.",
	}
}

// eachGroup does something for each group, several at the same time.
func (f *fetch) eachGroup(ctx context.Context, ids []string, do func(context.Context, string) error) error {
	doing, ctx := errgroup.WithContext(ctx)
	doing.SetLimit(lookUpsAtOnce)
	for _, id := range ids {
		doing.Go(func() error { return do(ctx, id) })
	}
	return doing.Wait()
}

// groupProblem says whether an error is about one group alone, so that the run can go on without
// its members: nobody is taken out of it, or out of the scope, on that account.
func (f *fetch) groupProblem(err error, label string) (directory.Problem, bool) {
	var coded *directory.Error
	if !errors.As(err, &coded) {
		return directory.Problem{}, false
	}
	switch {
	case coded.Kind == directory.KindNotFound:
		return directory.Problem{
			Code:    directory.CodeGroupGone,
			Message: fmt.Sprintf("The group '%s' is not in %s any more. Its members here stay as they are.", label, f.name()),
			Remedy:  "Take the group out of the configuration, or choose another one.",
		}, true
	case coded.Code == directory.CodeGroupUnreadable, coded.Code == directory.CodeSourceRefused:
		return directory.Problem{
			Code:    directory.CodeGroupUnreadable,
			Message: fmt.Sprintf("%s does not let Rollcall read the group '%s'. Its members here stay as they are.", f.name(), label),
			Remedy:  "Have an administrator of the directory grant access to the group, then sync again.",
		}, true
	case coded.Code == directory.CodeSourceIncomplete:
		return directory.Problem{Code: coded.Code, Message: coded.Message, Remedy: coded.Remedy}, true
	default:
		return directory.Problem{}, false
	}
}

func isNotFound(err error) bool {
	var coded *directory.Error
	return errors.As(err, &coded) && coded.Kind == directory.KindNotFound
}

func stagedGroup(g source.Group, inScope, synced bool) store.StagedGroup {
	return store.StagedGroup{
		SourceID: g.ID, Name: g.Name, Description: g.Description, Email: g.Email,
		InScope: inScope, Synced: synced, Direct: g.DirectMembers,
	}
}
