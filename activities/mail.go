package activities

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-sync/rollcall/internal/mail"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Mail delivers messages.
type Mail struct {
	Store  *store.Store
	Sender *mail.Sender
	Now    func() time.Time
}

// mailsPerCall is how many messages one activity delivers over one connection.
const mailsPerCall = 200

// DeliverMail sends waiting messages of the account, oldest first. A message is settled as soon as
// the mail server has taken it. Should the worker die in between, it is sent again with the same
// Message-ID, by which mail stores recognise it.
func (a *Mail) DeliverMail(ctx context.Context, in OfAccount) (Delivered, error) {
	defer keepAlive(ctx)()
	out, err := a.deliver(ctx, in.AccountID)
	return out, asTemporal(ctx, err)
}

func (a *Mail) deliver(ctx context.Context, accountID string) (Delivered, error) {
	var out Delivered
	due, err := a.Store.DueMails(ctx, accountID, mailsPerCall)
	if err != nil {
		return out, err
	}
	if len(due) > 0 {
		if err := a.sendAll(ctx, due, &out); err != nil {
			return out, err
		}
	}
	waiting, next, err := a.Store.WaitingMails(ctx, accountID)
	if err != nil {
		return out, err
	}
	out.Waiting = waiting
	if next != nil {
		out.NextTryAt, out.Ready = *next, !next.After(a.Now())
	}
	return out, nil
}

func (a *Mail) sendAll(ctx context.Context, due []store.Mail, out *Delivered) error {
	session, err := a.Sender.Dial(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	for _, m := range due {
		if !m.Stands {
			if err := a.Store.SettleMail(ctx, m.ID, store.MailDropped); err != nil {
				return err
			}
			continue
		}
		err := send(ctx, session, m)
		var refused *mail.RefusedError
		switch {
		case err == nil:
			out.Sent++
			err = a.Store.SettleMail(ctx, m.ID, store.MailSent)
		case errors.As(err, &refused) && refused.Permanent:
			out.Refused++
			err = a.Store.SettleMail(ctx, m.ID, store.MailRefused)
		case errors.As(err, &refused):
			err = a.Store.PostponeMail(ctx, m.ID, a.Now().Add(pause(m.Attempts)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func send(ctx context.Context, session *mail.Session, m store.Mail) error {
	switch m.Kind {
	case store.MailInvitation:
		return session.Send(ctx, mail.Invitation{ID: m.Cause, To: m.To, FirstName: m.FirstName, AccountName: m.AccountName})
	case store.MailSetup:
		return session.SendSetup(ctx, mail.Invitation{ID: m.Cause, To: m.To, FirstName: m.FirstName, AccountName: m.AccountName})
	case store.MailReport:
		return session.SendReport(ctx, mail.Report{
			ID: m.Cause, UserID: m.UserID, To: m.To, FirstName: m.FirstName, AccountName: m.AccountName, Report: m.Report,
		})
	default:
		return session.SendNotice(ctx, mail.Notice{
			ID: m.Cause, To: m.To, FirstName: m.FirstName, AccountName: m.AccountName, Title: m.Title, Message: m.Message,
		})
	}
}

// pause is how long a message that was put off is left alone: a minute, doubled each time, up to
// four hours.
func pause(attempts int) time.Duration {
	return min(time.Minute<<min(attempts, 10), 4*time.Hour)
}
