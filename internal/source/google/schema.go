package google

import (
	"cmp"
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// customAttributes lists the fields of the customer's own schemas. A field with several values is a
// text. One of a type that the documentation does not have is left out.
// https://developers.google.com/workspace/admin/directory/v1/guides/manage-schemas
func (t *tenant) customAttributes(ctx context.Context) ([]directory.Attribute, error) {
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := t.client.api.Schemas.List(myCustomer).
			Fields("schemas(schemaName,displayName,fields(fieldName,displayName,fieldType,multiValued))").Context(ctx).Do()
		return err
	})
	if err != nil {
		return nil, err
	}
	return decodeSchemas(body)
}

func decodeSchemas(body []byte) ([]directory.Attribute, error) {
	var answer struct {
		list
		Schemas []struct {
			Name   string `json:"schemaName"`
			Title  string `json:"displayName"`
			Fields []struct {
				Name     string `json:"fieldName"`
				Title    string `json:"displayName"`
				Type     string `json:"fieldType"`
				Multiple bool   `json:"multiValued"`
			} `json:"fields"`
		} `json:"schemas"`
	}
	if err := decodeList(body, &answer, &answer.list); err != nil {
		return nil, err
	}
	var attributes []directory.Attribute
	for _, schema := range answer.Schemas {
		for _, field := range schema.Fields {
			kind, known := fieldType(field.Type)
			if !known {
				continue
			}
			if field.Multiple {
				kind = directory.Text
			}
			attributes = append(attributes, directory.Attribute{
				Path: customSchemas + "." + schema.Name + "." + field.Name,
				Name: cmp.Or(schema.Title, schema.Name) + ": " + cmp.Or(field.Title, field.Name),
				Type: kind, MultiValued: field.Multiple,
			})
		}
	}
	return attributes, nil
}

func fieldType(google string) (directory.FieldType, bool) {
	kind, known := map[string]directory.FieldType{
		"STRING": directory.Text, "PHONE": directory.Text, "EMAIL": directory.Email, "INT64": directory.Integer,
		"DOUBLE": directory.Number, "BOOL": directory.Boolean, "DATE": directory.Date,
	}[google]
	return kind, known
}

// schemaTypes are the types of the fields of the customer's schemas, by path, read once.
func (t *tenant) schemaTypes(ctx context.Context) (map[string]directory.FieldType, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.custom != nil {
		return t.custom, nil
	}
	attributes, err := t.customAttributes(ctx)
	if err != nil {
		return nil, err
	}
	t.custom = make(map[string]directory.FieldType, len(attributes))
	for _, a := range attributes {
		t.custom[a.Path] = a.Type
	}
	return t.custom, nil
}
