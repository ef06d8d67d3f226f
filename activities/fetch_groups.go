package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const (
	listedPerCall = 1000 // groups that one activity looks up by id
	groupsPerCall = 200  // groups whose members one activity reads
	groupsAtOnce  = 4    // groups whose members are read at the same time
)

// ListGroups finds the next groups that the run reads and stages them, without members yet. A chosen
// one that is not there, or may not be read, is an error of that group.
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
	done := true
	if f.progress.Pages == 0 { // a rerun of one that had come to people has read its groups
		done, err = f.listGroups(ctx)
	}
	if err != nil {
		return GroupsListed{}, err
	}
	groups, _, _, err := a.Store.GroupProgress(ctx, runID)
	return GroupsListed{Groups: groups, Done: done}, err
}

// listGroups stages the next groups, and says whether these were the last.
func (f *fetch) listGroups(ctx context.Context) (done bool, err error) {
	s := f.run.Settings
	if s.Groups.Enabled && len(s.Groups.GroupIDs) == 0 && s.Scope.Kind == directory.AllUsers {
		return true, f.listAllGroups(ctx)
	}
	return f.listChosenGroups(ctx)
}

// listAllGroups stages every group of the tenant. One that we have and the list lacks is asked for by
// id, since a list that lacks it is no proof that it is gone.
func (f *fetch) listAllGroups(ctx context.Context) error {
	mapped := map[string]bool{}
	for _, id := range f.run.Settings.MappedGroups() {
		mapped[id] = true
	}
	seen := map[string]bool{}
	for cursor, more := "", true; more; {
		page, err := f.source.Groups(ctx, cursor, "", 0)
		if err != nil {
			return err
		}
		staged := make([]store.StagedGroup, 0, len(page.Groups))
		for _, g := range page.Groups {
			staged = append(staged, stagedGroup(g, store.StagedGroup{Synced: true, Mapped: mapped[g.ID]}))
		}
		if err := f.store.StageGroups(ctx, f.run.Run.ID, staged); err != nil {
			return err
		}
		if seen[page.Next] {
			return repeatedGroups(f.name())
		}
		seen[page.Next] = true
		cursor, more = page.Next, page.Next != ""
	}
	unlisted, err := f.store.KnownGroups(ctx, f.run.Run.ID)
	if err != nil {
		return err
	}
	if err := f.eachGroup(ctx, unlisted, func(ctx context.Context, id string) error {
		g, err := f.source.Group(ctx, id)
		if isNotFound(err) {
			return nil // gone for certain: planned to be deleted
		}
		return f.stageGroup(ctx, g, err, store.StagedGroup{SourceID: id, Synced: true, Mapped: mapped[id]})
	}); err != nil {
		return err
	}
	return f.stageMappedGroups(ctx)
}

// stageMappedGroups stages the groups that mappings name and that no list has: that one is gone is an error
// of it.
func (f *fetch) stageMappedGroups(ctx context.Context) error {
	unlisted, err := f.store.UnstagedGroups(ctx, f.run.Run.ID, f.run.Settings.MappedGroups())
	if err != nil {
		return err
	}
	return f.eachGroup(ctx, unlisted, func(ctx context.Context, id string) error {
		g, err := f.source.Group(ctx, id)
		return f.stageGroup(ctx, g, err, store.StagedGroup{SourceID: id, Synced: err == nil, Mapped: true})
	})
}

func repeatedGroups(name string) error {
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: directory.CodeRepeatedPage, Permanent: true,
		Message: name + " gave a page token of its list of groups that it had given before, so the list would never end. Nobody was removed.",
		Remedy:  "Sync again; if it happens again, tell the provider's support.",
	}
}

// listChosenGroups looks up the next chosen groups by id, and says whether these were the last.
func (f *fetch) listChosenGroups(ctx context.Context) (done bool, err error) {
	chosen := chosenGroups(f.run.Settings)
	unstaged, err := f.store.UnstagedGroups(ctx, f.run.Run.ID, slices.Collect(maps.Keys(chosen)))
	if err != nil {
		return false, err
	}
	next := unstaged[:min(len(unstaged), listedPerCall)]
	return len(next) == len(unstaged), f.eachGroup(ctx, next, func(ctx context.Context, id string) error {
		g, err := f.source.Group(ctx, id)
		g.ID = id
		return f.stageGroup(ctx, g, err, chosen[id])
	})
}

// chosenGroups are the groups that the settings name, by id, each with what it is read for.
func chosenGroups(s directory.Settings) map[string]store.StagedGroup {
	chosen := map[string]store.StagedGroup{}
	choose := func(ids []string, to func(*store.StagedGroup)) {
		for _, id := range ids {
			g := chosen[id]
			g.SourceID = id
			to(&g)
			chosen[id] = g
		}
	}
	if s.Scope.Kind == directory.UsersOfGroups {
		choose(s.Scope.GroupIDs, func(g *store.StagedGroup) { g.InScope = true })
	}
	if s.Groups.Enabled {
		choose(s.Groups.GroupIDs, func(g *store.StagedGroup) { g.Synced = true })
	}
	choose(s.MappedGroups(), func(g *store.StagedGroup) { g.Mapped = true })
	return chosen
}

