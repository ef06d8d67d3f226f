package simulate_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func TestElementsOfAList(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		`[]`:                       nil,
		`{"a":1}`:                  nil,
		`"text"`:                   nil,
		``:                         nil,
		`[1]`:                      {"1"},
		`[{"a":[1,2]},"x,]",[],0]`: {`{"a":[1,2]}`, `"x,]"`, `[]`, `0`},
	} {
		var got []string
		for element := range simulate.Elements([]byte(list)) {
			got = append(got, string(element))
		}
		require.Equal(t, want, got, list)
	}
}

func TestObjectWithoutSomeProperties(t *testing.T) {
	t.Parallel()
	object, err := simulate.ParseObject([]byte(`{"a": 1.0, "b": {"a": 2}, "c": [ ], "a": 3}`))
	require.NoError(t, err)
	require.Equal(t, `{"b":{"a":2},"c":[]}`, string(object.Without("a", "x")))
	require.Equal(t, `{}`, string(object.Without("a", "b", "c")))
	require.Equal(t, string(object), string(object.Without()))
}

func TestDirectoryFileGoesOutAsItCameIn(t *testing.T) {
	t.Parallel()
	var owner simulate.Object
	var people, none []simulate.Object
	parse := func(data string) error {
		return simulate.ParseFile([]byte(data), "an object with owner and people",
			map[string]*simulate.Object{"owner": &owner}, map[string]*[]simulate.Object{"people": &people, "none": &none})
	}
	const data = `{"owner":{"n":1e400},"people":[{"a":1.0},` + "\n" + `{}],"none":[]}` + "\n"
	require.NoError(t, parse(data))
	var written bytes.Buffer
	file := simulate.NewFileWriter(&written)
	file.Object("owner", owner)
	file.List("people", people)
	file.List("none", none)
	n, err := file.Close()
	require.NoError(t, err)
	require.EqualValues(t, len(data), n)
	require.Equal(t, data, written.String())

	require.ErrorContains(t, parse("{\n\"people\":[{]}"), "line 2")
	require.ErrorContains(t, parse(`[]`), "an object with owner and people")
	require.ErrorContains(t, parse(`{"people":{}}`), "people is not a list")
	require.ErrorContains(t, parse(`{"people":[{},7]}`), "people[1] is not a JSON object")
	require.ErrorContains(t, parse(`{"owner":[]}`), "owner is not a JSON object")
}
