package admin

import (
	"context"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// CreateToken makes an API token and returns its secret, which nobody can read again. Nobody
// gives a token a role above their own.
func (a *Admin) CreateToken(ctx context.Context, who directory.Principal, name, roleID string) (directory.Token, string, error) {
	if rank(roleID) > rank(who.RoleID) {
		return directory.Token{}, "", aboveOwnRole("give a token the role " + roleID)
	}
	roles, err := a.Store.Roles(ctx, who.AccountID)
	if err != nil {
		return directory.Token{}, "", err
	}
	known := false
	for _, r := range roles {
		known = known || r.ID == roleID
	}
	if !known {
		return directory.Token{}, "", invalid("No token was made.", []directory.FieldError{{Field: "role", Message: "There is no such role in this account."}})
	}
	var secret string
	token, err := named(name, func(name string) (t directory.Token, err error) {
		t, secret, err = a.Store.CreateToken(ctx, who.AccountID, name, roleID)
		return t, err
	})
	return token, secret, err
}

// RevokeToken takes a token back. Nobody revokes a token of a role above their own.
func (a *Admin) RevokeToken(ctx context.Context, who directory.Principal, id string) error {
	tokens, err := a.Store.Tokens(ctx, who.AccountID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(tokens, func(t directory.Token) bool { return t.ID == id })
	if i < 0 {
		return directory.NotFound("token")
	}
	if rank(tokens[i].RoleID) > rank(who.RoleID) {
		return aboveOwnRole("revoke a token of the role " + tokens[i].RoleID)
	}
	return a.Store.RevokeToken(ctx, who.AccountID, id)
}

func aboveOwnRole(what string) *directory.Error {
	return &directory.Error{
		Kind: directory.KindForbidden, Code: "role_forbidden",
		Message: "You may not " + what + ": it is above your own.", Remedy: "Ask somebody who has that role.",
	}
}

// rank orders the built-in roles by what they may do.
func rank(roleID string) int {
	return slices.Index([]string{directory.RoleUserAdmin, directory.RoleSuperAdmin, directory.RoleAccountOwner}, roleID)
}
