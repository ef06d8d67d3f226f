package mail

import "context"

// SendSetup sends the mail that asks a person whose company made them a user to set up their
// account, with the errors of Send. Its link is that of an invitation.
func (c *Session) SendSetup(_ context.Context, in Invitation) error {
	return c.sendLink(in, "setup", "Set up your account at "+in.AccountName)
}
