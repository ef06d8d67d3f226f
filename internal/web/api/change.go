package api

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

type change struct {
	ID       int64                        `json:"id"`
	At       time.Time                    `json:"at"`
	RunID    *string                      `json:"run_id" doc:"The run, at /v1/runs/{run_id}; null for what no run did."`
	Source   directory.Origin             `json:"source" enum:"directory_sync,scim,admin,user"`
	Subject  subject                      `json:"subject"`
	SourceID *string                      `json:"source_id" doc:"Id of the person or the group in the directory."`
	Action   directory.Action             `json:"action" enum:"create,update,adopt,deactivate,reactivate,delete,error"`
	Before   nullable[directory.Snapshot] `json:"before" doc:"What was, of all that differs."`
	After    nullable[directory.Snapshot] `json:"after" doc:"What is now, of all that differs."`
	Outcome  directory.Outcome            `json:"outcome" enum:"applied,failed,planned,rejected"`
	Error    nullable[recordProblem]      `json:"error" doc:"The first problem."`
	Problems []recordProblem              `json:"problems"`
}

type subject struct {
	Type    directory.Subject `json:"type" enum:"user,group,membership"`
	ID      *string           `json:"id" doc:"Null for a person or a group that is not in the account, and for a membership."`
	UserID  *string           `json:"user_id,omitempty" doc:"Of a membership."`
	GroupID *string           `json:"group_id,omitempty" doc:"Of a membership."`
	Label   string            `json:"label"`
}

type recordProblem struct {
	Code    string `json:"code"`
	Field   string `json:"field,omitempty" doc:"Id of the field, where one is meant."`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

// ChangeFilter says which changes are asked for, and in which form.
type ChangeFilter struct {
	UserID  string            `query:"user_id" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"an id" doc:"Of the user and their memberships."`
	GroupID string            `query:"group_id" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"an id" doc:"Of the group and its memberships."`
	Subject directory.Subject `query:"subject" enum:"user,group,membership"`
	Source  directory.Origin  `query:"source" enum:"directory_sync,scim,admin,user" doc:"What made the change."`
	Action  directory.Action  `query:"action" enum:"create,update,adopt,deactivate,reactivate,delete,error"`
	Outcome directory.Outcome `query:"outcome" enum:"applied,failed,planned,rejected"`
	Since   time.Time         `query:"since" doc:"RFC 3339; what happened then or later."`
	Until   time.Time         `query:"until" doc:"RFC 3339; what happened before."`
	Search  string            `query:"search" maxLength:"200" doc:"Words, or how they begin, in any case and order, of the names and addresses of people as they are or as they were; all changes of who is found are listed, unless more than 1,000 people are. Names of groups are found too."`
	Accept  string            `header:"Accept" doc:"text/csv exports all changes that match, whatever limit says: UTF-8 for a spreadsheet, one line a change, times in the account's time zone. An export that breaks off is not complete."`
	Paging
}

type changeQuery struct {
	RunID           string `query:"run_id" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"an id" doc:"Of one run, in the order of its steps."`
	ConfigurationID string `query:"configuration_id" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"an id" doc:"Of all runs of a configuration."`
	ChangeFilter
}

type runChangeQuery struct {
	ID string `path:"id" format:"uuid"`
	ChangeFilter
}

// filter is what the store is asked for, or what is wrong with it.
func (f ChangeFilter) filter() (store.ChangeFilter, error) {
	out := store.ChangeFilter{
		UserID: f.UserID, GroupID: f.GroupID, Subject: f.Subject, Source: f.Source, Outcome: f.Outcome, Action: f.Action,
		Search: f.Search, Limit: f.Limit, Cursor: f.Cursor,
	}
	var wrong []directory.FieldError
	if !f.Since.IsZero() {
		out.Since = &f.Since
	}
	if !f.Until.IsZero() {
		out.Until = &f.Until
		if f.Until.Before(f.Since) {
			wrong = append(wrong, directory.FieldError{Field: "until", Message: "This is before since, so that nothing can be between them."})
		}
	}
	if f.Search != "" && !strings.ContainsFunc(f.Search, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		wrong = append(wrong, directory.FieldError{Field: "search", Message: "There is no letter or digit to search for."})
	}
	if len(wrong) > 0 {
		return out, directory.Invalid("invalid", problem.Summary("The request was not accepted.", wrong), wrong...)
	}
	return out, nil
}

func (s *api) changeRoutes() {
	route(s, "GET /v1/changes", "The sync log, newest first", func(ctx context.Context, who directory.Principal, in *changeQuery) (*huma.StreamResponse, error) {
		filter, err := in.filter()
		filter.RunID, filter.ConfigurationID = in.RunID, in.ConfigurationID
		return s.changes(ctx, who, in.Accept, filter, err)
	}, describeForms[list[change]](s))
	route(s, "GET /v1/runs/{id}/changes", "What a run changed, or would change", func(ctx context.Context, who directory.Principal, in *runChangeQuery) (*huma.StreamResponse, error) {
		if _, err := s.store.Run(ctx, who.AccountID, in.ID); err != nil {
			return nil, err
		}
		filter, err := in.filter()
		filter.RunID = in.ID
		return s.changes(ctx, who, in.Accept, filter, err)
	}, describeForms[list[change]](s))
}

func (s *api) changes(ctx context.Context, who directory.Principal, accept string, filter store.ChangeFilter, err error) (*huma.StreamResponse, error) {
	if err != nil {
		return nil, err
	}
	if wantsCSV(accept) {
		return s.exported(changeSheet, func(ctx context.Context, out *sheet) error { return s.exportChanges(ctx, out, who.AccountID, filter) }), nil
	}
	page, err := s.store.Changes(ctx, who.AccountID, filter)
	out, err := paged(page, err, showChange)
	if err != nil {
		return nil, err
	}
	return s.answered(out.Body), nil
}

func showChange(c directory.Change) change {
	out := change{
		ID: c.ID, At: c.OccurredAt, RunID: c.RunID, Source: c.Source, SourceID: c.SourceID, Action: c.Action, Outcome: c.Outcome,
		Subject: showSubject(c),
		Before:  nullable[directory.Snapshot]{c.Before}, After: nullable[directory.Snapshot]{c.After}, Problems: make([]recordProblem, 0, len(c.Problems)),
	}
	for _, p := range c.Problems {
		out.Problems = append(out.Problems, recordProblem(p))
	}
	if len(out.Problems) > 0 {
		out.Error = nullable[recordProblem]{&out.Problems[0]}
	}
	return out
}

func showSubject(c directory.Change) subject {
	s := subject{Type: c.Subject, Label: c.Label}
	switch c.Subject {
	case directory.SubjectMembership:
		s.UserID, s.GroupID = c.UserID, c.GroupID
	case directory.SubjectGroup:
		s.ID = c.GroupID
	default:
		s.ID = c.UserID
	}
	return s
}
