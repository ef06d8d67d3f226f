package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	pushedAccount = "Fabrikam on SCIM"
	// pushedPeople are in the demo account that takes pushes; the last two of them are not active.
	pushedPeople   = 25
	pushedInactive = 2
)

const (
	schemaUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	schemaGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// makePushed makes the demo account whose people an identity provider pushes, and is that provider.
func makePushed(ctx context.Context, stack *devstack.Stack) error {
	account, err := stack.NewAccount(ctx, pushedAccount, "owner@fabrikam.example", licences)
	if err != nil {
		return err
	}
	account.Provider = devstack.PushedBySCIM
	var field struct {
		ID string `json:"id"`
	}
	client := stack.Client(account)
	if err := client.Call(ctx, http.MethodPost, "/v1/fields", map[string]any{"name": "Works remotely", "type": directory.Boolean}, &field); err != nil {
		return err
	}
	account.SCIM = new(devstack.SCIM)
	if err := client.Call(ctx, http.MethodPost, "/v1/scim/tokens", map[string]any{"name": "Demo"}, account.SCIM); err != nil {
		return err
	}
	if err := pushPeople(ctx, account, field.ID); err != nil {
		return err
	}
	return stack.AddAccount(account)
}

// pushPeople pushes people, and a group of each department and of all, through SCIM.
func pushPeople(ctx context.Context, account devstack.Account, field string) error {
	type member struct {
		Value string `json:"value"`
	}
	departments := []string{"Engineering", "Sales"}
	groups := map[string][]member{}
	for i := range pushedPeople {
		department := departments[i%len(departments)]
		var user struct {
			ID string `json:"id"`
		}
		if err := account.SCIM.Client().Call(ctx, http.MethodPost, "/Users", pushedUser(i, department, account.ID, field), &user); err != nil {
			return fmt.Errorf("push a user: %w", err)
		}
		for _, name := range []string{department, "Everyone"} {
			groups[name] = append(groups[name], member{user.ID})
		}
	}
	for _, name := range append(departments, "Everyone") {
		group := map[string]any{
			"schemas": []string{schemaGroup}, "displayName": name, "externalId": "fabrikam-" + strings.ToLower(name), "members": groups[name],
		}
		if err := account.SCIM.Client().Call(ctx, http.MethodPost, "/Groups", group, nil); err != nil {
			return fmt.Errorf("push a group: %w", err)
		}
	}
	return nil
}

// pushedUser is the i-th person as an identity provider sends them.
func pushedUser(i int, department, accountID, field string) map[string]any {
	populations := simulate.Populations()
	given, surname, _ := populations[i%len(populations)].Pick(i)
	address := given.Latin + "." + surname.Latin + "@fabrikam.example"
	custom := "urn:rollcall:scim:schemas:extension:" + accountID + ":2:User"
	return map[string]any{
		"schemas": []string{schemaUser, schemaEnterprise, custom}, "externalId": fmt.Sprintf("fabrikam-%03d", i+1), "userName": address,
		"name":   map[string]any{"givenName": given.Written, "familyName": surname.Written},
		"emails": []map[string]any{{"value": address, "type": "work", "primary": true}},
		"active": i < pushedPeople-pushedInactive, schemaEnterprise: map[string]any{"department": department}, custom: map[string]any{field: i%3 == 0},
	}
}

// printPushed says how many people and groups an identity provider has pushed to an account.
func printPushed(ctx context.Context, account devstack.Account, out io.Writer) error {
	var counts [3]int
	for i, query := range []string{"/Users?count=0", "/Users?count=0&filter=active+eq+true", "/Groups?count=0"} {
		var answer struct {
			Total int `json:"totalResults"`
		}
		if err := account.SCIM.Client().Call(ctx, http.MethodGet, query, nil, &answer); err != nil {
			return fmt.Errorf("count what was pushed to %q: %w", account.Name, err)
		}
		counts[i] = answer.Total
	}
	_, _ = fmt.Fprintf(out, "%s: %d people pushed, %d of them active, and %d groups.\n", account.Name, counts[0], counts[1], counts[2])
	return nil
}
