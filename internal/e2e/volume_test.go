package e2e

import (
	"fmt"
	"testing"

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
// address: all the others are there, and each of the two has an error line.
func TestCaseK2_SevenThousandPeopleAtOnce(t *testing.T) {
	t.Parallel()
	const many = 7000
	people := make([]object, many)
	for i := range people {
		people[i] = person(fmt.Sprintf("e-%04d", i), "Pat", fmt.Sprintf("Number%04d", i), object{
			"title": "Engineer", "department": "Research", "city": "Bern", "phone": fmt.Sprint("+41 31 555 ", i), "hired": "2019-06-06",
		})
	}
	people[4321]["email"] = people[17]["email"]
	c := entra().companyOf(t, 10, people)
	mappings := []object{}
	for word, kind := range map[string]string{"title": "text", "department": "text", "city": "text", "phone": "text", "hired": "date"} {
		mappings = append(mappings, c.mapping(word, c.field(word, kind)))
	}
	run := c.configure(object{"mappings": mappings})
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: many, Created: many - 2, Failed: 2}, run.Counts)
	require.Len(t, c.users(""), many-2)
	require.Equal(t, directory.ActionError, c.changes(run)["e-4321"].Action)
	require.Equal(t, directory.ActionError, c.changes(run)["e-0017"].Action)
}

// What is read goes into the database: however many people and members there are, histories hold
// figures alone, and few of them.
func TestCaseJ1_HistoriesStayShort(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := crowd(1200)
		everybody := make([]any, len(people))
		for i, who := range people {
			everybody[i] = who["id"]
		}
		c := v.companyOf(t, 10, people, group("g-1", "Everybody", everybody...), group("g-2", "Half", everybody[:600]...))
		run := c.configure(withGroups())
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 1200, GroupsCreated: 2, MembershipsAdded: 1800}, run.changed())
		plain := c.temporal()
		for id, most := range map[string]int{"directory-sync/" + c.sync: 100, run.WorkflowID: 300} {
			events := c.history(plain, id, "")
			require.Less(t, len(events), most, "events of %s", id)
			for _, event := range events {
				require.Less(t, proto.Size(event), 16<<10, "an event of %s holds what belongs into the database", id)
			}
		}
	})
}
