package api

import (
	"context"
	"encoding/json"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

type personInput struct {
	ID       string `path:"id" format:"uuid"`
	SourceID string `path:"source_id" minLength:"1" maxLength:"500" doc:"Id of the person in the directory, percent-encoded. An address works as far as the directory takes one for an id."`
}

type personSync struct {
	SourceID string           `json:"source_id" doc:"As the directory has it."`
	Steps    []step           `json:"steps" doc:"All six, in their order."`
	Change   nullable[change] `json:"change" doc:"As in the sync log; null where there was nothing to do."`
	User     nullable[user]   `json:"user" doc:"Who is linked to the person now; null for nobody."`
}

type step struct {
	Name    admin.StepName   `json:"name" enum:"read,scope,map,match,decide,apply"`
	Status  admin.StepStatus `json:"status" enum:"done,skipped,failed" doc:"Skipped: there was nothing to do, or an earlier step failed."`
	Message string           `json:"message" doc:"What happened, for a person."`
	Detail  stepDetail       `json:"detail" doc:"What the step found; each step has its own part of it."`
}

type stepDetail struct {
	Enabled    *bool                      `json:"enabled,omitempty" doc:"Of read; absent for who is gone."`
	Attributes map[string]json.RawMessage `json:"attributes,omitempty" doc:"Of read: those that are mapped, by path, as the directory has them."`
	Values     map[string]testedValue     `json:"values,omitempty" doc:"Of map: by target."`
	By         admin.MatchedBy            `json:"by,omitempty" enum:"link,address,none" doc:"Of match: how the user was found."`
	UserID     string                     `json:"user_id,omitempty" doc:"Of match."`
	Action     directory.Action           `json:"action,omitempty" enum:"create,update,adopt,deactivate,reactivate,delete,error" doc:"Of decide; absent where there is nothing to do."`
	Before     *directory.Snapshot        `json:"before,omitempty" doc:"Of decide: what was, of all that differs."`
	After      *directory.Snapshot        `json:"after,omitempty" doc:"Of decide: what is to be, of all that differs."`
	Outcome    directory.Outcome          `json:"outcome,omitempty" enum:"applied,failed" doc:"Of apply."`
}

func (s *api) personRoutes() {
	route(s, "POST /v1/configurations/{id}/users/{source_id}/sync", "Sync one person of the directory now, and show each step", s.syncPerson)
}

func (s *api) syncPerson(ctx context.Context, who directory.Principal, in *personInput) (*body[personSync], error) {
	synced, err := s.admin.SyncPerson(ctx, who, in.ID, in.SourceID)
	if err != nil {
		return nil, err
	}
	out := personSync{SourceID: synced.SourceID, Change: nullableOf(synced.Change, showChange), Steps: make([]step, 0, len(synced.Steps))}
	for _, one := range synced.Steps {
		out.Steps = append(out.Steps, step{Name: one.Name, Status: one.Status, Message: one.Message, Detail: showDetail(one.Detail)})
	}
	if synced.User != nil {
		groups, err := s.store.GroupsOf(ctx, who.AccountID, []string{synced.User.ID})
		if err != nil {
			return nil, err
		}
		out.User = nullableOf(synced.User, showUser(groups))
	}
	return &body[personSync]{out}, nil
}

func showDetail(d admin.StepDetail) stepDetail {
	return stepDetail{
		Enabled: d.Enabled, Attributes: d.Attributes, Values: showValues(d.Values), By: d.By, UserID: d.UserID,
		Action: d.Action, Before: d.Before, After: d.After, Outcome: d.Outcome,
	}
}
