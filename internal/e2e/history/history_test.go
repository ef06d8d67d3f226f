package history

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Whatever happens to a directory, to the settings, to users and to the machines: after a run that
// ended well the account is what the model says; after any other nobody was removed and nothing else
// has changed; nobody is there twice, no more are active than there are licences, and nobody is sent an
// invitation twice.
func TestHistories(t *testing.T) {
	t.Parallel()
	if stack == nil {
		t.Skip("histories take their time, and -short was asked for")
	}
	db, err := sql.Open("postgres", stack.Describe().Database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for _, v := range []vendor{entra(), google()} {
		t.Run(string(v.provider), func(t *testing.T) {
			t.Parallel()
			told := false
			rapid.Check(t, func(r *rapid.T) {
				if v.provider == directory.Google {
					rapid.Uint64().Draw(r, "so that this one's histories are others")
				}
				w := newWorld(r)
				w.live = open(t.Context(), w, v, db)
				done := false
				defer func() {
					if !done && !told {
						told = true // the simpler ones that fail too are told of by rapid
						t.Log("this history failed:\n" + strings.Join(w.told, "\n"))
					}
					w.live.close(r)
				}()
				w.goesOn(v)
				done = true
			})
		})
	}
}

// weeks is how often the sync runs in the middle of a history.
const weeks = 4

// goesOn goes through a history: a few weeks in which some things happen and the sync runs, and one at
// last that nothing disturbs and after which nothing is left to do.
func (w *world) goesOn(v vendor) {
	w.Helper()
	w.syncs(trouble{say: "the first, which nothing disturbs"})
	for range weeks {
		for range 1 + w.any("steps", 4) {
			w.happens()
		}
		w.syncs(w.trouble(v))
	}
	w.live.forget(w.T)
	w.syncs(trouble{say: "the last but one"})
	w.syncs(trouble{say: "the last"})
	w.mails()
}

// happens draws a step.
func (w *world) happens() {
	w.Helper()
	steps := append(sourceSteps(), adminSteps()...)
	for !steps[w.any("step", len(steps))](w) {
	}
	w.invariants()
}

// mails requires, once all have been sent, that no invitation was sent twice.
func (w *world) mails() {
	w.Helper()
	if w.live == nil {
		return
	}
	w.live.await(w.T, "all mails to be sent", func() bool {
		var waiting int
		const query = `SELECT count(*) FROM mails WHERE account_id = $1 AND settled_at IS NULL`
		require.NoError(w, w.live.db.QueryRowContext(w.live.ctx, query, w.live.account.ID).Scan(&waiting))
		return waiting == 0
	})
	sent := map[string]int{}
	for _, message := range stack.Mailbox().Messages() {
		if message.Subject != "You are invited to "+w.live.account.Name {
			continue
		}
		_, link, found := strings.Cut(message.Text, "/invitations/")
		require.True(w, found, "an invitation leads nowhere")
		sent[strings.Fields(link)[0]]++
	}
	for link, times := range sent {
		require.Equal(w, 1, times, "the invitation %s was sent more than once", link)
	}
}

// The model by itself: it says the same when it is asked again, and holds to its own rules.
func TestModelAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		for range 30 {
			w := newWorld(r)
			v := []vendor{entra(), google()}[rapid.IntRange(0, 1).Draw(r, "vendor")]
			w.goesOn(v)
		}
	})
}
