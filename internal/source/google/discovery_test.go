package google

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// discovery is what Google says of the Directory API, in the module of its client.
type discovery struct {
	Parameters map[string]parameter `json:"parameters"`
	Resources  map[string]struct {
		Methods map[string]method `json:"methods"`
	} `json:"resources"`
	Schemas map[string]schema `json:"schemas"`
}

type method struct {
	ID         string               `json:"id"`
	Path       string               `json:"path"`
	HTTPMethod string               `json:"httpMethod"`
	Scopes     []string             `json:"scopes"`
	Parameters map[string]parameter `json:"parameters"`
	Response   reference            `json:"response"`
}

type parameter struct {
	Type     string   `json:"type"`
	Location string   `json:"location"`
	Enum     []string `json:"enum"`
	Maximum  string   `json:"maximum"`
}

type reference struct {
	Ref string `json:"$ref"`
}

type schema struct {
	reference
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
}

func readDiscovery(t *testing.T) discovery {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		t.Skipf("the module of Google's client is not there: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "admin/directory/v1/admin-api.json"))
	require.NoError(t, err)
	var d discovery
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

// Every request is one that the API has, with parameters that it takes, in the scopes that a consent
// gives, and its mask selects what the answer has.
func TestRequestsAgainstDiscovery(t *testing.T) {
	t.Parallel()
	d := readDiscovery(t)
	var requests []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"a"}`))
			return
		}
		requests = append(requests, r)
		_, _ = w.Write([]byte(`{"id":"1"}`))
	}))
	t.Cleanup(server.Close)
	from, err := New(Options{
		ClientID: "rollcall", ClientSecret: "s", LoginURL: server.URL, APIURL: server.URL,
		Unseal: func(_ string, sealed []byte) ([]byte, error) { return sealed, nil },
	}).Open(t.Context(), directory.Connection{Secret: []byte("r")})
	require.NoError(t, err)
	paths := []string{"customSchemas.HR.badge"}
	for _, a := range attributes() {
		paths = append(paths, a.Path)
	}
	ctx := t.Context()
	_, customer := from.Tenant(ctx)
	_, users := from.Users(ctx, "next", paths, 0)
	_, plain := from.Users(ctx, "", nil, 1)
	_, user := from.User(ctx, "1", paths)
	_, groups := from.Groups(ctx, "next", "Des", 0)
	_, group := from.Group(ctx, "1")
	_, members := from.Members(ctx, "1", "next")
	for _, err := range []error{customer, users, plain, user, groups, group, members} {
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	for _, r := range requests {
		seen[d.check(t, r)] = true
	}
	require.Len(t, seen, 7, "%v", seen)
}

// check checks a request, and returns the id of the method that it calls.
func (d discovery) check(t *testing.T, r *http.Request) string {
	called := d.methodOf(t, r)
	require.Equal(t, called.HTTPMethod, r.Method)
	granted := func(scope string) bool {
		return slices.Contains([]string{"user", "group", "customer", "userschema"},
			strings.TrimSuffix(strings.TrimPrefix(scope, "https://www.googleapis.com/auth/admin.directory."), ".readonly")) && strings.HasSuffix(scope, ".readonly")
	}
	require.True(t, slices.ContainsFunc(called.Scopes, granted), called.ID)
	for name, values := range r.URL.Query() {
		known, ok := called.Parameters[name]
		if !ok {
			known, ok = d.Parameters[name]
		}
		require.True(t, ok && known.Location == "query", "%s has no parameter %s", called.ID, name)
		known.check(t, name, values)
	}
	if called.ID == "directory.groups.list" || called.ID == "directory.members.list" {
		size, err := strconv.Atoi(r.FormValue("maxResults"))
		require.NoError(t, err)
		require.LessOrEqual(t, size, 200, "the documentation has the largest size in its text alone")
	}
	mask := r.FormValue("fields")
	rest := d.selects(t, schema{reference: called.Response}, mask)
	require.Empty(t, rest, mask)
	if _, paged := called.Parameters["pageToken"]; paged {
		require.Contains(t, mask, "nextPageToken", "else the list ends after its first page")
	}
	return called.ID
}

func (p parameter) check(t *testing.T, name string, values []string) {
	require.Len(t, values, 1, name)
	if p.Enum != nil {
		require.Contains(t, p.Enum, values[0], name)
	}
	switch p.Type {
	case "integer":
		n, err := strconv.Atoi(values[0])
		require.NoError(t, err, name)
		if p.Maximum != "" {
			largest, err := strconv.Atoi(p.Maximum)
			require.NoError(t, err)
			require.LessOrEqual(t, n, largest, name)
		}
	case "boolean":
		_, err := strconv.ParseBool(values[0])
		require.NoError(t, err, name)
	}
}

func (d discovery) methodOf(t *testing.T, r *http.Request) method {
	for _, resource := range d.Resources {
		for _, m := range resource.Methods {
			pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta("/"+m.Path), "[^/]+")
			if m.HTTPMethod == r.Method && regexp.MustCompile("^"+pattern+"$").MatchString(r.URL.EscapedPath()) {
				return m
			}
		}
	}
	require.Failf(t, "no method", "%s %s", r.Method, r.URL.Path)
	return method{}
}

// selects follows a mask through the properties of a schema, and returns what is left of it. A property
// of any type, as the lists of a user are, ends the way.
func (d discovery) selects(t *testing.T, of schema, mask string) (rest string) {
	for {
		end := strings.IndexAny(mask+",", ",/()")
		found, ok := d.property(of, mask[:end])
		require.True(t, ok, mask)
		mask = mask[end:]
		switch {
		case strings.HasPrefix(mask, "/"):
			mask = d.selects(t, found, mask[1:])
		case strings.HasPrefix(mask, "("):
			mask = d.selects(t, found, mask[1:])
			require.True(t, strings.HasPrefix(mask, ")"), mask)
			mask = mask[1:]
		}
		if !strings.HasPrefix(mask, ",") {
			return mask
		}
		mask = mask[1:]
	}
}

func (d discovery) property(of schema, name string) (schema, bool) {
	if of.Items != nil {
		of = *of.Items
	}
	if of.Ref != "" {
		of = d.Schemas[of.Ref]
	}
	found, ok := of.Properties[name]
	return found, ok
}

// The catalogue is checked against Google's own schemas, in both directions.
func TestAttributesAgainstDiscovery(t *testing.T) {
	t.Parallel()
	d := readDiscovery(t)
	entries := map[string]string{ // what the lists of a user hold, which are of any type
		"emails": "UserEmail", "phones": "UserPhone", "organizations": "UserOrganization", "addresses": "UserAddress",
		"externalIds": "UserExternalId", "relations": "UserRelation", "locations": "UserLocation", "languages": "UserLanguage",
		"keywords": "UserKeyword", "ims": "UserIm", "websites": "UserWebsite", "gender": "UserGender", "notes": "UserAbout",
		"posixAccounts": "UserPosixAccount", "name": "UserName",
	}
	meant := map[string]directory.FieldType{ // where the property's purpose says more than its type
		"primaryEmail": directory.Email, "recoveryEmail": directory.Email, "emails.address": directory.Email,
		manager: directory.Person,
	}
	listed := map[string]bool{}
	for _, a := range attributes() {
		require.NotContains(t, listed, a.Path)
		listed[a.Path] = true
		name, inside, nested := strings.Cut(a.Path, ".")
		require.Contains(t, d.Schemas["User"].Properties, name)
		property := d.Schemas["User"].Properties[name]
		if nested {
			listed[name] = true
			if a.Path == manager { // a kind of relation
				inside = "value"
			}
			require.Contains(t, d.Schemas[entries[name]].Properties, inside, a.Path)
			property = d.Schemas[entries[name]].Properties[inside]
		}
		want, several := property.fieldType()
		if special, ok := meant[a.Path]; ok {
			want = special
		}
		require.Equal(t, want, a.Type, a.Path)
		require.Equal(t, several, a.MultiValued, a.Path)
	}
	apart := []string{
		"kind", "etag", "thumbnailPhotoEtag", // of the wire
		"password", "hashFunction", "sshPublicKeys", // of no other system's business
		"ipWhitelisted", "deletionTime", // deprecated; of users who are not listed
		"guestAccountInfo", customSchemas,
	}
	for name := range d.Schemas["User"].Properties {
		require.True(t, listed[name] != slices.Contains(apart, name), name)
	}
}

// fieldType is the data type of a property, which can be a list of texts.
func (s schema) fieldType() (kind directory.FieldType, several bool) {
	switch {
	case s.Type == "array" && s.Items != nil && s.Items.Type == "string":
		return directory.Text, true
	case s.Format == "date-time":
		return directory.DateTime, false
	}
	return map[string]directory.FieldType{"string": directory.Text, "boolean": directory.Boolean, "integer": directory.Integer}[s.Type], false
}

// A query is part of a parameter; it must not be able to say more than a beginning.
func TestPlainPrefix(t *testing.T) {
	t.Parallel()
	for search, want := range map[string]string{
		"": "", "Design": "Design", "Design & Research": "Design", "O'Brien": "O", `C:\x`: "C", "*": "", "x* memberKey=y": "x",
		"Wāhine 営業": "Wāhine", "営業 2": "営業",
	} {
		require.Equal(t, want, plainPrefix(search))
		require.NotContains(t, url.QueryEscape(plainPrefix(search)), "+")
	}
}
