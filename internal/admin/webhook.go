package admin

import (
	"context"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/webhook"
	"github.com/rollcall-sync/rollcall/workflows"
)

// CreateWebhook has the events after a position sent to a URL, and returns the secret of their
// signatures, which nobody can read again.
func (a *Admin) CreateWebhook(ctx context.Context, who directory.Principal, url string, position int64) (directory.Webhook, string, error) {
	if err := a.checkWebhookURL("No webhook was made.", url); err != nil {
		return directory.Webhook{}, "", err
	}
	id, secret := uuid.Must(uuid.NewV7()).String(), webhook.NewSecret()
	made, err := a.Store.CreateWebhook(ctx, store.NewWebhook{
		ID: id, AccountID: who.AccountID, URL: url, Secret: a.Keyring.Seal([]byte(secret), webhook.SealContext(id)), Position: position, CreatedBy: who.Name,
	})
	if err != nil {
		return directory.Webhook{}, "", err
	}
	a.Wake(ctx, who.AccountID)
	return made, secret, nil
}

// UpdateWebhook changes a webhook. One that is enabled then is tried at once, and another one no more.
func (a *Admin) UpdateWebhook(ctx context.Context, who directory.Principal, id string, patch store.WebhookPatch) (directory.Webhook, error) {
	if patch.URL != nil {
		if err := a.checkWebhookURL("The webhook was not changed.", *patch.URL); err != nil {
			return directory.Webhook{}, err
		}
	}
	changed, err := a.Store.UpdateWebhook(ctx, who.AccountID, id, patch)
	if err != nil {
		return directory.Webhook{}, err
	}
	if changed.State == directory.WebhookDisabled {
		a.endDeliveries(ctx, id)
	} else {
		a.Wake(ctx, who.AccountID)
	}
	return changed, nil
}

// DeleteWebhook has no more events sent to a webhook.
func (a *Admin) DeleteWebhook(ctx context.Context, who directory.Principal, id string) error {
	if err := a.Store.DeleteWebhook(ctx, who.AccountID, id); err != nil {
		return err
	}
	a.endDeliveries(ctx, id)
	return nil
}

// endDeliveries has the workflow of a webhook see that it is to end. Should Temporal be away, it sees so
// before its next try.
func (a *Admin) endDeliveries(ctx context.Context, id string) {
	err := a.Temporal.SignalWorkflow(ctx, workflows.WebhookDeliveryID(id), "", workflows.SignalEventsWaiting, nil)
	if err != nil && !gone(err) {
		a.Log.WarnContext(ctx, "deliveries of a webhook end later", "webhook", id, "error", err)
	}
}

func (a *Admin) checkWebhookURL(sentence, url string) error {
	if wrong := webhook.CheckURL(url, a.PrivateWebhooks); wrong != "" {
		return invalid(sentence, []directory.FieldError{{Field: "url", Message: wrong}})
	}
	return nil
}
