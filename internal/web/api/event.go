package api

import (
	"context"
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// events is a stretch of the feed.
type events struct {
	Items []directory.Event `json:"items"`
	Next  string            `json:"next" doc:"The position to ask with next, now or later: never empty."`
}

type eventQuery struct {
	After string `query:"after" maxLength:"20" doc:"The next of the previous stretch; left out, the feed begins with what the log still has; latest is its present end, without events."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many events at most."`
}

func (s *api) eventRoutes() {
	route(s, "GET /v1/events", "What has happened to users, groups and memberships, in order", func(ctx context.Context, who directory.Principal, in *eventQuery) (*body[events], error) {
		after, err := s.eventPosition(ctx, who.AccountID, in.After)
		if err != nil {
			return nil, err
		}
		if in.After == latest {
			return &body[events]{events{Items: []directory.Event{}, Next: showPosition(after)}}, nil
		}
		found, err := s.store.Events(ctx, who.AccountID, after, in.Limit)
		if err != nil {
			return nil, err
		}
		return &body[events]{events{Items: found.Items, Next: showPosition(found.Next)}}, nil
	})
}

// latest stands for the end of the feed as it is now.
const latest = "latest"

// eventPosition is the position that the feed goes on after, of how a request says it.
func (s *api) eventPosition(ctx context.Context, accountID, after string) (int64, error) {
	if after == "" || after == latest {
		span, err := s.store.EventSpan(ctx, accountID)
		if after == "" {
			return span.First, err
		}
		return span.Last, err
	}
	position, err := strconv.ParseInt(after, 10, 64)
	if err != nil || position < 0 {
		return 0, &directory.Error{
			Kind: directory.KindMalformed, Code: "position_invalid", Message: "The position is none that the feed of events gave.",
			Remedy: "Ask with the next of an answer, with latest, or without after.",
		}
	}
	return position, nil
}

func showPosition(position int64) string { return strconv.FormatInt(position, 10) }
