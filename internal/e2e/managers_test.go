package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// managed has the directory say who somebody's manager is: Entra by an id, Google by an address.
func (v vendor) managed(id, address string) object {
	if v.provider == directory.Google {
		return object{"relations": []object{{"value": address, "type": "manager"}}}
	}
	return object{"manager": object{"@odata.type": "#microsoft.graph.user", "id": id}}
}

func TestF10_ManagersWaitUntilTheyArrive(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		path := map[directory.Provider]string{directory.Entra: "manager", directory.Google: "relations.manager"}[v.provider]
		c := v.company(t,
			person("e-1", "Ana", "Lopez", v.managed("e-2", "bo.boss@corp.example")),
			person("e-2", "Bo", "Boss", object{"last": nil, "email": "bo.boss@corp.example"}),
			person("e-3", "Cy", "Young", v.managed("e-1", "Ana.Lopez@corp.example")))
		manager := c.field("Manager", "person")
		run := c.configure(object{"mappings": []object{{"source": path, "target": manager}}})
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 2, Failed: 1}, run.changed())
		ana := c.user("ana.lopez@corp.example")
		require.Equal(t, object{manager: ana.ID}, c.user("cy.young@corp.example").Fields)
		require.Empty(t, ana.Fields, "the manager is not in the account")

		c.edits("e-2", object{"last": "Boss"})
		run = c.succeeds()
		require.Equal(t, directory.Counts{Created: 1}, run.changed(), "the manager is a part of the person")
		boss := c.user("bo.boss@corp.example")
		require.Equal(t, object{manager: boss.ID}, c.user("ana.lopez@corp.example").Fields)
		require.Equal(t, object{"fields": object{manager: boss.ID}}, c.changes(run)["e-1"].After)
		run = c.succeeds()
		require.Equal(t, directory.Counts{}, run.changed())
		require.Empty(t, c.changes(run))

		c.leaves("e-2")
		require.Equal(t, directory.Counts{Deactivated: 1}, c.syncAll().changed())
		require.Empty(t, c.user("ana.lopez@corp.example").Fields)
		require.Equal(t, object{manager: ana.ID}, c.user("cy.young@corp.example").Fields)
	})
}
