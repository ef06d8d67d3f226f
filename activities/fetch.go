package activities

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/source"
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
	out := Fetched{Announced: f.announced, Fetched: f.progress.Fetched, Done: f.progress.Done}
	if !out.Done {
		if out, err = f.pages(ctx); err != nil {
			return Fetched{}, err
		}
	}
	if out.Done {
		return out, f.complete(ctx)
	}
	return out, nil
}

// fetch is one call's work on a run.
type fetch struct {
	store     *store.Store
	source    source.Source
	rules     *mapping.Rules
	run       store.RunContext
	progress  store.FetchProgress
	announced int
}

func (a *Sync) openFetch(ctx context.Context, runID string) (*fetch, error) {
	run, err := a.Store.RunContext(ctx, runID)
	if err != nil {
		return nil, err
	}
	opener, ok := a.Sources[run.Configuration.Provider]
	if !ok {
		return nil, directory.Invalid("provider_unknown", "This worker has no access to "+run.Configuration.Provider.Title()+" set up.")
	}
	src, err := opener.Open(ctx, run.Connection)
	if err != nil {
		return nil, err
	}
	f := &fetch{store: a.Store, source: src, run: run, announced: run.Run.StageTotal}
	if f.progress, err = a.Store.FetchProgress(ctx, runID); err != nil {
		return nil, err
	}
	if f.rules, err = a.rules(ctx, run, src); err != nil {
		return nil, err
	}
	if f.progress.Pages == 0 {
		return f, f.begin(ctx)
	}
	return f, nil
}

// begin checks that the connection still answers for the tenant that the admin confirmed, and asks
// how many people there are.
func (f *fetch) begin(ctx context.Context) error {
	tenant, err := f.source.Tenant(ctx)
	if err != nil {
		return err
	}
	if known := f.run.Connection.Tenant; known != nil && known.ID != tenant.ID {
		return &directory.Error{
			Kind: directory.KindConflict, Code: directory.CodeTenantChanged, Permanent: true,
			Message: fmt.Sprintf("The connection answers for the tenant %s (%s) instead of %s (%s).", tenant.Name, tenant.ID, known.Name, known.ID),
			Remedy:  "Connect the right tenant again.",
		}
	}
	if f.announced, err = f.source.CountUsers(ctx); err != nil {
		return err
	}
	return f.store.SetStage(ctx, f.run.Run.ID, directory.StageFetch, f.announced)
}

// pages reads and stages up to pagesPerCall pages; the next page is on its way while one is staged.
func (f *fetch) pages(ctx context.Context) (Fetched, error) {
	out := Fetched{Announced: f.announced, Fetched: f.progress.Fetched}
	group, ctx := errgroup.WithContext(ctx)
	read := make(chan store.StagePage)
	group.Go(func() error {
		defer close(read)
		return f.read(ctx, read)
	})
	group.Go(func() error {
		for page := range read {
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
	return out, group.Wait()
}

// read hands page after page to be staged, mapped.
func (f *fetch) read(ctx context.Context, into chan<- store.StagePage) error {
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
func (f *fetch) complete(ctx context.Context) error {
	staged, err := f.store.Staged(ctx, f.run.Run.ID)
	if err != nil {
		return err
	}
	name := f.run.Configuration.Provider.Title()
	if staged == 0 {
		return &directory.Error{
			Kind: directory.KindConflict, Code: directory.CodeSourceEmpty, Permanent: true,
			Message: name + " returned nobody. Nobody was removed.",
			Remedy:  "Check that the app registration may still read users, then sync again.",
		}
	}
	if staged >= f.announced {
		return nil
	}
	// People may have left while we read: only what is announced before and after is missing.
	now, err := f.source.CountUsers(ctx)
	if err != nil {
		return err
	}
	if staged >= now {
		return nil
	}
	return &directory.Error{
		Kind: directory.KindConflict, Code: directory.CodeSourceIncomplete, Permanent: true,
		Message: fmt.Sprintf("%s announced %d people, but only %d could be read. Nobody was removed.", name, min(now, f.announced), staged),
		Remedy:  "Start the sync again with Sync now.",
	}
}
