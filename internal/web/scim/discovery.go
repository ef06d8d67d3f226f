package scim

import (
	"net/http"
	"strings"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

const documentationURI = "https://www.rfc-editor.org/rfc/rfc7644"

// showConfig says what the service can do, RFC 7643, section 5, and RFC 9865, section 4.
func (s *Service) showConfig(w http.ResponseWriter, r *http.Request, _ caller) error {
	if err := unfiltered(r); err != nil {
		return err
	}
	supported := map[string]any{"supported": true}
	s.write(w, r, http.StatusOK, map[string]any{
		"schemas":          []string{schema.ServiceProviderConfigURN},
		"documentationUri": documentationURI,
		"patch":            supported,
		"bulk":             map[string]any{"supported": true, "maxOperations": maxOperations, "maxPayloadSize": maxBody},
		"filter":           map[string]any{"supported": true, "maxResults": maxPage},
		"changePassword":   map[string]any{"supported": false},
		"sort":             supported,
		"etag":             supported,
		"pagination": map[string]any{
			"cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": defaultPage, "maxPageSize": maxPage,
		},
		"authenticationSchemes": []any{map[string]any{
			"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
			"description": "A token that an administrator made in Rollcall, as Authorization: Bearer",
			"specUri":     "https://www.rfc-editor.org/rfc/rfc6750",
		}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": s.base + "/ServiceProviderConfig"},
	})
	return nil
}

func (s *Service) listResourceTypes(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.describe(w, r, s.resourceTypes(c))
}

func (s *Service) showResourceType(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.describeOne(w, r, s.resourceTypes(c))
}

func (s *Service) listSchemas(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.describe(w, r, s.schemas(c))
}

func (s *Service) showSchema(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.describeOne(w, r, s.schemas(c))
}

func (s *Service) resourceTypes(c caller) []map[string]any {
	return []map[string]any{c.user.Document(s.base), c.group.Document(s.base)}
}

func (s *Service) schemas(c caller) []map[string]any {
	var all []map[string]any
	for _, t := range []*schema.ResourceType{c.user, c.group} {
		all = append(all, t.Core.Document(s.base))
		for i := range t.Extensions {
			all = append(all, t.Extensions[i].Document(s.base))
		}
	}
	for _, own := range schema.ServiceSchemas() {
		all = append(all, own.Document(s.base))
	}
	return all
}

// describe lists documents: all of them, whatever page is asked for, RFC 7644, section 4.
func (s *Service) describe(w http.ResponseWriter, r *http.Request, documents []map[string]any) error {
	if err := unfiltered(r); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, listOf(documents))
	return nil
}

// describeOne shows the document that the path names.
func (s *Service) describeOne(w http.ResponseWriter, r *http.Request, documents []map[string]any) error {
	if err := unfiltered(r); err != nil {
		return err
	}
	for _, d := range documents {
		if strings.EqualFold(d["id"].(string), r.PathValue("id")) {
			s.write(w, r, http.StatusOK, d)
			return nil
		}
	}
	return &protocol.Error{Status: http.StatusNotFound, Detail: "There is nothing of this id. The list without an id has all that there are."}
}

// unfiltered refuses filters on what the service says of itself, RFC 7644, section 4: a client that
// did not notice that its filter was ignored would misread the answer.
func unfiltered(r *http.Request) error {
	if r.URL.Query().Has("filter") {
		return &protocol.Error{Status: http.StatusForbidden, Detail: "This cannot be filtered. Leave the filter out."}
	}
	return nil
}

// notMe is RFC 7644, section 3.11: a token stands for no user.
func notMe(http.ResponseWriter, *http.Request, caller) error {
	return &protocol.Error{Status: http.StatusNotImplemented, Detail: "A token of Rollcall belongs to an account, not to a user. Use /Users."}
}
