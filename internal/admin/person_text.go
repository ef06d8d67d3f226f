package admin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// personWords says what happened to one person, in sentences.
type personWords struct {
	source string // the directory as an admin knows it
	id     string // of the person there, as it was asked for
	name   string // empty while nothing is known of them
}

// meet takes the person's name from their record.
func (w *personWords) meet(record mapping.Record) {
	first, _ := record.Values[directory.FieldFirstName].(string)
	last, _ := record.Values[directory.FieldLastName].(string)
	w.name = cmp.Or(strings.TrimSpace(first+" "+last), record.Email())
}

// who is the person at the beginning of a sentence.
func (w *personWords) who() string {
	return cmp.Or(w.name, fmt.Sprintf("The person '%s'", w.id))
}

func (w *personWords) gone() string {
	return fmt.Sprintf("%s has nobody with the id '%s'.", w.source, w.id)
}

func (w *personWords) read(enabled bool) string {
	if enabled {
		return fmt.Sprintf("%s is in %s, and enabled there.", w.who(), w.source)
	}
	return fmt.Sprintf("%s is in %s, and disabled there.", w.who(), w.source)
}

func (w *personWords) allInScope() string { return w.who() + " is in scope: all users are." }

func (w *personWords) inGroup(name string) string {
	return fmt.Sprintf("%s is in scope, as a member of the group '%s'.", w.who(), name)
}

func (w *personWords) outOfScope(groups int) string {
	if groups == 1 {
		return w.who() + " is out of scope: they are not in the chosen group."
	}
	return fmt.Sprintf("%s is out of scope: they are in none of the %d chosen groups.", w.who(), groups)
}

func (w *personWords) unread(s standing) string {
	unknown := fmt.Sprintf(" So it is not known whether %s is in scope.", cmp.Or(w.name, "the person"))
	if s.why.Kind == directory.KindNotFound {
		return fmt.Sprintf("The group '%s' is not in %s any more.%s Take it out of the configuration, or choose another one.", s.unread, w.source, unknown)
	}
	return fmt.Sprintf("The group '%s' could not be read. %s%s %s", s.unread, s.why.Message, unknown, s.why.Remedy)
}

func (w *personWords) mapped(row TestedRow, record mapping.Record) string {
	if len(record.Problems) == 0 {
		return fmt.Sprintf("All %d values fit.", len(row.Values))
	}
	return fmt.Sprintf("Not all of %d values fit. %s", len(row.Values), problemText(record.Problems))
}

func problemText(problems []directory.Problem) string {
	var sentences []string
	for _, p := range problems {
		sentences = append(sentences, p.Message, p.Remedy)
	}
	return joinSentences(sentences...)
}

// matched says whose record it is, if anybody's. Without a record nobody is looked for by address.
func (w *personWords) matched(s store.SyncedPerson, record *mapping.Record) string {
	switch {
	case s.Linked != nil:
		return fmt.Sprintf("They are the user %s (%s), who is %s.", s.Linked.Name(), s.Linked.Email, wording(s.Linked.Status))
	case record == nil:
		return "No user is linked to them."
	case s.Holder != nil && s.Holder.LinkedSourceID == "":
		return fmt.Sprintf("No user is linked to them; the user %s, who does not come from %s, has the address %s.", s.Holder.User.Name(), w.source, s.Holder.User.Email)
	case s.Holder != nil:
		return fmt.Sprintf("No user is linked to them; the address %s is that of the user %s, who is another person of %s.", s.Holder.User.Email, s.Holder.User.Name(), w.source)
	case record.Email() == "":
		return "No user is linked to them, and without a valid address none can be looked for."
	default:
		return fmt.Sprintf("No user is linked to them; nobody has the address %s.", record.Email())
	}
}

