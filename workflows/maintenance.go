package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
)

var maintaining *activities.Maintenance

// maintenanceEvery is how often what is past its time is looked for.
const maintenanceEvery = time.Hour

// roundsOfMaintenance is after how many rounds an execution makes way for a new one: a week's.
const roundsOfMaintenance = 7 * 24

// changeExpiringTokens is from when on a round tells of SCIM tokens that will expire.
const changeExpiringTokens = "notice-expiring-tokens"

// changePurgeLogs is from when on a round removes what the sync logs keep no longer.
const changePurgeLogs = "purge-logs"

// purgingTakes bounds the removal of logs; what it has removed by then stays removed.
const purgingTakes = 30 * time.Minute

// Maintenance removes what has been kept long enough, tells of SCIM tokens that will expire, and has
// forgotten mail and events delivered, hour by hour. There is one in an installation.
func Maintenance(ctx workflow.Context) error {
	for range roundsOfMaintenance {
		var purged activities.Purged
		if err := workflow.ExecuteActivity(settling(ctx, "Purge the recycle bins"), maintaining.PurgeRecycleBins).Get(ctx, &purged); err != nil {
			return err
		}
		if workflow.GetVersion(ctx, changeExpiringTokens, workflow.DefaultVersion, 1) != workflow.DefaultVersion {
			if err := workflow.ExecuteActivity(settling(ctx, "Tell of expiring SCIM tokens"), maintaining.NoticeExpiringTokens).Get(ctx, nil); err != nil {
				return err
			}
		}
		if err := workflow.ExecuteActivity(settling(ctx, "Deliver forgotten mail"), maintaining.WakeForgottenMail).Get(ctx, nil); err != nil {
			return err
		}
		var logs activities.PurgedLogs
		purging := workflow.WithStartToCloseTimeout(settling(ctx, "Purge the sync logs"), purgingTakes)
		if workflow.GetVersion(ctx, changePurgeLogs, workflow.DefaultVersion, 1) != workflow.DefaultVersion {
			if err := workflow.ExecuteActivity(purging, maintaining.PurgeLogs).Get(ctx, &logs); err != nil {
				return err
			}
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("Last round: %d users and %d lines of the sync logs purged.", purged.Users, logs.Changes))
		if err := workflow.NewTimerWithOptions(ctx, maintenanceEvery, workflow.TimerOptions{Summary: "Next round"}).Get(ctx, nil); err != nil {
			return err
		}
	}
	return workflow.NewContinueAsNewError(ctx, MaintenanceName)
}
