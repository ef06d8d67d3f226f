package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	shownKinds   = 10 // kinds of error in a notice
	shownLeavers = 20 // admins in a notice
)

// errorKind is one kind of error of a run: on how many records, and what to do about it.
type errorKind struct {
	Code   string `db:"code"`
	Count  int    `db:"count"`
	Remedy string `db:"remedy"`
}

// errorSum is the errors of a run; kinds are the most frequent ones, at most shownKinds, of all.
type errorSum struct {
	records int
	all     int
	kinds   []errorKind
}

// sumErrors groups the errors of a run by their codes. Remedies name no person, so it tells of
// none.
func sumErrors(ctx context.Context, tx *sqlx.Tx, runID string) (errorSum, error) {
	var sum errorSum
	err := tx.SelectContext(ctx, &sum.kinds, `
		SELECT p->>'code' AS code, count(DISTINCT c.id) AS count, coalesce((array_agg(p->>'remedy' ORDER BY c.id))[1], '') AS remedy
		FROM changes c CROSS JOIN LATERAL jsonb_array_elements(c.problems) p
		WHERE c.run_id = $1 AND c.outcome IN ('applied', 'failed')
		GROUP BY 1 ORDER BY 2 DESC, 1`, runID)
	if err != nil {
		return sum, err
	}
	sum.all = len(sum.kinds)
	sum.kinds = sum.kinds[:min(sum.all, shownKinds)]
	err = tx.GetContext(ctx, &sum.records, `
		SELECT count(*) FROM changes WHERE run_id = $1 AND outcome IN ('applied', 'failed') AND problems IS NOT NULL`, runID)
	return sum, err
}

// name is the name of the run's configuration, quoted, with its tenant.
func (r noticedRun) name() string {
	name := fmt.Sprintf("“%s”", r.Settings.Name)
	if r.Tenant != "" {
		name += " (" + r.Tenant + ")"
	}
	return name
}

// runWords are how the notices of a run speak of it.
type runWords struct {
	title string // how a title begins, before the name of the configuration
	of    string // the subject of a sentence
	taken string // what was done with records
	again string // what to do once the cause of a failure was put right
	fix   string // what to do about errors
}

func (r noticedRun) words() runWords {
	if r.Kind == directory.KindUndo {
		return runWords{
			title: "An undo of the directory sync", of: fmt.Sprintf("Run %d, an undo of the directory sync %s,", r.Number, r.name()),
			taken: "put back", again: "undo again", fix: ", and say what to do about it.",
		}
	}
	return runWords{
		title: "The directory sync", of: fmt.Sprintf("Run %d of the directory sync %s", r.Number, r.name()),
		taken: "taken over", again: "sync again", fix: ". Correct them, then sync again.",
	}
}

func failedText(r noticedRun) (title, message string) {
	reason := r.Reason
	if reason == "" {
		reason = "No reason is known."
	}
	words := r.words()
	return fmt.Sprintf("%s “%s” failed", words.title, r.Settings.Name), lines(
		words.of+" failed.",
		reason,
		fmt.Sprintf("What to do: put right what is said above, then %s. What the run had not changed by then stays as it was.", words.again))
}

func partialText(r noticedRun, sum errorSum) (title, message string) {
	words := r.words()
	text := []string{fmt.Sprintf("%s is complete, but %s an error. Everything else was %s.", words.of, plural(sum.records, "record has", "records have"), words.taken)}
	for _, kind := range sum.kinds {
		text = append(text, fmt.Sprintf("%s: %s. %s", plural(kind.Count, "record", "records"), strings.ReplaceAll(kind.Code, "_", " "), kind.Remedy))
	}
	if more := sum.all - len(sum.kinds); more > 0 {
		text = append(text, fmt.Sprintf("And %s.", plural(more, "more kind of error", "more kinds of error")))
	}
	text = append(text, "What to do: the changes of the run in the sync history name each record"+words.fix)
	return fmt.Sprintf("%s “%s” had errors", words.title, r.Settings.Name), lines(text...)
}

func heldText(r noticedRun) (title, message string) {
	words := r.words()
	return fmt.Sprintf("%s “%s” awaits approval", words.title, r.Settings.Name), lines(
		words.of+" has stopped before it changed anything.",
		r.Reason,
		"What to do: look at the planned changes of the run, then approve or reject it. Until then all users stay as they are.")
}

// leaver is an admin who was taken out, or is none any more. fate is what was done with them, after "was".
type leaver struct {
	Label string `db:"label"`
	Role  string `db:"role"`
	Fate  string `db:"fate"`
}

