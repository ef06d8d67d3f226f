package activities

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const (
	// lookUpsAtOnce is how many people are read by id at the same time.
	lookUpsAtOnce = 8
	// maxChanges is how many changed people are worth looking up one by one. Reading everybody is
	// cheaper when there are more.
	maxChanges = 2000
)

// changes reads who changed since the last run, and each of them by id: a list of changes tells what
// changed and not what is. Nobody is taken for gone whom the source did not deny when asked by id.
func (f *fetch) changes(ctx context.Context) (Fetched, error) {
	src, ok := f.source.(source.Incremental)
	if !ok {
		return f.readAll(ctx, "")
	}
	out := Fetched{Fetched: f.progress.Read, Done: f.progress.Done}
	for cursor := f.progress.Cursor; !out.Done && out.Pages < pagesPerCall; out.Pages++ {
		page, err := src.Changes(ctx, cursor)
		var coded *directory.Error
		if errors.As(err, &coded) && coded.Kind == directory.KindGone {
			return f.readAllAgain(ctx, src, directory.Note{Code: "full_resync", Message: f.name() +
				" no longer knew where the last sync had ended, so everybody was read again (full resync)."})
		}
		if err != nil {
			return out, err
		}
		if out.Fetched+len(page.IDs) > maxChanges {
			return f.readAllAgain(ctx, src, directory.Note{Code: "many_changes", Message: "So many people have changed since the last sync that everybody was read again (full resync)."})
		}
		if out.Fetched, err = f.stageChanges(ctx, cursor, page); err != nil {
			return out, err
		}
		cursor, out.Done = page.Next, page.Next == ""
	}
	return out, nil
}

func (f *fetch) name() string { return f.run.Configuration.Provider.Title() }

func (f *fetch) readAllAgain(ctx context.Context, src source.Incremental, note directory.Note) (Fetched, error) {
	link, err := changesLink(ctx, src, f.rules.Paths())
	if err != nil {
		return Fetched{}, err
	}
	return f.readAll(ctx, link, note)
}

// readAll forgets what was read of the changes; the next call begins with the first page of all.
func (f *fetch) readAll(ctx context.Context, link string, notes ...directory.Note) (Fetched, error) {
	return Fetched{}, f.store.BeginRead(ctx, f.run.Run.ID, store.ReadStart{Mode: directory.FullRead, ChangesLink: link, Digest: readDigest(f.run)}, notes...)
}

func (f *fetch) stageChanges(ctx context.Context, cursor string, page source.ChangePage) (int, error) {
	records, gone, err := f.lookUp(ctx, page.IDs)
	if err != nil {
		return 0, err
	}
	staged := store.StageChanges{RunID: f.run.Run.ID, Cursor: cursor, Next: page.Next, Link: page.Link, Gone: gone}
	for _, record := range records {
		mapped := f.rules.Map(record)
		staged.Records = append(staged.Records, mapped)
		staged.Fingerprints = append(staged.Fingerprints, f.rules.Fingerprint(mapped))
	}
	return f.store.StageChanges(ctx, staged)
}

// lookUp reads people by id, each once: those who are there, and the ids of those who are not.
func (f *fetch) lookUp(ctx context.Context, ids []string) (there []source.Record, gone []string, err error) {
	seen := make(map[string]bool, len(ids))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookUpsAtOnce)
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		group.Go(func() error {
			record, err := f.source.User(ctx, id, f.rules.Paths())
			missing := isNotFound(err)
			if err != nil && !missing {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if missing {
				gone = append(gone, id)
			} else {
				there = append(there, record)
			}
			return nil
		})
	}
	err = group.Wait()
	return there, gone, err
}
