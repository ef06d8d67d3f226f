package google

import "github.com/rollcall-sync/rollcall/internal/simulate"

// defaultCustomer is the customer of a file that has none, or none with an id.
func defaultCustomer() simulate.Object {
	return simulate.Object(`{"kind":"admin#directory#customer","id":"C01simu7t","customerDomain":"simulated.example",` +
		`"postalAddress":{"organizationName":"Simulated customer"}}`)
}

// otherCustomer is the one that an admin of another organization consents for.
func otherCustomer() simulate.Object {
	return simulate.Object(`{"kind":"admin#directory#customer","id":"C02other9","customerDomain":"brightwater.example",` +
		`"postalAddress":{"organizationName":"Brightwater Ltd","countryCode":"GB"},"customerCreationTime":"2016-02-01T08:00:00.000Z"}`)
}

func getCustomer(c call) ([]byte, error) {
	if err := c.checkCustomer(c.request.PathValue("customerKey")); err != nil {
		return nil, err
	}
	return resource("customer", c.store.customer()), nil
}

func listSchemas(c call) ([]byte, error) {
	all, err := c.schemas()
	if err != nil {
		return nil, err
	}
	items := make([]simulate.Object, len(all))
	for i, schema := range all {
		items[i] = resource("schema", schema)
	}
	return collection("schemas", "schemas", items, nil), nil
}

func getSchema(c call) ([]byte, error) {
	all, err := c.schemas()
	if err != nil {
		return nil, err
	}
	key := c.request.PathValue("schemaKey")
	for _, schema := range all {
		if schema.Text("schemaName") == key || schema.Text("schemaId") == key {
			return resource("schema", schema), nil
		}
	}
	return nil, notFound("schemaKey")
}

func (c call) schemas() (all []simulate.Object, err error) {
	if err := c.checkCustomer(c.request.PathValue("customerId")); err != nil {
		return nil, err
	}
	c.store.Read(func() { all = c.store.schemas })
	return all, nil
}