func leaversText(by string, leavers []leaver) (title, message string) {
	var text []string
	for _, l := range leavers[:min(len(leavers), shownLeavers)] {
		text = append(text, fmt.Sprintf("%s, %s, was %s by %s.", l.Label, strings.ToLower(l.Role), l.Fate, by))
	}
	if more := len(leavers) - shownLeavers; more > 0 {
		text = append(text, fmt.Sprintf("So were %s.", plural(more, "more admin", "more admins")))
	}
	text = append(text, "What to do: if this is not as it should be, activate or restore the user, or give them their role back. Otherwise check that enough admins are left.")
	if len(leavers) == 1 {
		return "An admin has left: " + leavers[0].Label, lines(text...)
	}
	return fmt.Sprintf("%d admins have left", len(leavers)), lines(text...)
}

func exhaustedText() (title, message string) {
	return "All licences are in use", lines(
		"Somebody wants to come in, but all licences of the account are in use. They are on the waiting list.",
		"What to do: deactivate users who need no licence, or buy more licences. Who waits gets the next free one, in the order in which they came.")
}

func grantedText() (title, message string) {
	return "You have a licence now", lines(
		"A licence has become free and is yours: your account is active.",
		"What to do: nothing more; you can sign in now.")
}

func scimHeldText(client string, removals int, g directory.Guard) (title, message string) {
	return "SCIM removals await approval", lines(
		fmt.Sprintf("The SCIM client “%s” would take out %s within %s. The guard lets pass at most %d, and at most %d %% of the users.",
			client, plural(removals, "user", "users"), plural(g.WindowDays, "day", "days"), g.MaxRemovals, g.MaxRemovalPercent),
		"From now on Rollcall refuses to deactivate or delete users through SCIM. New users and other changes still pass.",
		"What to do: look at who is to leave. If that is right, approve the removals, and the identity provider's next try passes. If it is not, correct it there: nobody leaves until you approve.")
}

func scimErrorsText(p directory.Problem) (title, message string) {
	return "SCIM had errors: " + strings.ReplaceAll(p.Code, "_", " "), lines(
		p.Message, "What to do: "+p.Remedy,
		"If it happens to more people today, there is no further mail of this kind: the sync log names them all, and so does the directory sync report.")
}

// expiringToken is a SCIM token that will expire, or has.
type expiringToken struct {
	ID         string    `db:"id"`
	AccountID  string    `db:"account_id"`
	Name       string    `db:"name"`
	ExpiresAt  time.Time `db:"expires_at"`
	Expired    bool      `db:"expired"`
	DateFormat string    `db:"date_format"`
	TimeZone   string    `db:"time_zone"`
}

// when is the token's expiry as the account writes times.
func (t expiringToken) when() string {
	at := t.ExpiresAt.UTC()
	if zone, err := time.LoadLocation(t.TimeZone); err == nil {
		at = at.In(zone)
	}
	return fmt.Sprintf("%s at %s (%s)", at.Format(directory.DateFormats()[t.DateFormat]), at.Format("15:04"), t.TimeZone)
}

func expiringText(t expiringToken) (title, message string) {
	title = fmt.Sprintf("The SCIM token “%s” is about to expire", t.Name)
	what := fmt.Sprintf("The SCIM token “%s” expires on %s. From then on the identity provider that uses it is refused: nobody comes in, and nobody is taken out.", t.Name, t.when())
	if t.Expired {
		title = fmt.Sprintf("The SCIM token “%s” has expired", t.Name)
		what = fmt.Sprintf("The SCIM token “%s” expired on %s. The identity provider that uses it is refused: nobody comes in, and nobody is taken out.", t.Name, t.when())
	}
	return title, lines(what,
		"What to do: make a new SCIM token, put it into the identity provider, then revoke this one. Both may be in force at once, so that nothing is missed.")
}

func webhookFailingText(w directory.Webhook) (title, message string) {
	return "Events do not reach a webhook", lines(
		fmt.Sprintf("For an hour, no event has reached the webhook at %s. %s", receiver(w), w.LastError),
		"Rollcall keeps trying, every ten minutes from now on. No event is left out or overtaken: all of them come once the receiver takes them, as long as the sync log has them.",
		fmt.Sprintf("What to do: put the receiver right. If it has moved, change the URL of the webhook %s; if it is of no more use, disable or delete the webhook.", w.ID))
}

func webhookStoppedText(w directory.Webhook) (title, message string) {
	return "A webhook was disabled", lines(
		fmt.Sprintf("Rollcall sends no more events to the webhook at %s. %s", receiver(w), w.LastError),
		fmt.Sprintf("What to do: if the receiver still wants events, have the webhook %s go on from the position that you choose (POST /v1/webhooks/%s/replay); if not, delete it.", w.ID, w.ID))
}

// receiver is the host of a webhook. The rest of its URL may hold a secret, which belongs in no mail.
func receiver(w directory.Webhook) string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return "its receiver"
	}
	return u.Host
}

// lines is a message of one paragraph a line, without empty ones.
func lines(paragraphs ...string) string {
	var text []string
	for _, p := range paragraphs {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			text = append(text, p)
		}
	}
	return strings.Join(text, "\n")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
