package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	// licences of the accounts that dev makes: enough for whatever is generated.
	licences = 2_000_000
	// chosenGroups is how many groups of its tenant a demo account syncs.
	chosenGroups = 10
)

// demo is a demo account: a company whose people are in a directory of the provider.
type demo struct {
	provider      directory.Provider
	account       string
	owner         string
	configuration string
	timeZone      string
	fields        []demoField
}

// demoField is a custom field. Its source is the first attribute of its type with a path that begins
// with one of the prefixes, the earlier the better; without one the field is left out.
type demoField struct {
	name     string
	kind     directory.FieldType
	prefixes []string
}

func demos() []demo {
	return []demo{
		{directory.Entra, "Contoso on Entra", "owner@contoso.example", "Contoso staff", "Europe/Berlin", []demoField{
			{"Job title", directory.Text, []string{"jobTitle"}},
			{"Department", directory.Text, []string{"department"}},
			{"Phone", directory.Text, []string{"mobilePhone"}},
			{"Joining date", directory.Date, []string{"employeeHireDate"}},
			{"Works remotely", directory.Boolean, []string{"extension_", "accountEnabled"}},
		}},
		{directory.Google, "Adatum on Google", "owner@adatum.example", "Adatum staff", "America/New_York", []demoField{
			{"Job title", directory.Text, []string{"organizations.title"}},
			{"Department", directory.Text, []string{"organizations.department"}},
			{"Phone", directory.Text, []string{"phones.value"}},
			{"Joining date", directory.Date, []string{"customSchemas."}},
			{"Works remotely", directory.Boolean, []string{"customSchemas.", "isEnrolledIn2Sv"}},
		}},
	}
}

// makeAccounts makes the accounts of a first start; a later one finds them.
func makeAccounts(ctx context.Context, stack *devstack.Stack, wanted bool, out io.Writer) error {
	if !wanted {
		return makeEmptyAccount(ctx, stack)
	}
	there := func(provider directory.Provider) bool {
		return slices.ContainsFunc(stack.Accounts(), func(a devstack.Account) bool { return a.Provider == provider })
	}
	for _, d := range demos() {
		if there(d.provider) {
			continue
		}
		_, _ = fmt.Fprintf(out, "Making the account %q and connecting it to the simulated tenant of %s …\n", d.account, d.provider.Title())
		if err := d.make(ctx, stack); err != nil {
			return fmt.Errorf("make the account %q: %w", d.account, err)
		}
	}
	if there(devstack.PushedBySCIM) {
		return nil
	}
	_, _ = fmt.Fprintf(out, "Making the account %q and pushing people into it through SCIM …\n", pushedAccount)
	if err := makePushed(ctx, stack); err != nil {
		return fmt.Errorf("make the account %q: %w", pushedAccount, err)
	}
	return nil
}

func makeEmptyAccount(ctx context.Context, stack *devstack.Stack) error {
	if len(stack.Accounts()) > 0 {
		return nil
	}
	account, err := stack.NewAccount(ctx, "Empty", "owner@empty.example", licences)
	if err != nil {
		return fmt.Errorf("make an empty account: %w", err)
	}
	return stack.AddAccount(account)
}

// make makes the account, connects it and saves its configuration, whose first run starts at once.
func (d demo) make(ctx context.Context, stack *devstack.Stack) error {
	account, err := stack.NewAccount(ctx, d.account, d.owner, licences)
	if err != nil {
		return err
	}
	account.Provider = d.provider
	connection, err := stack.Connect(ctx, account, d.provider)
	if err != nil {
		return err
	}
	if account.ConfigurationID, err = d.configure(ctx, stack.Client(account), connection); err != nil {
		return err
	}
	return stack.AddAccount(account)
}

func (d demo) configure(ctx context.Context, client devstack.Client, connection string) (string, error) {
	mappings, err := d.mapFields(ctx, client, connection)
	if err != nil {
		return "", err
	}
	groups, err := chooseGroups(ctx, client, connection)
	if err != nil {
		return "", err
	}
	var configuration struct {
		ID string `json:"id"`
	}
	err = client.Call(ctx, http.MethodPost, "/v1/configurations", map[string]any{
		"name": d.configuration, "connection_id": connection, "mappings": mappings, "groups": groups,
		"scope":            directory.Scope{Kind: directory.AllUsers},
		"schedule":         map[string]string{"weekday": "monday", "time": "02:00", "time_zone": d.timeZone},
		"on_source_delete": directory.DeactivateUser,
	}, &configuration)
	return configuration.ID, err
}

// mapFields makes the custom fields for which the tenant has an attribute.
func (d demo) mapFields(ctx context.Context, client devstack.Client, connection string) ([]directory.Mapping, error) {
	var attributes struct {
		Items []directory.Attribute `json:"items"`
	}
	if err := client.Call(ctx, http.MethodGet, "/v1/connections/"+connection+"/attributes", nil, &attributes); err != nil {
		return nil, err
	}
	var mappings []directory.Mapping
	for _, wanted := range d.fields {
		source, ok := wanted.source(attributes.Items)
		if !ok {
			continue
		}
		var field struct {
			ID string `json:"id"`
		}
		if err := client.Call(ctx, http.MethodPost, "/v1/fields", map[string]any{"name": wanted.name, "type": wanted.kind}, &field); err != nil {
			return nil, err
		}
		mappings = append(mappings, directory.Mapping{Source: source, Target: field.ID, SyncUpdates: true})
	}
	return mappings, nil
}

func (f demoField) source(attributes []directory.Attribute) (path string, ok bool) {
	for _, prefix := range f.prefixes {
		for _, a := range attributes {
			if strings.HasPrefix(a.Path, prefix) && a.Type == f.kind {
				return a.Path, true
			}
		}
	}
	return "", false
}

// chooseGroups chooses the first groups that the tenant lists.
func chooseGroups(ctx context.Context, client devstack.Client, connection string) (directory.GroupSync, error) {
	var groups struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	err := client.Call(ctx, http.MethodGet, fmt.Sprintf("/v1/connections/%s/groups?limit=%d", connection, chosenGroups), nil, &groups)
	var chosen directory.GroupSync
	for _, group := range groups.Items[:min(len(groups.Items), chosenGroups)] {
		chosen.Enabled, chosen.GroupIDs = true, append(chosen.GroupIDs, group.ID)
	}
	return chosen, err
}
