package e2e

import (
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"time"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// invitations are the mails of the account's invitations, by address.
func (c *company) invitations() map[string][]string {
	mails := map[string][]string{}
	for _, message := range c.stack.Mailbox().Messages() {
		if message.Subject == "You are invited to "+c.account.Name {
			mails[message.To[0]] = append(mails[message.To[0]], message.Text)
		}
	}
	return mails
}

// invitation is the token of the one invitation that was mailed to the address.
func (c *company) invitation(address string) string {
	c.Helper()
	c.await("an invitation to "+address, func() bool { return len(c.invitations()[address]) > 0 })
	mails := c.invitations()[address]
	require.Len(c, mails, 1)
	return c.tokenIn(mails[0])
}

// tokenIn is the token of the invitation that a mail leads to.
func (c *company) tokenIn(mail string) string {
	c.Helper()
	words := strings.Fields(mail)
	const link = "/invitations/"
	at := slices.IndexFunc(words, func(word string) bool { return strings.Contains(word, link) })
	require.GreaterOrEqual(c, at, 0, "the mail has no link: %s", mail)
	require.True(c, strings.HasPrefix(words[at], c.stack.StarterURL()+link), "the link leads elsewhere: %s", words[at])
	return strings.TrimPrefix(words[at], c.stack.StarterURL()+link)
}

// tryAccept accepts the invitation that was mailed to the address.
func (c *company) tryAccept(address string) error {
	c.Helper()
	return devstack.Client{Base: c.stack.StarterURL()}.Call(c.Context(), http.MethodPost, "/v1/invitations/"+c.invitation(address)+"/accept", nil, nil)
}

// accept is tryAccept with a licence that must be there.
func (c *company) accept(address string) {
	c.Helper()
	require.NoError(c, c.tryAccept(address))
	require.Equal(c, directory.Active, c.user(address).Status)
}

// notice is a notification of the account's owner.
type notice struct {
	ID      string                     `json:"id"`
	Kind    directory.NotificationKind `json:"kind"`
	RunID   string                     `json:"run_id"`
	Title   string                     `json:"title"`
	Message string                     `json:"message"`
	ReadAt  *time.Time                 `json:"read_at"`
}

// notices are the owner's notifications of a kind, newest first.
func (c *company) notices(kind directory.NotificationKind) []notice {
	c.Helper()
	var found []notice
	all(c, "/v1/notifications?", func(n notice) {
		if n.Kind == kind {
			found = append(found, n)
		}
	})
	return found
}

// noticeMails are the mails of the account's notifications to an address.
func (c *company) noticeMails(address string) []mailbox.Message {
	var found []mailbox.Message
	for _, message := range c.stack.Mailbox().Messages() {
		if slices.Contains(message.To, address) && strings.Contains(strings.Join(strings.Fields(message.Text), " "), "as a user of "+c.account.Name+". ") {
			found = append(found, message)
		}
	}
	return found
}

// mailed waits until so many mails of notifications have come to an address.
func (c *company) mailed(address string, n int) []mailbox.Message {
	c.Helper()
	c.await("mails to "+address, func() bool { return len(c.noticeMails(address)) >= n })
	mails := c.noticeMails(address)
	require.Len(c, mails, n)
	return mails
}

// database is the database itself, for what no caller can see or wait for.
func (c *company) database() *sql.DB {
	c.Helper()
	db, err := sql.Open("postgres", c.stack.Describe().Database)
	require.NoError(c, err)
	c.Cleanup(func() { require.NoError(c, db.Close()) })
	return db
}
