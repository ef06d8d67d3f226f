package admin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// MappingTest asks what a mapping would make of real records.
type MappingTest struct {
	ConnectionID string
	Scope        directory.Scope
	Mappings     []directory.Mapping
	Size         int      // number of records, when SourceIDs is empty
	SourceIDs    []string // the records to test with
}

// TestedRow is what the mapping makes of one record. Error says why there is none.
type TestedRow struct {
	SourceID string
	Values   map[string]TestedValue // by target
	Error    string
}

// TestedValue is one value before and after, or the reason why there is none.
type TestedValue struct {
	Source json.RawMessage
	Value  any
	Error  string
}

// TestMapping reads records from the directory and maps them. It writes nothing.
func (a *Admin) TestMapping(ctx context.Context, accountID string, t MappingTest) ([]TestedRow, error) {
	errs := checkScope(t.Scope)
	connection, message, err := a.usableConnection(ctx, accountID, t.ConnectionID)
	if err != nil {
		return nil, err
	}
	if errs = append(errs, fieldErrors("connection_id", message)...); len(errs) > 0 {
		return nil, invalid("Nothing was tested.", errs)
	}
	src, err := a.open(ctx, connection)
	if err != nil {
		return nil, err
	}
	rules, err := a.compile(ctx, src, connection, t.Mappings)
	if err != nil {
		return nil, err
	}
	if len(t.SourceIDs) > 0 {
		return testByID(ctx, src, rules, t.SourceIDs)
	}
	records, err := sample(ctx, src, rules.Paths(), t.Scope, t.Size)
	if err != nil {
		return nil, err
	}
	rows := make([]TestedRow, 0, len(records))
	for _, record := range records {
		rows = append(rows, testRecord(rules, record))
	}
	return rows, nil
}

func testByID(ctx context.Context, src source.Source, rules *mapping.Rules, ids []string) ([]TestedRow, error) {
	rows := make([]TestedRow, 0, len(ids))
	for _, id := range ids {
		record, err := src.User(ctx, id, rules.Paths())
		switch {
		case isNotFound(err):
			rows = append(rows, TestedRow{SourceID: id, Values: map[string]TestedValue{}, Error: fmt.Sprintf("The directory has nobody with the id %q.", id)})
		case err != nil:
			return nil, err
		default:
			rows = append(rows, testRecord(rules, record))
		}
	}
	return rows, nil
}

func testRecord(rules *mapping.Rules, record source.Record) TestedRow {
	return testedRow(rules, record, rules.Map(record))
}

// testedRow sets what the mapping made of a record beside the record.
func testedRow(rules *mapping.Rules, record source.Record, mapped mapping.Record) TestedRow {
	row := TestedRow{SourceID: record.ID, Values: map[string]TestedValue{}}
	for _, m := range rules.Mappings() {
		value := mapped.Values[m.Target]
		if reference := mapped.People[m.Target]; reference != "" {
			value = reference
		}
		row.Values[m.Target] = TestedValue{Source: record.Attributes[m.Source], Value: value}
	}
	for _, p := range mapped.Problems {
		v, known := row.Values[p.Field]
		if !known {
			row.Error = joinSentences(row.Error, p.Message, p.Remedy)
			continue
		}
		v.Error = joinSentences(v.Error, p.Message, p.Remedy)
		row.Values[p.Field] = v
	}
	return row
}

func joinSentences(sentences ...string) string {
	joined := ""
	for _, s := range sentences {
		if joined != "" && s != "" {
			joined += " "
		}
		joined += s
	}
	return joined
}
