package activities

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// pagesPerCall is how many pages one activity reads: enough to keep histories short, few enough
// that a cancellation does not wait long.
const pagesPerCall = 10

// FetchUsers reads the next pages of people, maps each record and stages it. The cursor is kept in
// the transaction of its page, so that whoever runs this next goes on exactly there.
func (a *Sync) FetchUsers(ctx context.Context, in OfRun) (Fetched, error) {
	defer keepAlive(ctx)()
	fetched, err := a.fetchUsers(ctx, in.RunID)
	return fetched, asTemporal(ctx, err)
}

func (a *Sync) fetchUsers(ctx context.Context, runID string) (Fetched, error) {
	f, err := a.openFetch(ctx, runID)
	if err != nil {
		return Fetched{}, err
	}
	if f.progress.Mode == directory.Incremental {
		return f.changes(ctx)
	}
	announced, err := f.announced(ctx)
	if err != nil {
		return Fetched{}, err
	}
	out := Fetched{Announced: announced, Fetched: f.progress.Read, Done: f.progress.Done}
	if !out.Done {
		if out, err = f.pages(ctx, announced); err != nil {
			return Fetched{}, err
		}
	}
	if out.Done {
		return out, f.complete(ctx, announced)
	}
	return out, nil
}

// announced is how many people the source said it has before the first page was read.
func (f *fetch) announced(ctx context.Context) (int, error) {
	if f.progress.Announced >= 0 {
		return f.progress.Announced, nil
	}
	announced, err := f.source.CountUsers(ctx)
	if err != nil {
		return 0, err
	}
	return announced, f.store.SetStage(ctx, f.run.Run.ID, directory.StageFetch, announced)
}

// pages reads and stages up to pagesPerCall pages; the next page is on its way while one is staged.
func (f *fetch) pages(ctx context.Context, announced int) (Fetched, error) {
	out := Fetched{Announced: announced, Fetched: f.progress.Read}
	group, reading := errgroup.WithContext(ctx)
	read := make(chan store.StagePage)
	group.Go(func() error {
		defer close(read)
		return f.hand(reading, read)
	})
	group.Go(func() error {
		for page := range read {
			// A page that was read is kept, also when the next one fails.
			fetched, err := f.store.StagePage(ctx, page)
			if err != nil {
				return err
			}
			out.Pages++
			out.Fetched = fetched
			out.Done = page.Next == ""
		}
		return nil
	})
	err := group.Wait()
	return out, err
}

// hand reads page after page and hands it on, mapped, to be staged.
func (f *fetch) hand(ctx context.Context, into chan<- store.StagePage) error {
	cursor := f.progress.Cursor
	for range pagesPerCall {
		page, err := f.source.Users(ctx, cursor, f.rules.Paths(), 0)
		if err != nil {
			return err
		}
		staged := store.StagePage{RunID: f.run.Run.ID, Cursor: cursor, Next: page.Next}
		for _, record := range page.Records {
			mapped := f.rules.Map(record)
			staged.Records = append(staged.Records, mapped)
			staged.Fingerprints = append(staged.Fingerprints, f.rules.Fingerprint(mapped))
		}
		select {
		case into <- staged:
		case <-ctx.Done():
			return ctx.Err()
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
	return nil
}

// complete refuses a fetch that may be incomplete: what it lacks would be taken for people who left.
func (f *fetch) complete(ctx context.Context, announced int) error {
	read, err := f.read(ctx)
	if err != nil {
		return err
	}
	name := f.run.Configuration.Provider.Title()
	if read == 0 {
		return &directory.Error{
			Kind: directory.KindConflict, Code: directory.CodeSourceEmpty, Permanent: true,
			Message: name + " returned nobody. Nobody was removed.",
			Remedy:  "Check that Rollcall may still read users there, then sync again.",
		}
	}
	if read >= announced {
		return nil
	}
	// People may have left while we read: only what is announced before and after is missing.
	now, err := f.source.CountUsers(ctx)
	if err != nil {
		return err
	}
	if read >= now {
		return nil
	}
	return &directory.Error{
		Kind: directory.KindConflict, Code: directory.CodeSourceIncomplete, Permanent: true,
		Message: fmt.Sprintf("%s announced %d people, but only %d could be read. Nobody was removed.", name, min(now, announced), read),
		Remedy:  "Start the sync again with Sync now.",
	}
}

// read is how many people were read: of all users each once, since a page may tell somebody again;
// of the users of groups those outside of the scope too, who are not kept.
func (f *fetch) read(ctx context.Context) (int, error) {
	if f.run.Settings.Scope.Kind == directory.AllUsers {
		return f.store.Staged(ctx, f.run.Run.ID)
	}
	progress, err := f.store.FetchProgress(ctx, f.run.Run.ID)
	return progress.Read, err
}
