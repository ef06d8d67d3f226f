package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// crowd is how many members the large group has, if there are so many people.
const crowd = 50_000

// load is an account under load.
type load struct {
	options
	clients []*client
	meter   meter
	run     string // makes names differ from those of other runs on the same server
	numbers atomic.Int64
	people  []person
	group   string // id of the group of the first of the people
	states  []state
}

// state is what a client keeps from one request to the next.
type state struct {
	made    []person
	patches int    // of the group's members so far
	cursor  string // of its next page
}

func newLoad(o options, base, token string) *load {
	return &load{
		options: o, clients: newServer(base, token, o.Clients).clients(o.Clients),
		run: strconv.FormatInt(time.Now().UnixNano(), 36), states: make([]state, o.Clients),
	}
}

// fill brings the account to as many people as are wanted, and makes the large group.
func (l *load) fill(ctx context.Context) (Phase, error) {
	if err := l.findPeople(ctx); err != nil {
		return Phase{}, fmt.Errorf("list those who are there: %w", err)
	}
	var missing atomic.Int64
	missing.Store(int64(l.Users - len(l.people)))
	filled, err := measure(ctx, l.meter, filling, l.clients, func() bool { return missing.Add(-1) >= 0 }, l.create)
	if err := errors.Join(err, filled.failed()); err != nil {
		return Phase{}, fmt.Errorf("fill the account: %w", err)
	}
	l.keepMade()
	header, err := l.clients[0].call(ctx, http.MethodPost, "/Groups?excludedAttributes=members", groupOf("Everybody "+l.run, l.crowd()))
	if err != nil {
		return Phase{}, fmt.Errorf("make the large group: %w", err)
	}
	l.group = path.Base(header.Get("Location"))
	return filled, nil
}

func (l *load) crowd() []person { return l.people[:min(crowd, len(l.people))] }

func (l *load) findPeople(ctx context.Context) error {
	for {
		if _, err := l.clients[0].call(ctx, http.MethodGet, fmt.Sprintf("/Users?attributes=userName&count=500&startIndex=%d", len(l.people)+1), nil); err != nil {
			return err
		}
		var page struct {
			TotalResults int
			Resources    []struct{ ID, UserName string }
		}
		if err := json.Unmarshal(l.clients[0].answer.Bytes(), &page); err != nil {
			return err
		}
		for _, user := range page.Resources {
			l.people = append(l.people, person{user.ID, user.UserName})
		}
		if len(page.Resources) == 0 || len(l.people) >= page.TotalResults {
			return nil
		}
	}
}

func (l *load) keepMade() {
	for i := range l.states {
		l.people = append(l.people, l.states[i].made...)
		l.states[i].made = nil
	}
}

// phases measures every kind of request. Creates come last: until then the account has as many
// people as were wanted.
func (l *load) phases(ctx context.Context) ([]Phase, error) {
	var measured []Phase
	for _, kind := range []struct {
		name string
		do   func(context.Context, *client) error
	}{
		{reads, l.read}, {lookups, l.lookUp}, {indexPages, l.list}, {cursorPages, l.walk},
		{patches, l.patch}, {memberPatches, l.patchMembers}, {creates, l.create},
	} {
		phase, err := l.profiled(kind.name, func() (Phase, error) {
			return measure(ctx, l.meter, kind.name, l.clients, forAsLongAs(l.Phase), kind.do)
		})
		if err != nil {
			return nil, err
		}
		say("%s: %.0f a second, %d errors", phase.Name, phase.PerSecond, phase.Errors)
		measured = append(measured, phase)
	}
	return measured, nil
}

func (l *load) profiled(name string, measure func() (Phase, error)) (Phase, error) {
	if l.Profile == "" {
		return measure()
	}
	file, err := os.Create(filepath.Join(l.Profile, strings.ReplaceAll(name, " ", "-")+".pprof"))
	if err != nil {
		return Phase{}, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return Phase{}, errors.Join(err, file.Close())
	}
	phase, err := measure()
	pprof.StopCPUProfile()
	return phase, errors.Join(err, file.Close())
}

func (l *load) anybody(c *client) person { return l.people[c.random.IntN(len(l.people))] }

func (l *load) create(ctx context.Context, c *client) error {
	number := int(l.numbers.Add(1))
	userName := fmt.Sprintf("%s.%06d@load.example", l.run, number)
	c.body = appendPerson(c.body[:0], userName, number)
	header, err := c.call(ctx, http.MethodPost, "/Users", c.body)
	if err != nil {
		return err
	}
	l.states[c.number].made = append(l.states[c.number].made, person{path.Base(header.Get("Location")), userName})
	return nil
}

func (l *load) read(ctx context.Context, c *client) error {
	p := l.anybody(c)
	if _, err := c.call(ctx, http.MethodGet, "/Users/"+p.id, nil); err != nil {
		return err
	}
	return c.tells(p.userName, 1)
}

// lookUp is how Entra finds somebody.
func (l *load) lookUp(ctx context.Context, c *client) error {
	p := l.anybody(c)
	if _, err := c.call(ctx, http.MethodGet, "/Users?filter=userName+eq+%22"+url.QueryEscape(p.userName)+"%22", nil); err != nil {
		return err
	}
	return c.tells(p.id, 1)
}

// pageSize is that of Okta's imports.
const pageSize = 100

func (l *load) list(ctx context.Context, c *client) error {
	start := 1 + c.random.IntN(max(len(l.people)-pageSize, 1))
	if _, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=%d", start, pageSize), nil); err != nil {
		return err
	}
	return c.tells(`"userName"`, min(pageSize, len(l.people)))
}

// walk goes from page to page, and begins again after the last one. RFC 9865 section 2
func (l *load) walk(ctx context.Context, c *client) error {
	cursor := &l.states[c.number].cursor
	if _, err := c.call(ctx, http.MethodGet, fmt.Sprintf("/Users?cursor=%s&count=%d", url.QueryEscape(*cursor), pageSize), nil); err != nil {
		return err
	}
	var page struct{ NextCursor string }
	err := json.Unmarshal(c.answer.Bytes(), &page)
	*cursor = page.NextCursor
	return errors.Join(err, c.tells(`"userName"`, 1))
}

func (l *load) patch(ctx context.Context, c *client) error {
	c.body = appendPatch(c.body[:0], `{"op":"replace","path":"title","value":"Lead %d"}`, c.random.Uint32())
	_, err := c.call(ctx, http.MethodPatch, "/Users/"+l.anybody(c).id, c.body)
	return err
}

// The operations of a patch of members, with the member's id to come.
const (
	removeMember = `{"op":"remove","path":"members[value eq \"%s\"]"}`
	addMember    = `{"op":"add","path":"members","value":[{"value":"%s"}]}`
)

// patchMembers takes a member out of the large group, and next time in again. Each client has
// members of its own.
func (l *load) patchMembers(ctx context.Context, c *client) error {
	s := &l.states[c.number]
	member := l.crowd()[(c.number+s.patches/2*l.Clients)%len(l.crowd())]
	operation := removeMember
	if s.patches%2 == 1 {
		operation = addMember
	}
	c.body = appendPatch(c.body[:0], operation, member.id)
	if _, err := c.call(ctx, http.MethodPatch, "/Groups/"+l.group, c.body); err != nil {
		return err
	}
	s.patches++
	return nil
}
