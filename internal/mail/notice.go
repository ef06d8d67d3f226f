package mail

import (
	"context"
	"strings"
)

// Notice is the mail of a notification: what happened, and what to do.
type Notice struct {
	ID          string // of the notification, a UUID
	To          string // address
	FirstName   string
	AccountName string
	Title       string
	Message     string // plain text, one paragraph a line
}

type noticeView struct {
	FirstName, AccountName, Title string
	Paragraphs                    []string
}

// SendNotice sends a notice, with the errors of Send.
func (c *Session) SendNotice(_ context.Context, in Notice) error {
	view := noticeView{FirstName: in.FirstName, AccountName: in.AccountName, Title: in.Title, Paragraphs: strings.Split(in.Message, "\n")}
	return c.send(letter{id: "notice-" + in.ID, to: in.To, subject: in.Title, template: "notice", view: view})
}
