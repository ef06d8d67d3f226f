package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// accountZone is the time zone in which an account's exports say times.
func (s *api) accountZone(ctx context.Context, accountID string) (*time.Location, error) {
	account, err := s.store.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(account.TimeZone)
	if err != nil {
		return time.UTC, nil
	}
	return zone, nil
}

func changeSheet(w http.ResponseWriter) *sheet {
	return newSheet(w, "sync-log",
		"at", "source", "action", "outcome", "subject_type", "subject_label", "changed",
		"error_code", "error_message", "error_remedy", "run_id", "subject_id", "user_id", "group_id", "source_id", "id")
}

// exportChanges writes all changes that match, one a line, fields by their names.
func (s *api) exportChanges(ctx context.Context, out *sheet, accountID string, filter store.ChangeFilter) error {
	zone, err := s.accountZone(ctx, accountID)
	if err != nil {
		return err
	}
	fields, err := s.store.Fields(ctx, accountID)
	if err != nil {
		return err
	}
	words := newWording(fields)
	return s.store.StreamChanges(ctx, accountID, filter, func(c directory.Change) error {
		var codes, messages, remedies []string
		for _, p := range c.Problems {
			codes, messages, remedies = append(codes, p.Code), append(messages, p.Message), append(remedies, p.Remedy)
		}
		return out.line(
			c.OccurredAt.In(zone).Format(time.RFC3339), string(c.Source), string(c.Action), string(c.Outcome), string(c.Subject), c.Label,
			words.difference(c.Before, c.After),
			strings.Join(codes, "; "), strings.Join(messages, "; "), strings.Join(remedies, "; "),
			text(c.RunID), text(showSubject(c).ID), text(c.UserID), text(c.GroupID), text(c.SourceID), strconv.FormatInt(c.ID, 10),
		)
	})
}

func runSheet(w http.ResponseWriter) *sheet {
	return newSheet(w, "sync-history",
		"started_at", "finished_at", "seconds", "kind", "trigger", "requested_by", "status", "reason", "mode",
		"fetched", "created", "updated", "unchanged", "adopted", "deactivated", "reactivated", "deleted", "failed",
		"groups_fetched", "groups_created", "groups_updated", "groups_deleted",
		"memberships_fetched", "memberships_added", "memberships_removed", "memberships_parked", "memberships_skipped",
		"number", "id", "configuration_id", "temporal_url")
}

// exportRuns writes all runs that match, one a line.
func (s *api) exportRuns(ctx context.Context, out *sheet, accountID string, filter store.RunFilter) error {
	zone, err := s.accountZone(ctx, accountID)
	if err != nil {
		return err
	}
	filter.Limit, filter.Cursor = runsAtOnce, ""
	for {
		page, err := s.store.Runs(ctx, accountID, filter)
		if err != nil {
			return err
		}
		for _, r := range page.Items {
			if err := out.line(s.runCells(r, zone)...); err != nil {
				return err
			}
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return nil
		}
	}
}

// runsAtOnce is how many runs an export reads at a time.
const runsAtOnce = 500

func (s *api) runCells(r directory.Run, zone *time.Location) []string {
	finished, seconds := "", ""
	if r.FinishedAt != nil {
		finished = r.FinishedAt.In(zone).Format(time.RFC3339)
		seconds = strconv.FormatFloat(r.FinishedAt.Sub(r.StartedAt).Seconds(), 'f', 1, 64)
	}
	cells := []string{
		r.StartedAt.In(zone).Format(time.RFC3339), finished, seconds, string(r.Kind), string(r.Trigger), r.RequestedBy,
		string(r.Status), r.Reason, string(r.Mode),
	}
	c := r.Counts
	for _, n := range []int{
		c.Fetched, c.Created, c.Updated, c.Unchanged, c.Adopted, c.Deactivated, c.Reactivated, c.Deleted, c.Failed,
		c.GroupsFetched, c.GroupsCreated, c.GroupsUpdated, c.GroupsDeleted,
		c.MembershipsFetched, c.MembershipsAdded, c.MembershipsRemoved, c.MembershipsParked, c.MembershipsSkipped,
		r.Number,
	} {
		cells = append(cells, strconv.Itoa(n))
	}
	return append(cells, r.ID, r.ConfigurationID, s.admin.TemporalURL(r))
}
