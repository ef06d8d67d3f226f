package schema

// The URNs of the schemas of schemas and of resource types.
const (
	SchemaURN       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	ResourceTypeURN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
)

// Document is the schema as /Schemas shows it, RFC 7643, section 7. baseURL is that of the service, without a slash at its end.
func (s *Schema) Document(baseURL string) map[string]any {
	return map[string]any{
		"schemas":     []string{SchemaURN},
		"id":          s.ID,
		"name":        s.Name,
		"description": s.Description,
		"attributes":  attributeDocuments(s.Attributes),
		"meta":        map[string]any{"resourceType": "Schema", "location": baseURL + "/Schemas/" + s.ID},
	}
}

// Document is the resource type as /ResourceTypes shows it, RFC 7643, section 6. No extension is required.
func (t *ResourceType) Document(baseURL string) map[string]any {
	d := map[string]any{
		"schemas":     []string{ResourceTypeURN},
		"id":          t.Name,
		"name":        t.Name,
		"endpoint":    t.Endpoint,
		"description": t.Description,
		"schema":      t.Core.ID,
		"meta":        map[string]any{"resourceType": "ResourceType", "location": baseURL + "/ResourceTypes/" + t.Name},
	}
	var extensions []map[string]any
	for i := range t.Extensions {
		extensions = append(extensions, map[string]any{"schema": t.Extensions[i].ID, "required": false})
	}
	if extensions != nil {
		d["schemaExtensions"] = extensions
	}
	return d
}

func attributeDocuments(attributes []Attribute) []map[string]any {
	documents := make([]map[string]any, len(attributes))
	for i := range attributes {
		documents[i] = attributes[i].document()
	}
	return documents
}

func (a *Attribute) document() map[string]any {
	d := map[string]any{
		"name":        a.Name,
		"type":        a.Type,
		"multiValued": a.MultiValued,
		"description": a.Description,
		"required":    a.Required,
		"caseExact":   a.CaseExact,
		"mutability":  a.Mutability,
		"returned":    a.Returned,
		"uniqueness":  a.Uniqueness,
	}
	if a.CanonicalValues != nil {
		d["canonicalValues"] = a.CanonicalValues
	}
	if a.ReferenceTypes != nil {
		d["referenceTypes"] = a.ReferenceTypes
	}
	if a.Sub != nil {
		d["subAttributes"] = attributeDocuments(a.Sub)
	}
	return d
}
