package graph

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// extension is a directory extension as Graph describes it.
// https://learn.microsoft.com/graph/api/resources/extensionproperty
type extension struct {
	Type        string   `json:"@odata.type"`
	ID          string   `json:"id"`
	Deleted     *string  `json:"deletedDateTime"`
	Application string   `json:"appDisplayName"`
	Name        string   `json:"name"`
	DataType    string   `json:"dataType"`
	MultiValued bool     `json:"isMultiValued"`
	Synced      bool     `json:"isSyncedFromOnPremises"`
	Targets     []string `json:"targetObjects"`
}

// listExtensions describes the directory extensions that the users have: their
// properties named extension_<application id>_<name>. None counts as synced from on-premises.
// https://learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties
func (t *Tenant) listExtensions(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Synced bool `json:"isSyncedFromOnPremises"`
	}
	body, err := simulate.Body(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &request); err != nil && len(body) > 0 {
		return badRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	var found []extension
	if !request.Synced {
		found = t.extensions()
	}
	writeCollection(w, r, collection{
		context: "Collection(extensionProperty)", count: -1, size: len(found),
		item: func(dst []byte, i int) []byte { return append(dst, simulate.Encode(found[i])...) },
	})
	return nil
}

func (t *Tenant) extensions() []extension {
	var users []simulate.Object
	t.store.Read(func() { users = t.store.users.Objects() })
	named := regexp.MustCompile(`^extension_[0-9a-f]{32}_\w+$`)
	byName := map[string]extension{}
	for _, user := range users {
		for name, value := range user.Properties() {
			if len(name) > len("extension_") && string(name[:10]) == "extension_" && named.Match(name) {
				byName[string(name)] = byName[string(name)].holding(value)
			}
		}
	}
	var found []extension
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		e := byName[name]
		e.Type, e.ID, e.Name, e.Targets = "#microsoft.graph.extensionProperty", generatedID(name, 0), name, []string{"User"}
		if e.DataType == "" {
			e.DataType = "String"
		}
		found = append(found, e)
	}
	return found
}

// holding is the extension with one more value: where values are of several
// types, it is one of texts.
func (e extension) holding(value json.RawMessage) extension {
	if value[0] == '[' {
		var several []json.RawMessage
		_ = json.Unmarshal(value, &several) // valid, as the object is
		e.MultiValued = true
		for _, one := range several {
			e = e.holding(one)
		}
		return e
	}
	switch found := dataType(value); {
	case found == "", found == e.DataType, found == "Integer" && e.DataType == "LargeInteger":
	case e.DataType == "", found == "LargeInteger" && e.DataType == "Integer":
		e.DataType = found
	default:
		e.DataType = "String"
	}
	return e
}

// dataType is the type of an extension that has the value; of null, "".
func dataType(value json.RawMessage) string {
	switch value[0] {
	case 'n':
		return ""
	case 't', 'f':
		return "Boolean"
	case '"':
		var text string
		_ = json.Unmarshal(value, &text) // valid, as the object is
		if _, err := time.Parse(time.RFC3339, text); err == nil {
			return "DateTime"
		}
		return "String"
	}
	number, err := strconv.ParseInt(string(value), 10, 64)
	switch {
	case err != nil:
		return "String"
	case number > math.MaxInt32 || number < math.MinInt32:
		return "LargeInteger"
	}
	return "Integer"
}
