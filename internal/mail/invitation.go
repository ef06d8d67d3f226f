package mail

import (
	"context"
	"fmt"
)

// Invitation is the mail that asks a person to accept and so become active.
type Invitation struct {
	ID          string // of the invitation, a UUID
	To          string // address
	FirstName   string
	AccountName string
}

type invitationView struct {
	FirstName, AccountName, Link string
}

// Send sends an invitation. A message that the server does not take is a RefusedError; any other
// error means that the connection is of no more use.
func (c *Session) Send(_ context.Context, in Invitation) error {
	return c.sendLink(in, "invitation", "You are invited to "+in.AccountName)
}

// sendLink sends a mail with the link of an invitation.
func (c *Session) sendLink(in Invitation, template, subject string) error {
	token, err := InvitationToken(c.sender.keys, in.ID)
	if err != nil {
		return fmt.Errorf("make invitation link: %w", err)
	}
	return c.send(letter{
		id: template + "-" + in.ID, to: in.To, subject: subject, template: template,
		view: invitationView{FirstName: in.FirstName, AccountName: in.AccountName, Link: c.sender.publicURL + "/invitations/" + token},
	})
}
