package directory

import (
	"strconv"
	"strings"
	"time"
)

// Event is an applied change as others are told of it, in the feed of events and by webhooks: its JSON is
// public. Events of an account have the order in which things happened.
type Event struct {
	ID      string       `json:"id" doc:"The event's place among those of the account, a decimal number that rises."`
	Type    EventType    `json:"type" enum:"user.created,user.updated,user.adopted,user.deactivated,user.reactivated,user.deleted,group.created,group.updated,group.deleted,membership.created,membership.deleted"`
	At      time.Time    `json:"at"`
	RunID   *string      `json:"run_id" doc:"The run, at /v1/runs/{run_id}; null for what no run did."`
	Source  Origin       `json:"source" enum:"directory_sync,scim,admin,user" doc:"What made the change."`
	Subject EventSubject `json:"subject"`
	Before  *Snapshot    `json:"before,omitempty" doc:"What was, of all that differs; left out where nothing was."`
	After   *Snapshot    `json:"after,omitempty" doc:"What is now, of all that differs; left out where nothing is."`
}

// EventType is what happened to what: user.created.
type EventType string

// EventSubject is whom or what an event is about. A membership has no id but those of its user and group.
type EventSubject struct {
	Type    Subject `json:"type" enum:"user,group,membership"`
	ID      *string `json:"id" doc:"Null for a membership."`
	UserID  *string `json:"user_id,omitempty" doc:"Of a membership."`
	GroupID *string `json:"group_id,omitempty" doc:"Of a membership."`
	Label   string  `json:"label"`
}

// Event is the applied change at its position among those of its account.
func (c Change) Event(position int64) Event {
	subject := EventSubject{Type: c.Subject, Label: c.Label}
	switch c.Subject {
	case SubjectMembership:
		subject.UserID, subject.GroupID = c.UserID, c.GroupID
	case SubjectGroup:
		subject.ID = c.GroupID
	case SubjectUser:
		subject.ID = c.UserID
	}
	return Event{
		ID: strconv.FormatInt(position, 10), Type: eventType(c.Subject, c.Action), At: c.OccurredAt, RunID: c.RunID,
		Source: c.Source, Subject: subject, Before: c.Before, After: c.After,
	}
}

// eventType has the action in the past: create is created, adopt is adopted.
func eventType(subject Subject, action Action) EventType {
	return EventType(string(subject) + "." + strings.TrimSuffix(string(action), "e") + "ed")
}