// stageGroup stages a group that was looked up, or why it could not be.
func (f *fetch) stageGroup(ctx context.Context, g source.Group, err error, staged store.StagedGroup) error {
	if err == nil {
		return f.store.StageGroups(ctx, f.run.Run.ID, []store.StagedGroup{stagedGroup(g, staged)})
	}
	problem, ofGroup, named := f.groupProblem(ctx, err, staged)
	if !ofGroup {
		return errors.Join(err, named)
	}
	return f.store.FailGroup(ctx, f.run.Run.ID, staged, problem)
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
			if err == nil {
				return nil
			}
			return f.stageGroup(ctx, source.Group{}, err, store.StagedGroup{SourceID: g.SourceID, Name: g.Name, InScope: g.InScope, Synced: g.Synced, Mapped: g.Mapped})
		})
	}
	return reading.Wait()
}

// members reads one group to its end. Fewer members than the source announces, before and after, are
// an incomplete answer: with the last page the store counts what was read.
func (f *fetch) members(ctx context.Context, g store.GroupToRead) error {
	announced, err := f.source.CountMembers(ctx, g.SourceID)
	if err != nil {
		return err
	}
	for cursor, more := g.Cursor, true; more; {
		page, err := f.source.Members(ctx, g.SourceID, cursor)
		if err != nil {
			return err
		}
		if page.Next == "" {
			if announced, err = f.announcedStill(ctx, g, page, announced); err != nil {
				return err
			}
		}
		if err := f.store.StageMembers(ctx, f.stagedMembers(g, cursor, page, announced)); err != nil {
			return err
		}
		cursor, more = page.Next, page.Next != ""
	}
	return nil
}

// announcedStill asks again how many members a group has when fewer were read: some may have left
// while it was read.
func (f *fetch) announcedStill(ctx context.Context, g store.GroupToRead, last source.MemberPage, announced int) (int, error) {
	staged, err := f.store.GroupMembersStaged(ctx, f.run.Run.ID, g.SourceID)
	if err != nil {
		return 0, err
	}
	if staged+len(last.People)+len(last.Groups)+len(last.Others) >= announced {
		return announced, nil
	}
	now, err := f.source.CountMembers(ctx, g.SourceID)
	return min(announced, now), err
}

func (f *fetch) stagedMembers(g store.GroupToRead, cursor string, page source.MemberPage, announced int) store.StageMembers {
	return store.StageMembers{
		RunID: f.run.Run.ID, GroupID: g.SourceID, Cursor: cursor, Next: page.Next,
		People: page.People, Everyone: page.Everyone, Groups: len(page.Groups), Others: len(page.Others),
		Announced: announced,
		Short: directory.Problem{
			Code:    directory.CodeSourceIncomplete,
			Message: fmt.Sprintf("%s announced %d members of the group '%s', but fewer could be read. %s", f.name(), announced, g.Name, kept(g.InScope, g.Mapped)),
			Remedy:  "Start the sync again with Sync now.",
		},
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
func (f *fetch) groupProblem(ctx context.Context, err error, g store.StagedGroup) (problem directory.Problem, ofGroup bool, failed error) {
	var coded *directory.Error
	if !errors.As(err, &coded) || coded.Kind != directory.KindNotFound && coded.Code != directory.CodeGroupUnreadable {
		return directory.Problem{}, false, nil
	}
	name, err := f.store.GroupName(ctx, f.run.Run.ID, g.SourceID)
	if err != nil {
		return directory.Problem{}, false, err
	}
	name = cmp.Or(name, g.SourceID)
	if coded.Kind == directory.KindNotFound {
		return directory.Problem{
			Code:    directory.CodeGroupGone,
			Message: fmt.Sprintf("The group '%s' is not in %s any more. %s", name, f.name(), kept(g.InScope, g.Mapped)),
			Remedy:  "Take the group out of the configuration, or choose another one.",
		}, true, nil
	}
	return directory.Problem{
		Code:    coded.Code,
		Message: fmt.Sprintf("The group '%s' could not be read. %s %s", name, coded.Message, kept(g.InScope, g.Mapped)),
		Remedy:  coded.Remedy,
	}, true, nil
}

// kept says what becomes of people while a group cannot be read.
func kept(inScope, mapped bool) string {
	switch {
	case inScope:
		return "Until it can be read, nobody is taken out for being in none of the chosen groups."
	case mapped:
		return "Until it can be read, people keep the roles and organizations that its mappings could change."
	default:
		return "Its members here stay as they are."
	}
}

func isNotFound(err error) bool {
	var coded *directory.Error
	return errors.As(err, &coded) && coded.Kind == directory.KindNotFound
}

// stagedGroup is a group with what it is read for.
func stagedGroup(g source.Group, reasons store.StagedGroup) store.StagedGroup {
	return store.StagedGroup{
		SourceID: g.ID, Name: g.Name, Description: g.Description, Email: g.Email,
		InScope: reasons.InScope, Synced: reasons.Synced, Mapped: reasons.Mapped,
	}
}
