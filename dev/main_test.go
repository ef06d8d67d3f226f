package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCallsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-users", "-1"}, {"-users", "5", "-entra", "a.json", "-google", "b.json"}, {"migrate"}, {"-unknown"},
	} {
		code, err := run(t.Context(), args, new(bytes.Buffer))
		require.Error(t, err, args)
		require.Equal(t, 2, code, args)
	}
}

func TestExitCodeIsThatOfTheWorstRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		one, other directory.RunStatus
		code       int
	}{
		{directory.RunSuccess, directory.RunSuccess, 0},
		{directory.RunSuccess, directory.RunPartialSuccess, 3},
		{directory.RunPartialSuccess, directory.RunFailure, 1},
		{directory.RunFailure, directory.RunSuccess, 1},
		{directory.RunAwaitingApproval, directory.RunSuccess, 3},
	} {
		require.Equal(t, c.code, worse(exitCode(c.one), exitCode(c.other)), c)
		require.Equal(t, c.code, worse(exitCode(c.other), exitCode(c.one)), c)
	}
}

func TestAFieldTakesTheFirstSourceOfItsType(t *testing.T) {
	t.Parallel()
	attributes := []directory.Attribute{
		{Path: "isEnrolledIn2Sv", Type: directory.Boolean},
		{Path: "customSchemas.HR.start", Type: directory.Date},
		{Path: "customSchemas.HR.remote", Type: directory.Boolean},
	}
	source := func(kind directory.FieldType, prefixes ...string) string {
		path, _ := demoField{"Field", kind, prefixes}.source(attributes)
		return path
	}
	require.Equal(t, "customSchemas.HR.remote", source(directory.Boolean, "customSchemas.", "isEnrolledIn2Sv"))
	require.Equal(t, "isEnrolledIn2Sv", source(directory.Boolean, "extension_", "isEnrolledIn2Sv"))
	require.Equal(t, "customSchemas.HR.start", source(directory.Date, "customSchemas."))
	require.Empty(t, source(directory.Text, "customSchemas."))
}

func TestBars(t *testing.T) {
	t.Parallel()
	accounts := []devstack.Account{{Name: "Contoso on Entra"}, {Name: "Empty"}, {Name: "Adatum on Google"}}
	fetching := progress{Stage: directory.StageFetch, Done: 50, Total: 100, PerSecond: 25}

	t.Run("a line for each stage where there is no terminal", func(t *testing.T) {
		out := new(bytes.Buffer)
		b := newBars(out, accounts)
		b.draw(0, fetching)
		b.draw(2, fetching)
		b.draw(0, fetching)
		b.draw(0, progress{Stage: directory.StagePlan})
		b.clear()
		require.Equal(t, "Contoso on Entra: fetch\nAdatum on Google: fetch\nContoso on Entra: plan\n", out.String())
	})

	t.Run("one below the other in a terminal", func(t *testing.T) {
		out := new(bytes.Buffer)
		b := newBars(out, accounts)
		b.terminal = true
		b.draw(0, fetching)
		b.draw(2, fetching)
		b.clear()
		one := "Contoso on Entra fetch       [████████████············] 50/100 25/s\n"
		other := "Adatum on Google fetch       [████████████············] 50/100 25/s\n"
		require.Equal(t, one+"\x1b[1A\x1b[J"+one+other+"\x1b[2A\x1b[J", out.String())
	})
}
