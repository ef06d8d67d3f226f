package graph

import (
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) listOrganizations(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r, "$select", "$top")
	if err != nil {
		return err
	}
	organization := t.organization()
	writeCollection(w, r, collection{
		context: contextOf("organization", q.selects),
		count:   -1,
		size:    1,
		item: func(dst []byte, _ int) []byte {
			return organizationProjection(q.selects, organization).append(dst, organization, "")
		},
	})
	return nil
}

func (t *Tenant) showOrganization(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r, "$select")
	if err != nil {
		return err
	}
	organization := t.organization()
	if r.PathValue("id") != organization.Text("id") {
		return resourceNotFound(r.PathValue("id"))
	}
	writeEntity(w, r, contextOf("organization", q.selects), organizationProjection(q.selects, organization), organization, "")
	return nil
}

// organizationProjection serves all that the file has when nothing is selected.
func organizationProjection(selects string, organization simulate.Object) projection {
	var all []string
	for name := range organization.Properties() {
		all = append(all, string(name))
	}
	return newProjection(selects, all)
}
