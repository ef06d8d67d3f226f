package api

import (
	"context"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type notification struct {
	ID        string                     `json:"id"`
	Kind      directory.NotificationKind `json:"kind" enum:"run_failed,run_partial,run_awaiting_approval,admin_left,licences_exhausted,licence_granted,scim_removals_held,scim_token_expiring,scim_errors,webhook_failing"`
	RunID     *string                    `json:"run_id" doc:"The run that it is about, if any."`
	Title     string                     `json:"title"`
	Message   string                     `json:"message" doc:"What happened and what to do: plain text, one paragraph a line."`
	CreatedAt time.Time                  `json:"created_at"`
	ReadAt    *time.Time                 `json:"read_at" doc:"Null until read."`
}

type notificationQuery struct {
	Unread bool `query:"unread" doc:"Only those that were not read yet."`
	Paging
}

// notificationRoutes are about the user whom the token belongs to. A token that belongs to none has
// no notifications.
func (s *api) notificationRoutes() {
	route(s, "GET /v1/notifications", "What the user of the token was told, newest first", func(ctx context.Context, who directory.Principal, in *notificationQuery) (*body[list[notification]], error) {
		if who.UserID == "" {
			return listed(nil, nil, showNotification)
		}
		page, err := s.store.Notifications(ctx, who.AccountID, who.UserID, store.NotificationFilter{Unread: in.Unread, Limit: in.Limit, Cursor: in.Cursor})
		return paged(page, err, showNotification)
	}, forEveryRole)
	route(s, "POST /v1/notifications/{id}/read", "Note that a notification was read", func(ctx context.Context, who directory.Principal, in *byID) (*body[notification], error) {
		if who.UserID == "" {
			return nil, directory.NotFound("notification")
		}
		n, err := s.store.ReadNotification(ctx, who.AccountID, who.UserID, in.ID)
		return shown(n, err, showNotification)
	}, forEveryRole)
}

func showNotification(n directory.Notification) notification {
	return notification{
		ID: n.ID, Kind: n.Kind, RunID: n.RunID, Title: n.Title, Message: n.Message, CreatedAt: n.CreatedAt, ReadAt: n.ReadAt,
	}
}
