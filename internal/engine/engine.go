// Package engine is the one place where a Temporal client is made, and where the names that this service uses in Temporal
// are written down. It knows nothing of what the workflows do.
package engine

import "go.temporal.io/sdk/temporal"

// Names in Temporal. Scripts and running workflows rely on them: never rename.
const (
	Namespace = "rollcall"
	TaskQueue = "rollcall"
	// WebhookTaskQueue is for calls of receivers that may hang: they take no slot from anything else.
	WebhookTaskQueue = "rollcall-webhooks"
)

// Search attributes, all of type Keyword, by which the Web UI and scripts find workflows. Never rename them.
var (
	RollcallAccount       = temporal.NewSearchAttributeKeyKeyword("RollcallAccount")
	RollcallConfiguration = temporal.NewSearchAttributeKeyKeyword("RollcallConfiguration")
	RollcallProvider      = temporal.NewSearchAttributeKeyKeyword("RollcallProvider")
	RollcallTrigger       = temporal.NewSearchAttributeKeyKeyword("RollcallTrigger")
	RollcallStatus        = temporal.NewSearchAttributeKeyKeyword("RollcallStatus")
)

// SearchAttributes lists the names of all search attributes.
func SearchAttributes() []string {
	return []string{
		RollcallAccount.GetName(), RollcallConfiguration.GetName(), RollcallProvider.GetName(),
		RollcallTrigger.GetName(), RollcallStatus.GetName(),
	}
}
