package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// Licences of the accounts that dev makes: enough for whatever is generated.
const licences = 2_000_000

// makeAccounts makes the accounts of a first start; a later one finds them.
func makeAccounts(ctx context.Context, stack *devstack.Stack, demo bool, out io.Writer) error {
	if len(stack.Accounts()) > 0 {
		return nil
	}
	if !demo {
		account, err := stack.NewAccount(ctx, "Empty", "owner@empty.example", licences)
		if err != nil {
			return fmt.Errorf("make an empty account: %w", err)
		}
		return stack.AddAccount(account)
	}
	_, _ = fmt.Fprintln(out, "Making the demo account and connecting it to the simulated Entra tenant …")
	account, err := stack.NewAccount(ctx, "Demo on Entra", "owner@demo.example", licences)
	if err != nil {
		return fmt.Errorf("make the demo account: %w", err)
	}
	account.Provider = "entra"
	if account.ConfigurationID, err = configure(ctx, stack, account); err != nil {
		return fmt.Errorf("configure the demo account: %w", err)
	}
	return stack.AddAccount(account)
}

// configure makes custom fields, connects the tenant and saves a configuration, whose first run
// starts at once.
func configure(ctx context.Context, stack *devstack.Stack, account devstack.Account) (string, error) {
	client := stack.Client(account)
	mappings := []map[string]any{}
	for _, custom := range []struct{ name, kind, source string }{
		{"Job title", "text", "jobTitle"}, {"Department", "text", "department"}, {"Phone", "text", "mobilePhone"}, {"Joining date", "date", "employeeHireDate"},
	} {
		var field struct {
			ID string `json:"id"`
		}
		if err := client.Call(ctx, http.MethodPost, "/v1/fields", map[string]string{"name": custom.name, "type": custom.kind}, &field); err != nil {
			return "", err
		}
		mappings = append(mappings, map[string]any{"source": custom.source, "target": field.ID, "sync_updates": true})
	}
	connection, err := stack.ConnectEntra(ctx, account)
	if err != nil {
		return "", err
	}
	var configuration struct {
		ID string `json:"id"`
	}
	err = client.Call(ctx, http.MethodPost, "/v1/configurations", map[string]any{
		"name": "Contoso staff", "connection_id": connection, "scope": map[string]string{"kind": "all_users"}, "mappings": mappings,
		"schedule":         map[string]string{"weekday": "monday", "time": "02:00", "time_zone": "Europe/Berlin"},
		"on_source_delete": "deactivate",
	}, &configuration)
	return configuration.ID, err
}
