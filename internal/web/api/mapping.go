package api

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	defaultSample = 5
	maxSample     = 50
)

type mappingInput struct {
	Source      string `json:"source" doc:"Path of the source attribute, as listed by the connection."`
	Target      string `json:"target" doc:"Id of the field."`
	SyncUpdates *bool  `json:"sync_updates,omitempty" doc:"Off: written when the user is first created, never updated after. On unless said otherwise."`
}

func toMappings(in []mappingInput) []directory.Mapping {
	out := make([]directory.Mapping, 0, len(in))
	for _, m := range in {
		out = append(out, directory.Mapping{Source: m.Source, Target: m.Target, SyncUpdates: m.SyncUpdates == nil || *m.SyncUpdates})
	}
	return out
}

// sample says which records to test with: a number of them, or their ids.
type sample struct {
	size int
	ids  []string
}

// UnmarshalJSON takes a number or a list of ids.
func (s *sample) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &s.size) == nil {
		return nil
	}
	if json.Unmarshal(b, &s.ids) == nil {
		return nil
	}
	return errors.New("sample is neither a number nor a list of ids")
}

// MarshalJSON is the reverse of UnmarshalJSON.
func (s sample) MarshalJSON() ([]byte, error) {
	if s.ids != nil {
		return json.Marshal(s.ids)
	}
	return json.Marshal(s.size)
}

// Schema describes both forms.
func (s sample) Schema(huma.Registry) *huma.Schema {
	one, most, id, length := 1.0, float64(maxSample), 1, 500
	items := maxSample
	number := &huma.Schema{Type: huma.TypeInteger, Minimum: &one, Maximum: &most}
	ids := &huma.Schema{Type: huma.TypeArray, MinItems: &id, MaxItems: &items, Items: &huma.Schema{Type: huma.TypeString, MinLength: &id, MaxLength: &length}}
	number.PrecomputeMessages()
	ids.PrecomputeMessages()
	ids.Items.PrecomputeMessages()
	return &huma.Schema{
		OneOf:       []*huma.Schema{number, ids},
		Description: "How many records to test with, 1 to 50 (5 unless said otherwise), or the source ids of up to 50 records.",
	}
}

type mappingTest struct {
	Body struct {
		ConnectionID string         `json:"connection_id"`
		Scope        *scopeInput    `json:"scope,omitempty"`
		Mappings     []mappingInput `json:"mappings,omitempty" maxItems:"200"`
		Sample       sample         `json:"sample,omitzero"`
	}
}

type testedRows struct {
	Rows []testedRow `json:"rows"`
}

type testedRow struct {
	SourceID string                 `json:"source_id"`
	Values   map[string]testedValue `json:"values" doc:"By target."`
	Error    string                 `json:"error,omitempty" doc:"Why the record could not be tested."`
}

type testedValue struct {
	Source json.RawMessage `json:"source" doc:"As the directory has it."`
	Value  any             `json:"value" doc:"As the user would have it."`
	Error  *string         `json:"error" doc:"Why there is no value, and what to do."`
}

func (s *api) mappingRoutes() {
	route(s, "POST /v1/mappings/test", "Try a mapping on real records; nothing is written", s.testMapping)
}

func (s *api) testMapping(ctx context.Context, who directory.Principal, in *mappingTest) (*body[testedRows], error) {
	test := admin.MappingTest{
		ConnectionID: in.Body.ConnectionID, Scope: directory.Scope{Kind: directory.AllUsers},
		Mappings: toMappings(in.Body.Mappings), Size: in.Body.Sample.size, SourceIDs: in.Body.Sample.ids,
	}
	if test.Size == 0 {
		test.Size = defaultSample
	}
	if in.Body.Scope != nil {
		test.Scope = in.Body.Scope.scope()
	}
	rows, err := s.admin.TestMapping(ctx, who.AccountID, test)
	if err != nil {
		return nil, err
	}
	out := testedRows{Rows: make([]testedRow, 0, len(rows))}
	for _, r := range rows {
		out.Rows = append(out.Rows, showRow(r))
	}
	return &body[testedRows]{out}, nil
}

func showRow(r admin.TestedRow) testedRow {
	return testedRow{SourceID: r.SourceID, Error: r.Error, Values: showValues(r.Values)}
}

func showValues(values map[string]admin.TestedValue) map[string]testedValue {
	shown := make(map[string]testedValue, len(values))
	for target, v := range values {
		value := testedValue{Source: v.Source, Value: v.Value}
		if v.Error != "" {
			value.Error = &v.Error
		}
		shown[target] = value
	}
	return shown
}
