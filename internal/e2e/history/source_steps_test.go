package history

import (
	"maps"
	"slices"
)

// sourceSteps change the directory. One that is not possible says so.
func sourceSteps() []func(*world) bool {
	return []func(*world) bool{
		(*world).joins, (*world).joins, (*world).comesBack, (*world).leaves, (*world).leaves, (*world).isRenamed, (*world).changesAddress, (*world).changesAddress,
		(*world).swapsAddress, (*world).sharesAddress, (*world).isDisabled, (*world).isEnabled, (*world).losesValue, (*world).getsValue,
		(*world).groupForms, (*world).groupIsRenamed, (*world).groupDissolves, (*world).joinsGroup, (*world).joinsGroup, (*world).leavesGroup,
		(*world).movesGroup, (*world).groupNests,
	}
}

func (w *world) joins() bool {
	p := w.stranger()
	w.tell("%s joins with the address %s, title %q, enabled: %t", p.ID, p.Email, p.Title, p.Enabled)
	w.put(p)
	return true
}

func (w *world) comesBack() bool {
	id, found := w.one("who", slices.Sorted(maps.Keys(w.left)))
	if !found {
		return false
	}
	p := w.left[id]
	if len(w.roster.withAddress(p.Email)) > 0 {
		p.Email = w.address()
	}
	w.tell("%s comes back with the address %s, enabled: %t", id, p.Email, p.Enabled)
	w.put(p)
	return true
}

func (w *world) leaves() bool {
	p, found := w.somebody(anybody)
	if !found || len(w.roster.People) < 3 {
		return false
	}
	w.tell("%s leaves", p.ID)
	delete(w.roster.People, p.ID)
	w.left[p.ID], w.changed[p.ID] = p, true
	w.live.dropPerson(w.T, p.ID)
	return true
}

func (w *world) isRenamed() bool {
	p, found := w.somebody(anybody)
	if found {
		p.Last = w.number("Named")
		w.tell("%s is called %s", p.ID, p.Last)
		w.put(p)
	}
	return found
}

func (w *world) changesAddress() bool {
	p, found := w.somebody(anybody)
	if found {
		p.Email = w.address()
		w.tell("%s has the address %s", p.ID, p.Email)
		w.put(p)
	}
	return found
}

func (w *world) swapsAddress() bool {
	p, found := w.somebody(anybody)
	q, another := w.somebody(func(q person) bool { return q.ID != p.ID && q.Email != p.Email })
	if !found || !another {
		return false
	}
	p.Email, q.Email = q.Email, p.Email
	w.tell("%s and %s swap addresses: %s and %s", p.ID, q.ID, p.Email, q.Email)
	w.put(p)
	w.put(q)
	return true
}

// sharesAddress gives an enabled person the address of somebody else, who may be disabled.
func (w *world) sharesAddress() bool {
	p, found := w.somebody(func(p person) bool { return p.Enabled })
	q, another := w.somebody(func(q person) bool { return q.ID != p.ID && q.Email != p.Email })
	if !found || !another {
		return false
	}
	p.Email = q.Email
	w.tell("%s has the address %s, which is that of %s too", p.ID, p.Email, q.ID)
	w.put(p)
	return true
}

func (w *world) isDisabled() bool {
	p, found := w.somebody(func(p person) bool { return p.Enabled && len(w.roster.withAddress(p.Email)) == 1 })
	if found {
		p.Enabled = false
		w.tell("%s is disabled", p.ID)
		w.put(p)
	}
	return found
}

func (w *world) isEnabled() bool {
	p, found := w.somebody(func(p person) bool { return !p.Enabled })
	if found {
		p.Enabled = true
		w.tell("%s is enabled", p.ID)
		w.put(p)
	}
	return found
}

func (w *world) losesValue() bool {
	p, found := w.somebody(anybody)
	if !found {
		return false
	}
	value, _ := w.one("value", []string{"title", "city", "last"})
	w.tell("the %s of %s is cleared", value, p.ID)
	w.put(p.with(value, ""))
	return true
}

func (w *world) getsValue() bool {
	p, found := w.somebody(anybody)
	if !found {
		return false
	}
	value, _ := w.one("value", []string{"title", "city", "last"})
	text := w.number("Value")
	w.tell("the %s of %s is %s", value, p.ID, text)
	w.put(p.with(value, text))
	return true
}

func (p person) with(value, text string) person {
	*map[string]*string{"title": &p.Title, "city": &p.City, "last": &p.Last}[value] = text
	return p
}

func (w *world) somegroup(is func(group) bool) (group, bool) {
	id, found := w.one("group", where(w.roster.Groups, is))
	g := w.roster.Groups[id]
	g.Members = slices.Clone(g.Members)
	return g, found
}

func anyGroup(group) bool { return true }

func (w *world) groupForms() bool {
	g := group{ID: w.number("g"), Members: w.some("members", slices.Sorted(maps.Keys(w.roster.People)), 0)}
	g.Name = "Group " + g.ID
	w.tell("the group %s forms, of %v", g.ID, g.Members)
	w.putGroup(g)
	return true
}

func (w *world) groupIsRenamed() bool {
	g, found := w.somegroup(anyGroup)
	if found {
		g.Name = w.number("Group ")
		w.tell("the group %s is called %q", g.ID, g.Name)
		w.putGroup(g)
	}
	return found
}

func (w *world) groupDissolves() bool {
	g, found := w.somegroup(anyGroup)
	if found {
		w.tell("the group %s is deleted", g.ID)
		delete(w.roster.Groups, g.ID)
		w.live.dropGroup(w.T, g.ID)
	}
	return found
}

func (w *world) joinsGroup() bool {
	g, found := w.somegroup(anyGroup)
	p, another := w.somebody(func(p person) bool { return !slices.Contains(g.Members, p.ID) })
	if !found || !another {
		return false
	}
	g.Members = append(g.Members, p.ID)
	w.tell("%s joins the group %s", p.ID, g.ID)
	w.putGroup(g)
	return true
}

func (w *world) leavesGroup() bool {
	g, found := w.somegroup(func(g group) bool { return len(g.Members) > 0 })
	if !found {
		return false
	}
	who, _ := w.one("who", g.Members)
	g.Members = slices.DeleteFunc(g.Members, func(id string) bool { return id == who })
	w.tell("%s leaves the group %s", who, g.ID)
	w.putGroup(g)
	return true
}

func (w *world) movesGroup() bool {
	from, found := w.somegroup(func(g group) bool { return len(g.Members) > 0 })
	if !found {
		return false
	}
	who, _ := w.one("who", from.Members)
	into, another := w.somegroup(func(g group) bool { return g.ID != from.ID && g.ID != who && !slices.Contains(g.Members, who) })
	if !another {
		return false
	}
	from.Members = slices.DeleteFunc(from.Members, func(id string) bool { return id == who })
	into.Members = append(into.Members, who)
	w.tell("%s moves from the group %s to %s", who, from.ID, into.ID)
	w.putGroup(from)
	w.putGroup(into)
	return true
}

// groupNests puts a group into another one, also in a circle.
func (w *world) groupNests() bool {
	inner, found := w.somegroup(anyGroup)
	outer, another := w.somegroup(func(g group) bool { return g.ID != inner.ID && !slices.Contains(g.Members, inner.ID) })
	if !found || !another {
		return false
	}
	outer.Members = append(outer.Members, inner.ID)
	w.tell("the group %s is put into %s", inner.ID, outer.ID)
	w.putGroup(outer)
	return true
}
