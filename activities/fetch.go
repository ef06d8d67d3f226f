package activities

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// When a run may read only who changed: Graph keeps what it needs for that for seven days, and a
// full read every so often finds what a list of changes never told.
const (
	maxChangesAge      = 5 * 24 * time.Hour
	maxIncrementalRuns = 3 // after these, a full read
)

// fetch is one call's work on reading for a run.
type fetch struct {
	store    *store.Store
	source   source.Source
	rules    *mapping.Rules
	run      store.RunContext
	progress store.FetchProgress
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
	f := &fetch{store: a.Store, source: src, run: run}
	if f.progress, err = a.Store.FetchProgress(ctx, runID); err != nil {
		return nil, err
	}
	f.rules, err = rulesOf(ctx, run, src)
	return f, err
}

// rulesOf compiles the run's frozen mappings against its source.
func rulesOf(ctx context.Context, run store.RunContext, src source.Source) (*mapping.Rules, error) {
	attributes, err := src.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	return mapping.Compile(run.Settings.Mappings, attributes, run.Fields, run.Configuration.Provider, run.Account.DateFormat)
}

// BeginFetch checks that the connection still answers for the tenant that the admin confirmed, and
// decides how much of it the run reads.
func (a *Sync) BeginFetch(ctx context.Context, in OfRun) (Begun, error) {
	defer keepAlive(ctx)()
	begun, err := a.beginFetch(ctx, in.RunID)
	return begun, asTemporal(ctx, err)
}

func (a *Sync) beginFetch(ctx context.Context, runID string) (Begun, error) {
	f, err := a.openFetch(ctx, runID)
	if err != nil {
		return Begun{}, err
	}
	s := f.run.Settings
	begun := Begun{Mode: f.progress.Mode, Groups: s.Scope.Kind == directory.UsersOfGroups || s.Groups.Enabled || len(s.MappedGroups()) > 0}
	if err := f.checkTenant(ctx); err != nil || f.progress.Pages > 0 {
		return begun, err
	}
	begun.Mode, err = f.begin(ctx, a.Now())
	return begun, err
}

func (f *fetch) checkTenant(ctx context.Context) error {
	tenant, err := f.source.Tenant(ctx)
	if err != nil {
		return err
	}
	known := f.run.Connection.Tenant
	if known == nil || known.ID == tenant.ID {
		return nil
	}
	return &directory.Error{
		Kind: directory.KindConflict, Code: directory.CodeTenantChanged, Permanent: true,
		Message: fmt.Sprintf("The connection answers for the tenant %s (%s) instead of %s (%s).", tenant.Name, tenant.ID, known.Name, known.ID),
		Remedy:  "Connect the right tenant again.",
	}
}

// begin starts to read who changed since the last run, where that is known and recent, and
// everybody otherwise. Where changes begin from now on is asked before anybody is read, so that
// what changes meanwhile is told twice rather than never.
func (f *fetch) begin(ctx context.Context, now time.Time) (directory.RunMode, error) {
	id := f.run.Run.ID
	incremental, can := f.source.(source.Incremental)
	if !can || f.run.Settings.Scope.Kind != directory.AllUsers || f.run.Run.Kind != directory.KindSync {
		return directory.FullRead, f.store.BeginRead(ctx, id, store.ReadStart{Mode: directory.FullRead})
	}
	state, err := f.store.ReadState(ctx, f.run.Configuration.ID)
	if err != nil {
		return "", err
	}
	digest := readDigest(f.run)
	if state.ChangesLink != "" && now.Sub(state.ChangesAt) <= maxChangesAge && state.IncrementalRuns < maxIncrementalRuns &&
		bytes.Equal(state.Digest, digest) {
		return directory.Incremental, f.store.BeginRead(ctx, id, store.ReadStart{Mode: directory.Incremental, Cursor: state.ChangesLink, Digest: digest})
	}
	link, err := changesLink(ctx, incremental, f.rules.Paths())
	if err != nil {
		return "", err
	}
	return directory.FullRead, f.store.BeginRead(ctx, id, store.ReadStart{Mode: directory.FullRead, ChangesLink: link, Digest: digest})
}

// changesLink is where changes begin from now on; empty where the source will not say, since a
// full read does without.
func changesLink(ctx context.Context, src source.Incremental, paths []string) (string, error) {
	link, err := src.ChangesLink(ctx, paths)
	var coded *directory.Error
	if errors.As(err, &coded) && coded.Permanent && coded.Code == directory.CodeSourceRefused {
		return "", nil
	}
	return link, err
}

// readDigest identifies the settings that decide what a read comes to. When they change, who did
// not change at the source must be looked at too.
func readDigest(run store.RunContext) []byte {
	encoded, err := json.Marshal(struct {
		Scope          directory.Scope
		Mappings       []directory.Mapping
		OnSourceDelete directory.OnSourceDelete
		Fields         []directory.Field
		DateFormat     string
	}{run.Settings.Scope, run.Settings.Mappings, run.Settings.OnSourceDelete, run.Fields, run.Account.DateFormat})
	if err != nil {
		panic(err) // plain values
	}
	sum := sha256.Sum256(encoded)
	return sum[:]
}
