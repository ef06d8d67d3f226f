package scim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func TestCaseF1_DeactivationWithoutPath(t *testing.T) {
	t.Parallel()
	body := `{"userName":"kim","emails":[{"value":"kim@corp.example","primary":true}],"name":{"givenName":"Kim"}}`
	for want, operations := range map[bool]string{
		false: `[{"op":"replace","value":{"active":false}},{"op":"replace","value":{"active":false}}]`,
		true:  `[{"op":"replace","value":{"active":false}},{"op":"replace","value":{"active":true}}]`,
	} {
		r, active, err := patched(t, body, operations)
		require.NoError(t, err)
		require.Equal(t, want, active)
		require.JSONEq(t, body, toJSON(t, r))
	}
}

func TestCaseG1_BooleansAsTexts(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{`"False"`: false, `false`: false, `"false"`: false, `"True"`: true} {
		_, active, err := patched(t, `{"userName":"kim"}`, `[{"op":"Replace","path":"active","value":`+value+`}]`)
		require.NoError(t, err)
		require.Equal(t, want, active, value)
	}
	_, _, err := patched(t, `{"userName":"kim"}`, `[{"op":"Replace","path":"active","value":"no"}]`)
	requireRefused(t, err, InvalidValue)
}

func TestCaseG3_WorkAddressThatIsNotThere(t *testing.T) {
	t.Parallel()
	const untyped = `{"userName":"kim","emails":[{"value":"old@corp.example","primary":true}]}`
	const path = `"path":"emails[type eq \"work\"].value"`
	for name, c := range map[string]struct{ body, operation, want string }{
		"a":                       {untyped, `{"op":"Replace",` + path + `,"value":"new@corp.example"}`, `{"emails":[{"value":"new@corp.example","type":"work","primary":true}]}`},
		"b":                       {`{"userName":"kim"}`, `{"op":"Add",` + path + `,"value":"new@corp.example"}`, `{"emails":[{"value":"new@corp.example","type":"work"}]}`},
		"c":                       {untyped, `{"op":"Remove",` + path + `,"value":"other@corp.example"}`, `{"emails":[{"value":"old@corp.example","primary":true}]}`},
		"c, typed":                {`{"userName":"kim","emails":[{"value":"old@corp.example","type":"work"}]}`, `{"op":"Remove",` + path + `,"value":"other@corp.example"}`, `{"emails":[{"value":"old@corp.example","type":"work"}]}`},
		"d":                       {untyped, `{"op":"add","path":"emails[primary eq true].value","value":"p@corp.example"}`, `{"emails":[{"value":"p@corp.example","primary":true}]}`},
		"d, as Entra quotes it":   {untyped, `{"op":"Add","path":"emails[primary eq \"True\"].value","value":"p@corp.example"}`, `{"emails":[{"value":"p@corp.example","primary":true}]}`},
		"as the name of a value":  {untyped, `{"op":"replace","value":{"emails[type eq \"work\"].value":"new@corp.example"}}`, `{"emails":[{"value":"new@corp.example","type":"work","primary":true}]}`},
		"another is typed":        {`{"userName":"kim","emails":[{"value":"h@corp.example","type":"home"}]}`, `{"op":"replace",` + path + `,"value":"new@corp.example"}`, `{"emails":[{"value":"h@corp.example","type":"home"},{"value":"new@corp.example","type":"work"}]}`},
		"the primary of several":  {`{"userName":"kim","emails":[{"value":"a@corp.example"},{"value":"b@corp.example","primary":true}]}`, `{"op":"replace",` + path + `,"value":"new@corp.example"}`, `{"emails":[{"value":"a@corp.example"},{"value":"new@corp.example","type":"work","primary":true}]}`},
		"no type is none":         {`{"userName":"kim"}`, `{"op":"add","path":"emails[type eq \"\"].value","value":"new@corp.example"}`, `{"emails":[{"value":"new@corp.example"}]}`},
		"no value makes no entry": {`{"userName":"kim"}`, `{"op":"replace",` + path + `,"value":""}`, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requirePatched(t, c.body, "["+c.operation+"]", c.want)
		})
	}
}

func TestCaseG4_DottedNames(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"add", "replace"} {
		requirePatched(t, `{"userName":"foo","name":{"givenName":"Old","familyName":"Old","middleName":"M"}}`,
			`[{"op":"`+op+`","value":{"displayName":"Foo Bar","title":"Lead","name.givenName":"Foo","name.familyName":"Bar"}}]`,
			`{"displayName":"Foo Bar","title":"Lead","name":{"givenName":"Foo","familyName":"Bar","middleName":"M"}}`)
	}
}

func TestPatchWithoutPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, value, want string }{
		"an extension's attribute":   {`{"userName":"a"}`, `{"` + schema.EnterpriseURN + `:department":"QA"}`, `{"` + schema.EnterpriseURN + `":{"department":"QA"}}`},
		"a whole extension":          {`{"userName":"a","` + schema.EnterpriseURN + `":{"division":"D"}}`, `{"` + schema.EnterpriseURN + `":{"department":"QA","manager":"u7","unknown":1}}`, `{"` + schema.EnterpriseURN + `":{"division":"D","department":"QA","manager":{"value":"u7"}}}`},
		"an extension that goes":     {`{"userName":"a","` + schema.EnterpriseURN + `":{"division":"D"}}`, `{"` + schema.EnterpriseURN + `":null}`, `{}`},
		"with the core's URN":        {`{"userName":"a"}`, `{"` + schema.UserURN + `:title":"T"}`, `{"title":"T"}`},
		"unknown names":              {`{"userName":"a"}`, `{"shoeSize":5,"name.shoe":1,"urn:example:x":2,"title":"T"}`, `{"title":"T"}`},
		"what was just read":         {`{"userName":"a"}`, `{"schemas":["x"],"id":"u1","meta":{"version":"1"},"groups":[],"title":"T"}`, `{"title":"T"}`},
		"a password":                 {`{"userName":"a"}`, `{"password":"secret","title":"T"}`, `{"title":"T"}`},
		"a type in quotes, any case": {`{"userName":"a","emails":[{"type":"Work","value":"x@y.example"}]}`, `{"Emails[Type eq \"work\"].Value":"z@y.example"}`, `{"emails":[{"type":"Work","value":"z@y.example"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requirePatched(t, c.body, `[{"op":"Replace","value":`+c.value+`}]`, c.want)
		})
	}
}

func TestPatchOfOneAttribute(t *testing.T) {
	t.Parallel()
	const two = `{"userName":"a","emails":[{"value":"w@x.example","type":"work","primary":true},{"value":"h@x.example","type":"home"}]}`
	for name, c := range map[string]struct{ body, operation, want string }{
		"add appends":                            {two, `{"op":"add","path":"emails","value":{"value":"o@x.example"}}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true},{"value":"h@x.example","type":"home"},{"value":"o@x.example"}]}`},
		"add of what is there":                   {two, `{"op":"add","path":"emails","value":[{"type":"home","value":"h@x.example"}]}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true},{"value":"h@x.example","type":"home"}]}`},
		"replace replaces all":                   {two, `{"op":"replace","path":"emails","value":[{"value":"o@x.example"}]}`, `{"emails":[{"value":"o@x.example"}]}`},
		"a new primary":                          {two, `{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}`, `{"emails":[{"value":"w@x.example","type":"work","primary":false},{"value":"h@x.example","type":"home","primary":true}]}`},
		"an added primary":                       {two, `{"op":"add","path":"emails","value":[{"value":"o@x.example","primary":true}]}`, `{"emails":[{"value":"w@x.example","type":"work","primary":false},{"value":"h@x.example","type":"home"},{"value":"o@x.example","primary":true}]}`},
		"an earlier primary":                     {`{"userName":"a","emails":[{"value":"w","type":"work"},{"value":"h","type":"home","primary":true}]}`, `{"op":"replace","path":"emails[type eq \"work\"].primary","value":true}`, `{"emails":[{"value":"w","type":"work","primary":true},{"value":"h","type":"home","primary":false}]}`},
		"remove all":                             {two, `{"op":"remove","path":"emails"}`, `{}`},
		"remove the named":                       {two, `{"op":"Remove","path":"emails","value":[{"value":"W@x.example"}]}`, `{"emails":[{"value":"h@x.example","type":"home"}]}`},
		"remove none of the named":               {two, `{"op":"Remove","path":"emails","value":[{"value":"z@x.example"}]}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true},{"value":"h@x.example","type":"home"}]}`},
		"remove the matching":                    {two, `{"op":"remove","path":"emails[type eq \"home\"]"}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true}]}`},
		"remove what does not match":             {two, `{"op":"remove","path":"emails[type eq \"other\"]"}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true},{"value":"h@x.example","type":"home"}]}`},
		"remove a part":                          {two, `{"op":"remove","path":"emails[type eq \"work\"].primary"}`, `{"emails":[{"value":"w@x.example","type":"work"},{"value":"h@x.example","type":"home"}]}`},
		"of all values":                          {two, `{"op":"replace","path":"emails.display","value":"D"}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true,"display":"D"},{"value":"h@x.example","type":"home","display":"D"}]}`},
		"remove another value":                   {`{"userName":"a","title":"T"}`, `{"op":"Remove","path":"title","value":"U"}`, `{"title":"T"}`},
		"remove the value":                       {`{"userName":"a","title":"T"}`, `{"op":"Remove","path":"title","value":"t"}`, `{}`},
		"remove with an empty value":             {`{"userName":"a","title":"T"}`, `{"op":"Remove","path":"title","value":""}`, `{}`},
		"replace by null":                        {`{"userName":"a","title":"T"}`, `{"op":"replace","path":"title","value":null}`, `{}`},
		"a complex attribute keeps its parts":    {`{"userName":"a","name":{"givenName":"G","familyName":"F"}}`, `{"op":"replace","path":"name","value":{"givenName":"H"}}`, `{"name":{"givenName":"H","familyName":"F"}}`},
		"a part that becomes null":               {`{"userName":"a","name":{"givenName":"G","familyName":"F"}}`, `{"op":"replace","path":"name","value":{"givenName":null}}`, `{"name":{"familyName":"F"}}`},
		"the last part":                          {`{"userName":"a","name":{"givenName":"G"}}`, `{"op":"remove","path":"name.givenName"}`, `{}`},
		"a part of nothing":                      {`{"userName":"a"}`, `{"op":"remove","path":"name.givenName"}`, `{}`},
		"Entra's manager":                        {`{"userName":"a"}`, `{"op":"Add","path":"` + schema.EnterpriseURN + `:manager","value":"u7"}`, `{"` + schema.EnterpriseURN + `":{"manager":{"value":"u7"}}}`},
		"Entra's manager, as a list":             {`{"userName":"a"}`, `{"op":"Add","path":"` + schema.EnterpriseURN + `:manager","value":[{"$ref":null,"value":"u7"}]}`, `{"` + schema.EnterpriseURN + `":{"manager":{"value":"u7"}}}`},
		"Entra's manager who goes":               {`{"userName":"a","` + schema.EnterpriseURN + `":{"manager":{"value":"u7"}}}`, `{"op":"Replace","path":"` + schema.EnterpriseURN + `:manager","value":""}`, `{}`},
		"an extension":                           {`{"userName":"a","` + schema.EnterpriseURN + `":{"division":"D"}}`, `{"op":"remove","path":"` + schema.EnterpriseURN + `"}`, `{}`},
		"an extension's object":                  {`{"userName":"a"}`, `{"op":"add","path":"` + schema.EnterpriseURN + `","value":{"division":"D"}}`, `{"` + schema.EnterpriseURN + `":{"division":"D"}}`},
		"externalId":                             {`{"userName":"a"}`, `{"op":"replace","path":"externalId","value":"x-1"}`, `{"externalId":"x-1"}`},
		"its own id":                             {`{"userName":"a"}`, `{"op":"replace","path":"id","value":"u1"}`, `{}`},
		"schemas":                                {`{"userName":"a"}`, `{"op":"add","path":"schemas","value":["urn:example"]}`, `{}`},
		"a password":                             {`{"userName":"a"}`, `{"op":"replace","path":"password","value":"secret"}`, `{}`},
		"a custom field":                         {`{"userName":"a"}`, `{"op":"add","path":"` + accountURN + `:my_integer","value":7}`, `{"` + accountURN + `":{"my_integer":7}}`},
		"add a matching record's other parts":    {two, `{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"D"}}`, `{"emails":[{"value":"w@x.example","type":"work","primary":true},{"value":"h@x.example","type":"home","display":"D"}]}`},
		"add a record that is not there":         {`{"userName":"a"}`, `{"op":"add","path":"emails[type eq \"home\"]","value":{"value":"h"}}`, `{"emails":[{"value":"h","type":"home"}]}`},
		"replace a record, which keeps its type": {two, `{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x.example"}}`, `{"emails":[{"value":"n@x.example","type":"work"},{"value":"h@x.example","type":"home"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requirePatched(t, c.body, "["+c.operation+"]", c.want)
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ operations, scimType string }{
		"remove without a path":     {`[{"op":"remove"}]`, NoTarget},
		"a required attribute":      {`[{"op":"remove","path":"userName"}]`, NotMutable},
		"a required one by null":    {`[{"op":"replace","path":"userName","value":null}]`, InvalidValue},
		"a blank userName":          {`[{"op":"replace","path":"userName","value":" "}]`, InvalidValue},
		"active":                    {`[{"op":"remove","path":"active"}]`, NotMutable},
		"another id":                {`[{"op":"replace","value":{"id":"u2"}}]`, NotMutable},
		"a removed id":              {`[{"op":"remove","path":"id"}]`, NotMutable},
		"meta":                      {`[{"op":"replace","path":"meta.version","value":"x"}]`, NotMutable},
		"groups":                    {`[{"op":"add","path":"groups","value":[{"value":"g"}]}]`, NotMutable},
		"groups without a path":     {`[{"op":"add","value":{"groups":[{"value":"g"}]}}]`, NotMutable},
		"a read-only part":          {`[{"op":"add","path":"` + schema.EnterpriseURN + `:manager.displayName","value":"x"}]`, NotMutable},
		"an unknown operation":      {`[{"op":"move","path":"title","value":"x"}]`, InvalidSyntax},
		"an operation that is none": {`["add"]`, InvalidSyntax},
		"an unknown path":           {`[{"op":"add","path":"shoeSize","value":5}]`, InvalidPath},
		"a filter on one value":     {`[{"op":"replace","path":"name[familyName eq \"nope\"].givenName","value":"x"}]`, InvalidPath},
		"a removal with such":       {`[{"op":"remove","path":"title[value eq \"nope\"]"}]`, InvalidPath},
		"a path that is none":       {`[{"op":"add","path":5,"value":5}]`, InvalidPath},
		"a damaged path":            {`[{"op":"add","path":"emails[type eq","value":"x"}]`, InvalidFilter},
		"no value":                  {`[{"op":"add","path":"title"}]`, InvalidValue},
		"no object":                 {`[{"op":"add","value":"x"}]`, InvalidValue},
		"the wrong type":            {`[{"op":"add","path":"title","value":5}]`, InvalidValue},
		"no match":                  {`[{"op":"replace","path":"emails[value sw \"x\"].display","value":"x"}]`, NoTarget},
		"no match for a record":     {`[{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"x"}}]`, NoTarget},
		"a value by itself":         {`[{"op":"replace","path":"emails[value eq \"x\"].value","value":"y"}]`, NoTarget},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := patched(t, `{"userName":"a"}`, c.operations)
			requireRefused(t, err, c.scimType)
		})
	}
}

