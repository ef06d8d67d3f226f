package admin

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// PersonSync is what was done about one person, in all steps and their order. Change is nil where there
// was nothing to do, User where nobody is linked to the person.
type PersonSync struct {
	SourceID string
	Steps    []Step
	Change   *directory.Change
	User     *directory.User
}

// StepName names a step of syncing one person.
type StepName string

// The steps.
const (
	StepRead   StepName = "read"
	StepScope  StepName = "scope"
	StepMap    StepName = "map"
	StepMatch  StepName = "match"
	StepDecide StepName = "decide"
	StepApply  StepName = "apply"
)

// StepStatus is how a step went.
type StepStatus string

// The statuses of a step. One that had nothing to do, or came after a failed one, is skipped.
const (
	StepDone    StepStatus = "done"
	StepSkipped StepStatus = "skipped"
	StepFailed  StepStatus = "failed"
)

// Step is one step of syncing a person: a sentence for an admin, and the same for a program.
type Step struct {
	Name    StepName
	Status  StepStatus
	Message string
	Detail  StepDetail
}

// StepDetail is what a step found; each step has its own part of it.
type StepDetail struct {
	Enabled    *bool                      // read
	Attributes map[string]json.RawMessage // read, by path
	Values     map[string]TestedValue     // map, by target
	By         MatchedBy                  // match
	UserID     string                     // match
	Action     directory.Action           // decide; empty for nothing
	Before     *directory.Snapshot        // decide
	After      *directory.Snapshot        // decide
	Outcome    directory.Outcome          // apply
}

// MatchedBy says how the user of a person was found.
type MatchedBy string

// How a user can be found.
const (
	ByLink    MatchedBy = "link"
	ByAddress MatchedBy = "address" // a user without a link
	ByNobody  MatchedBy = "none"
)

// personSync is one person on their way through the steps.
type personSync struct {
	source   source.Source
	settings directory.Settings
	rules    *mapping.Rules
	words    personWords
	record   source.Record
	there    bool // the directory has the person
	person   store.Person
	out      PersonSync
}

// SyncPerson syncs one person of the directory now, by the id that they have there, and says of each step
// what it came to. Nobody of the directory is looked at beside them. The errors of reading are those of
// the source, and nothing is changed then. While a run of the configuration is going it is the conflict
// "run_in_progress".
func (a *Admin) SyncPerson(ctx context.Context, who directory.Principal, configurationID, sourceID string) (PersonSync, error) {
	c, err := a.enabled(ctx, who.AccountID, configurationID)
	if err != nil {
		return PersonSync{}, err
	}
	if !canBeSourceID(sourceID) {
		return PersonSync{}, invalid("Nobody was synced.", fieldErrors("source_id", "This is no id that a person can have in a directory."))
	}
	p, err := a.openPerson(ctx, c, sourceID)
	if err != nil {
		return PersonSync{}, err
	}
	if err := p.read(ctx); err != nil {
		return PersonSync{}, err
	}
	if known, err := p.scope(ctx); err != nil || !known {
		return p.out, err
	}
	settings := reconcile.Settings{OnSourceDelete: c.Settings.OnSourceDelete, CreateOnly: p.rules.CreateOnly(), SourceName: c.Provider.Title()}
	synced, err := a.Store.SyncPerson(ctx, p.person,
		func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, settings) },
		func(m reconcile.Missing) reconcile.Decision { return reconcile.DecideMissing(m, settings) })
	if err != nil {
		return PersonSync{}, err
	}
	a.Wake(ctx, who.AccountID)
	p.report(synced)
	return p.out, nil
}

// canBeSourceID refuses what no directory has as an id, and what would lead a request elsewhere.
func canBeSourceID(id string) bool {
	return utf8.ValidString(id) && !strings.ContainsRune(id, 0) && strings.Trim(id, ".") != ""
}

// openPerson opens the directory and sees that it is the one that was connected: what another one lacks
// is not gone.
func (a *Admin) openPerson(ctx context.Context, c directory.Configuration, sourceID string) (*personSync, error) {
	connection, err := a.Store.Connection(ctx, c.AccountID, c.ConnectionID)
	if err != nil {
		return nil, err
	}
	src, err := a.openConnected(ctx, connection)
	if err != nil {
		return nil, err
	}
	if _, err := src.Tenant(ctx); err != nil {
		return nil, err
	}
	rules, err := a.compile(ctx, src, connection, c.Settings.Mappings)
	if err != nil {
		return nil, err
	}
	return &personSync{
		source: src, settings: c.Settings, rules: rules, words: personWords{source: c.Provider.Title(), id: sourceID},
		person: store.Person{AccountID: c.AccountID, ConfigurationID: c.ID, SourceID: sourceID, Absence: directory.AbsenceGone},
		out:    PersonSync{SourceID: sourceID},
	}, nil
}

