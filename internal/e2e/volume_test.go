package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseK1_ANULCharacterFailsNobodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, append(crowd(199), person("e-7", "Ana\x00", "Lopez", object{"email": "ana@corp.example", "title": "Q\x00A"}))...)
		title := c.field("Job title", "text")
		run := c.configure(object{"mappings": []object{c.mapping("title", title)}})
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Fetched: 200, Created: 200, Failed: 1}, run.Counts)
		require.Equal(t, "Ana", c.user("ana@corp.example").FirstName)
		require.Equal(t, "QA", c.user("ana@corp.example").Fields[title])
		var named []string
		for _, problem := range c.changes(run)["e-7"].Problems {
			named = append(named, problem.Field)
		}
		require.ElementsMatch(t, []string{"first_name", title}, named)
	})
}

// More people at a time than a statement of PostgreSQL has parameters for, two of whom share an
// address: all the others are there, and each of the two has an error line. What the histories say of
// it all is short (case J1).
func TestCaseK2J1_SevenThousandPeople(t *testing.T) {
	t.Parallel()
	const many = 7000
	people := make([]object, many)
	everybody := make([]any, many)
	for i := range people {
		id := fmt.Sprintf("e-%04d", i)
		people[i] = person(id, "Pat", fmt.Sprintf("Number%04d", i), object{
			"title": "Engineer of the second class", "department": "Research and development", "city": "Bern", "phone": fmt.Sprint("+41 31 555 ", i), "hired": "2019-06-06",
		})
		everybody[i] = id
	}
	people[4321]["email"] = people[17]["email"]
	c := entra().companyOf(t, 10, people, group("g-1", "Everybody", everybody...), group("g-2", "Half", everybody[:many/2]...))
	mappings := []object{}
	for word, kind := range map[string]string{"title": "text", "department": "text", "city": "text", "phone": "text", "hired": "date"} {
		mappings = append(mappings, c.mapping(word, c.field(word, kind)))
	}
	run := c.configure(object{"mappings": mappings}, withGroups())
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, many-2, run.Counts.Created)
	require.Equal(t, 2, run.Counts.Failed)
	require.Equal(t, many-2+many/2-1, run.Counts.MembershipsAdded)
	require.Len(t, c.users(""), many-2)

	plain := c.temporal()
	for id, most := range map[string]int{"directory-sync/" + c.sync: 100, run.WorkflowID: 500} {
		events := c.history(plain, id, "")
		require.Less(t, len(events), most, "events of %s", id)
		for _, event := range events {
			require.Less(t, proto.Size(event), 64<<10, "an event of %s holds what belongs into the database", id)
		}
	}
	require.Less(t, run.FinishedAt.Sub(run.StartedAt), time.Minute)
}
