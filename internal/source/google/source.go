package google

import (
	"context"
	"encoding/json"
	"sync"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// myCustomer stands for the customer that the consent is about.
const myCustomer = "my_customer"

// maxUsers is the largest page of users that the API gives.
const maxUsers = 500

// tenant is one customer of Google Workspace as a source.
type tenant struct {
	id     string // as the connection knows it; empty before it does
	client *client

	mu     sync.Mutex
	custom map[string]directory.FieldType // what schemaTypes has read
}

// Tenant reads the customer. Another id than the connection's is a directory.CodeTenantChanged error;
// whoever gave consent and may not read the customer is directory.CodeNotAdministrator.
// Its domains are the primary one alone: to list the others takes a further permission.
func (t *tenant) Tenant(ctx context.Context) (directory.Tenant, error) {
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := t.client.api.Customers.Get(myCustomer).Fields("id,customerDomain,postalAddress/organizationName").Context(ctx).Do()
		return err
	})
	if err != nil {
		return directory.Tenant{}, ofCustomer(err)
	}
	found, err := decodeCustomer(body)
	if err != nil {
		return directory.Tenant{}, err
	}
	if t.id != "" && found.ID != t.id {
		return directory.Tenant{}, permanent(directory.CodeTenantChanged,
			"The connection answers for another Google Workspace account than the one that gave consent.",
			"Connect the account that is meant anew.", nil)
	}
	return found, nil
}

// Attributes is the catalogue of attributes of a user, and the fields of the customer's own schemas.
func (t *tenant) Attributes(ctx context.Context) ([]directory.Attribute, error) {
	custom, err := t.customAttributes(ctx)
	if err != nil {
		return nil, err
	}
	return append(attributes(), custom...), nil
}

// Users reads a page. The cursor is the API's page token, which is good for three days.
func (t *tenant) Users(ctx context.Context, cursor string, paths []string, size int) (source.Page, error) {
	read, err := t.parsePaths(ctx, paths)
	if err != nil {
		return source.Page{}, err
	}
	call := t.client.api.Users.List().Customer(myCustomer).MaxResults(pageSize(size, maxUsers)).Projection(projection(read)).
		Fields(googleapi.Field("nextPageToken,users(" + selection(read) + ")"))
	if cursor != "" {
		call.PageToken(cursor)
	}
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := call.Context(ctx).Do()
		return err
	})
	if err != nil {
		return source.Page{}, err
	}
	return decodeUsers(body, read)
}

// CountUsers is 0: the API announces no number of users.
func (t *tenant) CountUsers(context.Context) (int, error) { return 0, nil }

// User reads one user by id.
func (t *tenant) User(ctx context.Context, id string, paths []string) (source.Record, error) {
	if id == "" {
		return source.Record{}, directory.NotFound("user")
	}
	read, err := t.parsePaths(ctx, paths)
	if err != nil {
		return source.Record{}, err
	}
	body, err := t.client.get(ctx, func(ctx context.Context) error {
		_, err := t.client.api.Users.Get(id).Projection(projection(read)).Fields(googleapi.Field(selection(read))).Context(ctx).Do()
		return err
	})
	if isGone(err) || isDeleted(err) {
		return source.Record{}, directory.NotFound("user")
	}
	if err != nil {
		return source.Record{}, err
	}
	var user map[string]json.RawMessage
	if err := decode(body, &user); err != nil {
		return source.Record{}, err
	}
	return newRecord(user, read)
}

func pageSize(wanted, largest int) int64 {
	if wanted <= 0 || wanted > largest {
		return int64(largest)
	}
	return int64(wanted)
}

func decodeCustomer(body []byte) (directory.Tenant, error) {
	var customer struct {
		ID      string `json:"id"`
		Domain  string `json:"customerDomain"`
		Address struct {
			Organization string `json:"organizationName"`
		} `json:"postalAddress"`
	}
	if err := decode(body, &customer); err != nil {
		return directory.Tenant{}, err
	}
	if customer.ID == "" {
		return directory.Tenant{}, malformed("a customer without an id")
	}
	found := directory.Tenant{ID: customer.ID, Name: customer.Address.Organization, Domains: []string{}}
	if customer.Domain != "" {
		found.Domains = append(found.Domains, customer.Domain)
	}
	if found.Name == "" {
		found.Name = customer.Domain
	}
	return found, nil
}