// nothingText says why there is nothing to do.
func nothingText(s store.SyncedPerson, p store.Person) string {
	switch {
	case s.Linked == nil && p.Record == nil:
		return "There is nothing to do: nobody here is linked to them."
	case s.Linked == nil:
		return "There is nothing to do: they are disabled, and their address is another person's."
	case s.Linked.Status.In():
		return "There is nothing to do: the user is as the directory says."
	case p.Record != nil && p.Record.Enabled:
		return "There is nothing to do: an admin took the user out, and only an admin brings them back."
	default:
		return fmt.Sprintf("There is nothing to do: the user is %s already.", wording(s.Linked.Status))
	}
}

// decided says what is to be done, and why.
func (w *personWords) decided(c directory.Change, p store.Person) string {
	says := whatChanges(c)
	switch c.Action {
	case directory.ActionCreate:
		if c.After.Status != nil && *c.After.Status == directory.Deactivated {
			says = "They will be created as deactivated and get no invitation: " + w.why(p) + "."
		} else {
			says = "They will be created and invited."
		}
	case directory.ActionAdopt:
		says = "The user will be linked to them and follow the directory from now on. " + says
	case directory.ActionReactivate:
		says = "They will be brought back: they are enabled and in scope. " + says
	case directory.ActionDeactivate:
		says = "They will be deactivated: " + w.why(p) + "."
	case directory.ActionUpdate:
		says = cmp.Or(says, "They give up the address, which is another user's.")
	case directory.ActionDelete:
		says = "They will be moved to the recycle bin: " + w.why(p) + "."
	}
	if p.Record != nil && c.Outcome == directory.OutcomeApplied && len(c.Problems) > 0 {
		says = joinSentences(says, "The rest stays as it is.", problemText(c.Problems))
	}
	return strings.TrimSpace(says)
}

// why says why a person is out, or has to go.
func (w *personWords) why(p store.Person) string {
	switch {
	case p.Record != nil:
		return "they are disabled in " + w.source
	case p.Absence == directory.AbsenceOutOfScope:
		return "they are out of scope"
	default:
		return "they are gone from " + w.source
	}
}

// whatChanges names what of the user changes, but for the status.
func whatChanges(c directory.Change) string {
	if c.After == nil {
		return ""
	}
	var names []string
	for name, value := range map[string]*string{"email": c.After.Email, "first name": c.After.FirstName, "last name": c.After.LastName} {
		if value != nil {
			names = append(names, name)
		}
	}
	names = append(names, slices.Collect(maps.Keys(c.After.Fields))...)
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "What changes: " + strings.Join(names, ", ") + "."
}

// appliedText says what was done, and what of the person follows with the next run.
func appliedText(synced store.SyncedPerson, p store.Person, s directory.Settings) string {
	c := synced.Change
	says := c.Label + " " + map[directory.Action]string{
		directory.ActionCreate: "was created", directory.ActionUpdate: "was updated", directory.ActionAdopt: "was linked to the user",
		directory.ActionReactivate: "was brought back", directory.ActionDeactivate: "was deactivated", directory.ActionDelete: "was moved to the recycle bin",
	}[c.Action]
	if c.After != nil && c.After.Status != nil && c.After.Status.In() {
		says += " and is " + wording(*c.After.Status)
	}
	return joinSentences(says+".", following(p, synced.User, s))
}

// following says what of a person who is in a run alone brings.
func following(p store.Person, user *directory.User, s directory.Settings) string {
	if p.Record == nil || user == nil || !user.Status.In() {
		return ""
	}
	absent := false
	for target, reference := range p.Record.People {
		absent = absent || reference != "" && user.Fields[target] == nil
	}
	var what []string
	for _, part := range []struct {
		there bool
		name  string
	}{
		{s.Groups.Enabled, "memberships of groups"}, {len(s.RoleMappings) > 0, "the role"}, {len(s.OrganizationMappings) > 0, "the organization"},
		{absent, "fields that name people who are not here yet"},
	} {
		if part.there {
			what = append(what, part.name)
		}
	}
	if len(what) == 0 {
		return ""
	}
	return "Left to the next run: " + strings.Join(what, ", ") + "."
}

func wording(s directory.UserStatus) string { return strings.ReplaceAll(string(s), "_", " ") }
