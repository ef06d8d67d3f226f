package api

import (
	"context"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

type field struct {
	ID     string              `json:"id"`
	Name   string              `json:"name"`
	Type   directory.FieldType `json:"type" enum:"text,number,integer,boolean,date,datetime,email,person" doc:"A person is a user of the account: the value is their id."`
	System bool                `json:"system" doc:"Every account has it; it cannot be deleted."`
}

type newField struct {
	Body struct {
		Name string              `json:"name"`
		Type directory.FieldType `json:"type" enum:"text,number,integer,boolean,date,datetime,email,person" doc:"A person is a user of the account: the value is their id."`
	}
}

func (s *api) fieldRoutes() {
	route(s, "GET /v1/fields", "The fields of the account's users", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[field]], error) {
		fields, err := s.store.Fields(ctx, who.AccountID)
		return listed(fields, err, showField)
	})
	route(s, "POST /v1/fields", "Add a field", func(ctx context.Context, who directory.Principal, in *newField) (*body[field], error) {
		f, err := s.admin.CreateField(ctx, who.AccountID, in.Body.Name, in.Body.Type)
		return shown(f, err, showField)
	}, status(http.StatusCreated))
	route(s, "DELETE /v1/fields/{id}", "Delete a field and its values", func(ctx context.Context, who directory.Principal, in *bySlug) (*none, error) {
		return nil, s.store.DeleteField(ctx, who.AccountID, in.ID)
	}, status(http.StatusNoContent))
}

func showField(f directory.Field) field {
	return field{ID: f.ID, Name: f.Name, Type: f.Type, System: f.System}
}