// Microsoft's validator sends this.
func TestPatchWithoutOperations(t *testing.T) {
	t.Parallel()
	requirePatched(t, `{"userName":"a","title":"T"}`, `[]`, `{"title":"T"}`)
	_, err := ParsePatch(userType(), []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`))
	requireRefused(t, err, InvalidSyntax)
}

func TestPatchIsAtomicAndSaysWhichOperation(t *testing.T) {
	t.Parallel()
	r, _, err := patched(t, `{"userName":"a","title":"T"}`, `[{"op":"replace","path":"title","value":"U"},{"op":"remove","path":"userName"}]`)
	requireRefused(t, err, NotMutable)
	require.ErrorContains(t, err, "Operation 2: ")
	require.Nil(t, r)
}

func TestD8_EveryWritableAttributeSurvivesPatch(t *testing.T) {
	t.Parallel()
	ut := userType()
	for _, s := range append([]schema.Schema{ut.Core}, ut.Extensions...) {
		for _, a := range s.Attributes {
			if a.Mutability == schema.ReadOnly || a.Required {
				continue
			}
			path := a.Name
			if s.ID != schema.UserURN {
				path = s.ID + ":" + a.Name
			}
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				for _, op := range []string{"add", "replace"} {
					value := sample(&a)
					operation := fmt.Sprintf(`{"op":%q,"path":%q,"value":%s}`, op, path, toJSON(t, value))
					r, _, err := patched(t, `{"userName":"a"}`, "["+operation+"]")
					require.NoError(t, err)
					require.JSONEq(t, toJSON(t, value), toJSON(t, lookIn(r, s.ID, a.Name)))
					r, _, err = patched(t, `{"userName":"a"}`, fmt.Sprintf(`[%s,{"op":"remove","path":%q}]`, operation, path))
					require.NoError(t, err)
					require.JSONEq(t, `{"userName":"a"}`, toJSON(t, r))
				}
			})
		}
	}
}

func lookIn(r Resource, urn, name string) any {
	if extension, ok := r[urn].(map[string]any); ok {
		return extension[name]
	}
	return r[name]
}

// sample is a value that fits the attribute, with all that can be written of it.
func sample(a *schema.Attribute) any {
	var value any
	switch a.Type {
	case schema.Complex:
		parts := map[string]any{}
		for i := range a.Sub {
			if a.Sub[i].Mutability != schema.ReadOnly {
				parts[a.Sub[i].Name] = sample(&a.Sub[i])
			}
		}
		value = parts
	case schema.Boolean:
		value = true
	case schema.Integer:
		value = 42
	case schema.Decimal:
		value = 4.25
	case schema.DateTime:
		value = "2026-03-31T09:30:00Z"
	case schema.Binary:
		value = "TUlJRA=="
	default:
		value = map[string]string{"date": "2026-03-31", "email": "x@y.example"}[string(a.Field)]
		if value == "" {
			value = "value of " + a.Name
		}
	}
	if a.MultiValued {
		return []any{value}
	}
	return value
}
