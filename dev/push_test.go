package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPushedPeopleAreDifferentPeople(t *testing.T) {
	t.Parallel()
	seen := map[any]bool{}
	active := 0
	for i := range pushedPeople {
		user := pushedUser(i, "Sales", "an-account", "works_remotely")
		require.False(t, seen[user["userName"]], user["userName"])
		seen[user["userName"]] = true
		if user["active"] == true {
			active++
		}
	}
	require.Equal(t, 23, active)
}
