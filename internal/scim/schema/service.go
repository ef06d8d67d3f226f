package schema

// ServiceProviderConfigURN is that of the schema of the service's configuration.
const ServiceProviderConfigURN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

// ServiceSchemas are those of what the service says of itself, RFC 7643, section 8.7.2. The paging of
// RFC 9865, section 4, is in its configuration too.
func ServiceSchemas() []Schema {
	return []Schema{serviceProviderConfig(), resourceType(), schemaOfSchemas()}
}

func serviceProviderConfig() Schema {
	amount := func(name, description string) Attribute { return fact(Integer, name, description) }
	scheme := required(fact(Complex, "authenticationSchemes", "How clients authenticate."))
	scheme.MultiValued = true
	kind := required(fact(String, "type", "The kind of scheme."))
	kind.CanonicalValues = []string{"oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"}
	scheme.Sub = []Attribute{
		kind, required(fact(String, "name", "The name of the scheme.")), required(fact(String, "description", "What the scheme is.")),
		elsewhere("specUri", "Where the scheme is specified."), elsewhere("documentationUri", "Where its use is documented."),
		fact(Boolean, "primary", "Whether this is the preferred scheme."),
	}
	pagination := fact(Complex, "pagination", "How lists are paged.")
	method := fact(String, "defaultPaginationMethod", "How a list is paged when the client does not say.")
	method.CanonicalValues = []string{"cursor", "index"}
	pagination.Sub = []Attribute{
		required(fact(Boolean, "cursor", "Whether cursors are supported.")), required(fact(Boolean, "index", "Whether indexes are supported.")),
		method, amount("defaultPageSize", "Resources on a page when the client does not say."), amount("maxPageSize", "Resources on a page at most."),
	}
	return Schema{
		ID: ServiceProviderConfigURN, Name: "ServiceProviderConfig", Description: "Schema for representing the service provider's configuration",
		Attributes: []Attribute{
			elsewhere("documentationUri", "Where the service is documented."),
			ability("patch", "PATCH."),
			ability("bulk", "Bulk requests.", required(amount("maxOperations", "Operations in a request at most.")), required(amount("maxPayloadSize", "Bytes of a request at most."))),
			ability("filter", "Filters.", required(amount("maxResults", "Resources in an answer at most."))),
			ability("changePassword", "Changes of passwords."), ability("sort", "Sorting."), ability("etag", "Versions of resources."),
			scheme, pagination,
		},
	}
}

func resourceType() Schema {
	name := required(fact(String, "name", "The name of the type."))
	name.CaseExact, name.Uniqueness = true, UniqueServer
	endpoint := required(reference("endpoint", "Where its resources are, relative to the base URL."))
	endpoint.CaseExact, endpoint.Uniqueness = false, UniqueServer
	extensions := required(fact(Complex, "schemaExtensions", "The extensions of its resources."))
	extensions.MultiValued = true
	extensions.Sub = []Attribute{
		required(reference("schema", "The URI of the extension.")), required(fact(Boolean, "required", "Whether each resource has it.")),
	}
	return Schema{
		ID: ResourceTypeURN, Name: "ResourceType", Description: "Specifies the schema that describes a SCIM resource type",
		Attributes: []Attribute{
			fact(String, "id", "The identifier of the type."), name, fact(String, "description", "What its resources are."),
			endpoint, required(reference("schema", "The URI of its core schema.")), extensions,
		},
	}
}

func schemaOfSchemas() Schema {
	attributes := required(fact(Complex, "attributes", "The attributes of the schema."))
	attributes.MultiValued = true
	sub := fact(Complex, "subAttributes", "The attributes of a complex attribute.")
	sub.MultiValued, sub.Sub = true, characteristics()
	attributes.Sub = append(characteristics(), sub)
	return Schema{
		ID: SchemaURN, Name: "Schema", Description: "Specifies the schema that describes a SCIM schema",
		Attributes: []Attribute{
			required(fact(String, "id", "The URI of the schema.")), required(fact(String, "name", "The name of the schema.")),
			fact(String, "description", "What the schema is for."), attributes,
		},
	}
}

// characteristics are what is said of an attribute, RFC 7643, section 7.
func characteristics() []Attribute {
	exact := func(name, description string, values ...string) Attribute {
		a := fact(String, name, description)
		a.CaseExact, a.CanonicalValues = true, values
		return a
	}
	several := func(a Attribute) Attribute {
		a.MultiValued = true
		return a
	}
	kind := required(fact(String, "type", "The data type."))
	for _, one := range []Type{String, Complex, Boolean, Decimal, Integer, DateTime, Reference, Binary} {
		kind.CanonicalValues = append(kind.CanonicalValues, string(one))
	}
	return []Attribute{
		required(exact("name", "The name.")), kind, required(fact(Boolean, "multiValued", "Whether it has several values.")),
		exact("description", "What it is."), fact(Boolean, "required", "Whether each resource has it."),
		several(exact("canonicalValues", "Values that clients are advised to use.")),
		fact(Boolean, "caseExact", "Whether the case of letters counts."),
		exact("mutability", "How it can be written.", string(ReadOnly), string(ReadWrite), string(Immutable), string(WriteOnly)),
		exact("returned", "When it is in an answer.", string(Always), string(Never), string(Default), string(OnRequest)),
		exact("uniqueness", "How far its value is unique.", string(UniqueNone), string(UniqueServer), string(UniqueGlobal)),
		several(exact("referenceTypes", "What it can refer to.")),
	}
}

// fact is something that only the service says.
func fact(kind Type, name, description string) Attribute {
	return readOnly(Attribute{Name: name, Description: description, Type: kind})
}

func required(a Attribute) Attribute {
	a.Required = true
	return a
}

func reference(name, description string) Attribute {
	a := fact(Reference, name, description)
	a.CaseExact, a.ReferenceTypes = true, []string{"uri"}
	return a
}

func elsewhere(name, description string) Attribute {
	a := fact(Reference, name, description)
	a.ReferenceTypes = []string{"external"}
	return a
}

func ability(name, description string, more ...Attribute) Attribute {
	a := required(fact(Complex, name, description))
	a.Sub = append([]Attribute{required(fact(Boolean, "supported", "Whether it is supported."))}, more...)
	return a
}
