package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	reportedLines = 5   // people and groups that a report names of one kind of error
	reportedText  = 300 // characters of a line
)

// sumProblems adds the errors of the period, grouped by their codes. Who has the same error in several
// runs counts once, with what was said last.
func sumProblems(ctx context.Context, tx *sqlx.Tx, accountID string, report *directory.Report) error {
	var kinds []struct {
		Code     string         `db:"code"`
		People   int            `db:"people"`
		Groups   int            `db:"groups"`
		Remedy   string         `db:"remedy"`
		Labels   pq.StringArray `db:"labels"`
		Messages pq.StringArray `db:"messages"`
	}
	err := tx.SelectContext(ctx, &kinds, `
		WITH told AS (
			SELECT c.id, c.subject, c.label, c.problems, coalesce(c.source_id, c.user_id::text, c.group_id::text, c.label) AS who
			FROM runs r JOIN changes c ON c.run_id = r.id
			WHERE r.account_id = $1 AND r.kind <> 'preview' AND r.finished_at > $2 AND r.finished_at <= $3
			  AND c.outcome IN ('applied', 'failed') AND c.problems IS NOT NULL
			UNION ALL
			SELECT c.id, c.subject, c.label, c.problems, coalesce(c.user_id::text, c.group_id::text, c.label)
			FROM changes c
			WHERE c.account_id = $1 AND c.source = 'scim' AND c.occurred_at > $2 AND c.occurred_at <= $3 AND c.problems IS NOT NULL
		), latest AS (
			SELECT DISTINCT ON (code, who) p->>'code' AS code, who, id, subject, label,
			       coalesce(p->>'message', '') AS message, coalesce(p->>'remedy', '') AS remedy
			FROM told CROSS JOIN LATERAL jsonb_array_elements(problems) p ORDER BY code, who, id DESC
		)
		SELECT code, count(*) FILTER (WHERE subject <> 'group') AS people, count(*) FILTER (WHERE subject = 'group') AS groups,
		       (array_agg(remedy ORDER BY id DESC))[1] AS remedy,
		       (array_agg(label ORDER BY id))[1:$4] AS labels, (array_agg(message ORDER BY id))[1:$4] AS messages
		FROM latest GROUP BY code ORDER BY count(*) DESC, code`, accountID, report.Since, report.Until, reportedLines)
	if err != nil {
		return err
	}
	for i, kind := range kinds {
		if i == shownKinds {
			report.MoreErrors = len(kinds) - shownKinds
			break
		}
		e := directory.ReportedError{Code: kind.Code, People: kind.People, Groups: kind.Groups, Remedy: oneLine(kind.Remedy)}
		for n, label := range kind.Labels {
			e.Lines = append(e.Lines, directory.ReportedLine{Label: oneLine(label), Message: oneLine(kind.Messages[n])})
		}
		report.Errors = append(report.Errors, e)
	}
	return nil
}

// oneLine is a text on one line, without its end where it is long.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > reportedText {
		return string(runes[:reportedText-1]) + "…"
	}
	return text
}
