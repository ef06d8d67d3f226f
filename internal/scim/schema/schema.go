// Package schema is what SCIM resources are made of: attributes, schemas and resource types as in
// RFC 7643, those of Rollcall's users and groups among them.
//
// It knows no values, no HTTP and no database.
package schema

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// The URNs of schemas.
const (
	UserURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// Type is the data type of an attribute, RFC 7643, section 2.3.
type Type string

// The data types.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Binary    Type = "binary"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// Mutability says how an attribute can be written.
type Mutability string

// The mutabilities.
const (
	ReadWrite Mutability = "readWrite"
	ReadOnly  Mutability = "readOnly"
	Immutable Mutability = "immutable"
	WriteOnly Mutability = "writeOnly"
)

// Returned says when an attribute is in an answer.
type Returned string

// When an attribute is returned.
const (
	Always    Returned = "always"
	Never     Returned = "never"
	Default   Returned = "default"
	OnRequest Returned = "request"
)

// Uniqueness says how far a value is unique.
type Uniqueness string

// The kinds of uniqueness.
const (
	UniqueNone   Uniqueness = "none"
	UniqueServer Uniqueness = "server"
	UniqueGlobal Uniqueness = "global"
)

// Attribute describes an attribute, RFC 7643, section 7.
type Attribute struct {
	Name            string
	Description     string
	Type            Type
	MultiValued     bool
	Required        bool
	CaseExact       bool
	Mutability      Mutability
	Returned        Returned
	Uniqueness      Uniqueness
	CanonicalValues []string
	ReferenceTypes  []string
	Sub             []Attribute // of a complex attribute
	MaxLength       int         // characters of a string, binary or reference
	// Field is the type of the account's custom field that the attribute is; empty for others. It is
	// narrower than Type: a date is a String, say.
	Field directory.FieldType
}

// SubAttribute is the sub-attribute of the name, in any case; nil when there is none.
func (a *Attribute) SubAttribute(name string) *Attribute { return find(a.Sub, name) }

// Schema is a set of attributes.
type Schema struct {
	ID          string // URN
	Name        string
	Description string
	Attributes  []Attribute
}

// Attribute is the attribute of the name, in any case; nil when there is none.
func (s *Schema) Attribute(name string) *Attribute { return find(s.Attributes, name) }

// ResourceType is a kind of resource. Its core schema's attributes stand at the top of a resource,
// those of an extension in an object under the extension's URN.
type ResourceType struct {
	Name        string // "User"
	Endpoint    string // "/Users"
	Description string
	Core        Schema
	Extensions  []Schema
}

// Attribute is the attribute of the core schema or common to all resources that has the name, in any
// case; nil when there is none.
func (t *ResourceType) Attribute(name string) *Attribute {
	if a := t.Core.Attribute(name); a != nil {
		return a
	}
	return find(Common(), name)
}

// Extension is the extension of the URN, in any case; nil when there is none.
func (t *ResourceType) Extension(urn string) *Schema {
	for i := range t.Extensions {
		if strings.EqualFold(t.Extensions[i].ID, urn) {
			return &t.Extensions[i]
		}
	}
	return nil
}

func find(attributes []Attribute, name string) *Attribute {
	for i := range attributes {
		if strings.EqualFold(attributes[i].Name, name) {
			return &attributes[i]
		}
	}
	return nil
}