func (p *personSync) done(name StepName, message string, detail StepDetail) {
	p.out.Steps = append(p.out.Steps, Step{name, StepDone, message, detail})
}

// skip says of steps why they had nothing to do.
func (p *personSync) skip(message string, names ...StepName) {
	for _, name := range names {
		p.out.Steps = append(p.out.Steps, Step{Name: name, Status: StepSkipped, Message: message})
	}
}

func (p *personSync) fail(name StepName, message string, detail StepDetail) {
	p.out.Steps = append(p.out.Steps, Step{name, StepFailed, message, detail})
}

// read reads the person. They are who the directory says they are, also where it was asked in another
// way: by an id in other letters, or by an address.
func (p *personSync) read(ctx context.Context) error {
	record, err := p.source.User(ctx, p.person.SourceID, p.rules.Paths())
	if isNotFound(err) {
		p.done(StepRead, p.words.gone(), StepDetail{})
		return nil
	}
	if err != nil {
		return err
	}
	mapped := p.rules.Map(record)
	p.record, p.there = record, true
	p.person.SourceID, p.out.SourceID = record.ID, record.ID
	p.person.Record, p.person.Fingerprint = &mapped, p.rules.Fingerprint(mapped)
	p.words.meet(mapped)
	p.done(StepRead, p.words.read(record.Enabled), StepDetail{Enabled: &record.Enabled, Attributes: record.Attributes})
	return nil
}

// scope finds out whether the person is in scope, and says whether that is known. Whoever is not counts
// as missing.
func (p *personSync) scope(ctx context.Context) (known bool, err error) {
	switch {
	case !p.there:
		p.skip("Who is gone is in no scope.", StepScope)
	case p.settings.Scope.Kind != directory.UsersOfGroups:
		p.done(StepScope, p.words.allInScope(), StepDetail{})
	default:
		return p.groups(ctx)
	}
	return true, nil
}

// groups is scope where the scope is the users of groups.
func (p *personSync) groups(ctx context.Context) (known bool, err error) {
	ids := p.settings.Scope.GroupIDs
	s, err := standingIn(ctx, p.source, p.record.ID, ids)
	switch {
	case err != nil:
		return false, err
	case s.group != "":
		group, err := p.source.Group(ctx, s.group)
		p.done(StepScope, p.words.inGroup(group.Name), StepDetail{})
		return true, err
	case s.unread != "":
		p.fail(StepScope, p.words.unread(s), StepDetail{})
		p.skip("Nothing was changed, since it is not known whether they are in scope.", StepMap, StepMatch, StepDecide, StepApply)
		return false, nil
	default:
		p.person.Record, p.person.Absence = nil, directory.AbsenceOutOfScope
		p.done(StepScope, p.words.outOfScope(len(ids)), StepDetail{})
		return true, nil
	}
}

// report says what was made of the record, whom it was about, what was decided and what came of it.
func (p *personSync) report(s store.SyncedPerson) {
	p.out.Change, p.out.User = s.Change, s.User
	if record := p.person.Record; record != nil {
		row := testedRow(p.rules, p.record, *record)
		p.done(StepMap, p.words.mapped(row, *record), StepDetail{Values: row.Values})
	} else {
		p.skip("Only who is there and in scope is mapped.", StepMap)
	}
	by, userID := matchOf(s)
	p.done(StepMatch, p.words.matched(s, p.person.Record), StepDetail{By: by, UserID: userID})
	if s.Change == nil {
		p.done(StepDecide, nothingText(s, p.person), StepDetail{})
		p.skip("There was nothing to apply.", StepApply)
		return
	}
	c := *s.Change
	detail := StepDetail{Action: c.Action, Before: c.Before, After: c.After}
	if c.Action == directory.ActionError {
		p.fail(StepDecide, problemText(c.Problems), detail)
		p.skip("Nothing was changed.", StepApply)
		return
	}
	p.done(StepDecide, p.words.decided(c, p.person), detail)
	if c.Outcome != directory.OutcomeApplied {
		p.fail(StepApply, problemText(c.Problems[len(c.Problems)-1:]), StepDetail{Outcome: c.Outcome})
		return
	}
	p.done(StepApply, appliedText(s, p.person, p.settings), StepDetail{Outcome: c.Outcome})
}

// matchOf says how the user was found whom the decision is about.
func matchOf(s store.SyncedPerson) (by MatchedBy, userID string) {
	switch {
	case s.Linked != nil:
		return ByLink, s.Linked.ID
	case s.Holder != nil && s.Holder.LinkedSourceID == "":
		return ByAddress, s.Holder.User.ID
	default:
		return ByNobody, ""
	}
}
