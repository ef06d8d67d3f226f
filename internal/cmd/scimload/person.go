package main

import (
	"bytes"
	"fmt"
	"strings"
)

// person is somebody in the account.
type person struct{ id, userName string }

var (
	givenNames  = strings.Fields("Ada Björn Chiara Dmitri Elif François Grace Hiroshi Ines Jürgen Kamala Lars Mei Niamh Oluwaseun Paulo Quentin Rosa Søren Tomás")
	familyNames = strings.Fields("Almeida Becker Costa Dubois Eriksson Fischer García Hansen Ivanova Jensen Kowalski Lindqvist Müller Nakamura O'Brien Petrov Rossi Silva Tanaka Weiß")
	departments = strings.Fields("Engineering Finance Legal Marketing Operations People Sales Support")
)

// appendPerson appends the body with which an identity provider creates somebody: what Entra and
// Okta map by default.
func appendPerson(body []byte, userName string, number int) []byte {
	given, family := givenNames[number%len(givenNames)], familyNames[number/len(givenNames)%len(familyNames)]
	body = fmt.Appendf(body, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"ext-%[1]s","userName":"%[1]s","active":true,"displayName":"%[2]s %[3]s","title":"Specialist %[4]d","preferredLanguage":"en-GB",`+
		`"name":{"givenName":"%[2]s","familyName":"%[3]s","formatted":"%[2]s %[3]s"},"emails":[{"value":"%[1]s","type":"work","primary":true}],`, userName, given, family, number%50)
	return fmt.Appendf(body, `"phoneNumbers":[{"value":"+49 30 %07[1]d","type":"work"},{"value":"+49 170 %07[1]d","type":"mobile"}],`+
		`"addresses":[{"type":"work","streetAddress":"%[2]d High Street","locality":"Berlin","postalCode":"10115","country":"DE"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%06[1]d","department":"%[3]s","costCenter":"CC-%[4]d"}}`,
		number, number%200+1, departments[number%len(departments)], number%40)
}

// appendPatch appends a PatchOp of one operation.
func appendPatch(body []byte, operation string, args ...any) []byte {
	body = append(body, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`...)
	return append(fmt.Appendf(body, operation, args...), "]}"...)
}

// groupOf is the body that creates a group of these people.
func groupOf(name string, people []person) []byte {
	var body bytes.Buffer
	_, _ = fmt.Fprintf(&body, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q,"members":[`, name)
	for i, p := range people {
		if i > 0 {
			_ = body.WriteByte(',')
		}
		_, _ = fmt.Fprintf(&body, `{"value":%q}`, p.id)
	}
	_, _ = body.WriteString("]}")
	return body.Bytes()
}
