package google

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	apiPath = "admin/directory/v1/"

	scopePrefix    = "https://www.googleapis.com/auth/"
	scopeDirectory = scopePrefix + "admin.directory."
)

// method is a method of the Directory API as its discovery document has it.
type method struct {
	id     string
	path   string
	scopes []string // one of these is needed
	params []string // what it obeys, or may ignore without harm
	handle func(call) ([]byte, error)
}

// call is a request that may be answered.
type call struct {
	store   *store // of the customer whose administrator asks
	request *http.Request
	params  url.Values
}

// methods are those served, with the scopes that Google documents.
func methods() []method {
	user := []string{scopeDirectory + "user", scopeDirectory + "user.readonly"}
	group := []string{scopeDirectory + "group", scopeDirectory + "group.readonly"}
	member := append(slices.Clone(group), scopeDirectory+"group.member", scopeDirectory+"group.member.readonly")
	customer := []string{scopeDirectory + "customer", scopeDirectory + "customer.readonly"}
	schema := []string{scopeDirectory + "userschema", scopeDirectory + "userschema.readonly"}
	view := []string{"projection", "customFieldMask", "viewType"}
	page := []string{"maxResults", "pageToken"}
	list := append(slices.Clone(page), "customer", "domain", "query", "orderBy", "sortOrder")
	return []method{
		{"directory.users.list", apiPath + "users", user, append(slices.Concat(list, view), "showDeleted"), listUsers},
		{"directory.users.get", apiPath + "users/{userKey}", user, view, getUser},
		{"directory.groups.list", apiPath + "groups", group, list, listGroups},
		{"directory.groups.get", apiPath + "groups/{groupKey}", group, nil, getGroup},
		{"directory.members.list", apiPath + "groups/{groupKey}/members", member, append(slices.Clone(page), "includeDerivedMembership", "roles"), listMembers},
		{"directory.customers.get", apiPath + "customers/{customerKey}", customer, nil, getCustomer},
		{"directory.schemas.list", apiPath + "customer/{customerId}/schemas", schema, nil, listSchemas},
		{"directory.schemas.get", apiPath + "customer/{customerId}/schemas/{schemaKey}", schema, nil, getSchema},
	}
}

// commonParams are those of every method that this tenant obeys or may ignore.
func commonParams() []string { return []string{"alt", "fields", "key", "prettyPrint", "quotaUser"} }

// enums are the values of parameters that have a choice.
func enums() map[string][]string {
	return map[string][]string{
		"projection": {"basic", "custom", "full"},
		"sortOrder":  {"ASCENDING", "DESCENDING"},
		"viewType":   {"admin_view"},
		"alt":        {"json"},
	}
}

// check refuses parameters that this tenant does not simulate, so that a client
// never takes an ignored one for an obeyed one.
func (m method) check(params url.Values) error {
	for name, values := range params {
		if !slices.Contains(m.params, name) && !slices.Contains(commonParams(), name) {
			return &apiError{http.StatusBadRequest, "badRequest", fmt.Sprintf(
				"Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", name, name), ""}
		}
		if choice := enums()[name]; choice != nil && !slices.Contains(choice, values[0]) {
			return invalidParameter(name, fmt.Sprintf("Invalid value '%s'. Values must match the following regular expression: one of %q", values[0], choice))
		}
	}
	return nil
}

// maxResults is the size of a page. A method that documents a range refuses what
// is outside of it; one that documents a maximum alone serves no more than that.
func (c call) maxResults(usual, most int, refuse bool) (int, error) {
	raw := c.params.Get("maxResults")
	if raw == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || refuse && n > most {
		return 0, invalidParameter("maxResults", fmt.Sprintf("Invalid value '%s'. Values must be within the range: [1, %d]", raw, most))
	}
	return min(n, most), nil
}

// place is what a page token of a list holds: the last item served.
type place struct {
	Key string `json:"k,omitempty"`
	Seq uint64 `json:"s,omitempty"`
}

// after is the place that the request's page token holds.
func (c call) after() (p place, err error) {
	token := c.params.Get("pageToken")
	if token == "" {
		return place{}, nil
	}
	if err := simulate.DecodeToken(token, &p); err != nil {
		return place{}, invalidInput("pageToken")
	}
	return p, nil
}

// checkCustomer accepts the customer's own id and its alias; others are somebody else's.
func (c call) checkCustomer(key string) error {
	if key == "my_customer" || key == c.store.customer().Text("id") {
		return nil
	}
	return forbidden()
}
