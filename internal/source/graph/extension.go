package graph

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Attributes is the catalogue of attributes that a list of users can have, and the directory
// extensions of the tenant, where Rollcall may see them.
func (t *tenant) Attributes(ctx context.Context) ([]directory.Attribute, error) {
	extensions, err := t.extensions(ctx)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.forbids() {
		return attributes(), nil
	}
	if err != nil {
		return nil, err
	}
	return append(attributes(), extensions...), nil
}

// extensions reads the properties that applications and the on-premises synchronization have added
// to the tenant's users. It needs the permission Directory.Read.All.
// https://learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties
func (t *tenant) extensions(ctx context.Context) ([]directory.Attribute, error) {
	request := t.request(kiota.POST, "/directoryObjects/getAvailableExtensionProperties")
	request.SetStreamContentAndContentType([]byte("{}"), "application/json") // those of both origins
	body, err := t.get(ctx, request)
	if err != nil {
		return nil, err
	}
	return decodeExtensions(body)
}

// extension is a directory extension as Graph describes it.
type extension struct {
	Name        string   `json:"name"`
	Application string   `json:"appDisplayName"`
	DataType    string   `json:"dataType"`
	MultiValued bool     `json:"isMultiValued"`
	Targets     []string `json:"targetObjects"`
}

func decodeExtensions(body []byte) ([]directory.Attribute, error) {
	var answer struct {
		Value *[]extension `json:"value"`
	}
	if err := decode(body, &answer); err != nil {
		return nil, err
	}
	if answer.Value == nil {
		return nil, malformed("no list of extension properties")
	}
	var found []directory.Attribute
	for _, e := range *answer.Value {
		listed := slices.ContainsFunc(found, func(a directory.Attribute) bool { return a.Path == e.Name })
		if attribute, ok := e.attribute(); ok && !listed {
			found = append(found, attribute)
		}
	}
	slices.SortFunc(found, func(a, b directory.Attribute) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
	})
	return found, nil
}

// attribute is the extension as an attribute of people; binary ones, and those of other objects, are none.
func (e extension) attribute() (directory.Attribute, bool) {
	fieldType, ok := map[string]directory.FieldType{
		"String": directory.Text, "Integer": directory.Integer, "LargeInteger": directory.Integer,
		"Boolean": directory.Boolean, "DateTime": directory.DateTime,
	}[e.DataType]
	parts := strings.SplitN(e.Name, "_", 3) // extension_<application id without dashes>_<name>
	if !ok || len(parts) != 3 || parts[0] != "extension" || !slices.Contains(e.Targets, "User") {
		return directory.Attribute{}, false
	}
	if e.MultiValued {
		fieldType = directory.Text
	}
	name := parts[2] + " (directory extension)"
	if e.Application != "" {
		name = parts[2] + " (" + e.Application + ")"
	}
	return directory.Attribute{Path: e.Name, Name: name, Type: fieldType, MultiValued: e.MultiValued}, true
}
