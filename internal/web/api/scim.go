package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web/scim"
)

// SCIMTokenInfo is a token of a SCIM client as the API shows it after it was made.
type SCIMTokenInfo struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	BaseURL    string     `json:"base_url" doc:"Where the client sends its requests."`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at" doc:"Null: in force until it is revoked."`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To the minute."`
	RevokedAt  *time.Time `json:"revoked_at"`
}

type freshSCIMToken struct {
	SCIMTokenInfo
	Token string `json:"token" doc:"The token itself. It is shown this once."`
}

type newSCIMToken struct {
	Body struct {
		Name      string     `json:"name" doc:"Which client has it, for example Okta."`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"RFC 3339. The admins are told two weeks before. Without it, the token is in force until it is revoked."`
	}
}

type scimGuard struct {
	MaxRemovals       int                  `json:"max_removals" doc:"How many users may be taken out within the window."`
	MaxRemovalPercent int                  `json:"max_removal_percent" doc:"Which share of the users may be; counts from five users on."`
	WindowDays        int                  `json:"window_days"`
	State             directory.GuardState `json:"state" enum:"open,held,approved" doc:"held: removals are refused until an admin approves. approved: all pass, until approved_until."`
	HeldAt            *time.Time           `json:"held_at"`
	ApprovedUntil     *time.Time           `json:"approved_until" doc:"Of the last approval."`
	ApprovedBy        *string              `json:"approved_by"`
	Removals          int                  `json:"removals" doc:"Users taken out within the window, without those that an approval covers."`
	WaitingTotal      int                  `json:"waiting_total"`
	Waiting           []heldRemoval        `json:"waiting" doc:"Whom a client wanted out since, the longest waiting first, at most 500. After an approval the client has to ask again."`
}

type heldRemoval struct {
	UserID string           `json:"user_id"`
	Label  string           `json:"label"`
	Action directory.Action `json:"action" enum:"deactivate,delete"`
	Since  time.Time        `json:"since"`
}

type scimGuardPatch struct {
	Body struct {
		MaxRemovals       *int `json:"max_removals,omitempty" minimum:"0" maximum:"100000000"`
		MaxRemovalPercent *int `json:"max_removal_percent,omitempty" minimum:"0" maximum:"100"`
		WindowDays        *int `json:"window_days,omitempty" minimum:"1" maximum:"90"`
	}
}

func (s *api) scimRoutes() {
	route(s, "GET /v1/scim/tokens", "The tokens of the account's SCIM clients", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[SCIMTokenInfo]], error) {
		tokens, err := s.store.SCIMTokens(ctx, who.AccountID)
		return listed(tokens, err, s.showSCIMToken)
	})
	route(s, "POST /v1/scim/tokens", "Make a token for a SCIM client; the first one turns SCIM on", func(ctx context.Context, who directory.Principal, in *newSCIMToken) (*body[freshSCIMToken], error) {
		t, secret, err := s.admin.CreateSCIMToken(ctx, who, in.Body.Name, in.Body.ExpiresAt)
		return shown(t, err, func(t directory.SCIMToken) freshSCIMToken { return freshSCIMToken{s.showSCIMToken(t), secret} })
	}, status(http.StatusCreated))
	route(s, "DELETE /v1/scim/tokens/{id}", "Revoke a token; without one in force, SCIM is off and all users stay", func(ctx context.Context, who directory.Principal, in *byID) (*none, error) {
		return nil, s.store.RevokeSCIMToken(ctx, who.AccountID, in.ID)
	}, status(http.StatusNoContent))
	route(s, "GET /v1/scim/guard", "The guard on the users that SCIM clients take out", func(ctx context.Context, who directory.Principal, _ *none) (*body[scimGuard], error) {
		g, err := s.store.SCIMGuard(ctx, who.AccountID)
		return shown(g, err, showSCIMGuard)
	})
	route(s, "PATCH /v1/scim/guard", "Change thresholds of the guard", func(ctx context.Context, who directory.Principal, in *scimGuardPatch) (*body[scimGuard], error) {
		g, err := s.store.UpdateSCIMGuard(ctx, who.AccountID, store.SCIMGuardPatch(in.Body))
		return shown(g, err, showSCIMGuard)
	})
	route(s, "POST /v1/scim/guard/approve", "Let the removals that the guard holds pass, for the days of its window", func(ctx context.Context, who directory.Principal, _ *none) (*body[scimGuard], error) {
		g, err := s.store.ApproveSCIMRemovals(ctx, who.AccountID, who.Name)
		return shown(g, err, showSCIMGuard)
	})
}

func (s *api) showSCIMToken(t directory.SCIMToken) SCIMTokenInfo {
	return SCIMTokenInfo{
		ID: t.ID, Name: t.Name, BaseURL: strings.TrimSuffix(s.admin.PublicURL, "/") + scim.Root, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt,
		ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt,
	}
}

func showSCIMGuard(g directory.SCIMGuard) scimGuard {
	out := scimGuard{
		MaxRemovals: g.MaxRemovals, MaxRemovalPercent: g.MaxRemovalPercent, WindowDays: g.WindowDays,
		State: g.State, HeldAt: g.HeldAt, ApprovedUntil: g.ApprovedUntil, ApprovedBy: g.ApprovedBy,
		Removals: g.Removals, WaitingTotal: g.Held, Waiting: make([]heldRemoval, 0, len(g.Waiting)),
	}
	for _, w := range g.Waiting {
		out.Waiting = append(out.Waiting, heldRemoval(w))
	}
	return out
}
