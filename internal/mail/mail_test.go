package mail_test

import (
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mail"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

const publicURL = "https://rollcall.example"

// Names and texts of a directory that would like to be markup.
const (
	linkName = `Ana</b><a href="https://evil.example/x">Sign in</a>`
	image    = `<img src=x onerror=1>`
	plain    = "O'Brien & Söhne"
)

type bench struct {
	box     *mailbox.Mailbox
	keys    *secret.Keyring
	session *mail.Session
}

func setup(t *testing.T) bench {
	t.Helper()
	box, err := mailbox.Start(t.Context(), mailbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, box.Stop()) })
	keys, err := secret.Parse("one:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	require.NoError(t, err)
	sender, err := mail.NewSender(box.SMTPURL, publicURL, keys)
	require.NoError(t, err)
	session, err := sender.Dial(t.Context())
	require.NoError(t, err)
	t.Cleanup(session.Close)
	return bench{box: box, keys: keys, session: session}
}

func (b bench) only(t *testing.T) mailbox.Message {
	t.Helper()
	messages := b.box.Messages()
	require.Len(t, messages, 1)
	return messages[0]
}

// Each link and each element that loads something, but for links to our own address.
var active = regexp.MustCompile(`(?i)<(?:img|script|iframe|form|link|object)\b|\bhref="(?:[^"]*)"`)

func requireOwnLinksOnly(t *testing.T, markup string) {
	t.Helper()
	for _, found := range active.FindAllString(markup, -1) {
		require.True(t, strings.HasPrefix(found, `href="`+publicURL+`/`), found)
	}
}

func TestCaseM1_DirectoryTextIsTextInANotice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.session.SendNotice(t.Context(), mail.Notice{
		ID: uuid.NewString(), To: "ana@corp.example", FirstName: linkName, AccountName: plain,
		Title: "The directory sync " + image + " failed", Message: "The group " + image + " is gone.\n'" + linkName + "' is no date.",
	}))
	got := b.only(t)
	require.Equal(t, "The directory sync "+image+" failed", got.Subject)
	requireOwnLinksOnly(t, got.HTML)
	require.NotContains(t, got.HTML, "<a ", "a notice has no link")
	for _, text := range []string{linkName, image, plain} {
		require.NotContains(t, strings.ReplaceAll(got.HTML, plain, ""), "<"+strings.TrimPrefix(text, "<"))
		require.Contains(t, html.UnescapeString(got.HTML), text, "shown as it is, not escaped twice")
		require.Contains(t, got.Text, text)
	}
	require.Contains(t, got.HTML, "<p style=\"margin:12px 0\">The group &lt;img src=x onerror=1&gt; is gone.</p>", "a paragraph a line")
}

func TestCaseM1_DirectoryTextIsTextInAnInvitation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invitation := uuid.NewString()
	require.NoError(t, b.session.Send(t.Context(), mail.Invitation{ID: invitation, To: "ana@corp.example", FirstName: linkName, AccountName: plain}))
	got := b.only(t)
	requireOwnLinksOnly(t, got.HTML)
	require.Equal(t, "You are invited to "+plain, got.Subject)
	require.Contains(t, html.UnescapeString(got.HTML), linkName)
	require.Contains(t, got.Text, linkName)

	link := regexp.MustCompile(`https://rollcall\.example/invitations/(\S+)`).FindStringSubmatch(got.Text)
	require.NotNil(t, link)
	id, err := mail.ParseInvitationToken(b.keys, link[1])
	require.NoError(t, err)
	require.Equal(t, invitation, id)
}

func TestD5_SetUpMailLinksToTheInvitation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invitation := uuid.NewString()
	require.NoError(t, b.session.SendSetup(t.Context(), mail.Invitation{ID: invitation, To: "ana@corp.example", FirstName: linkName, AccountName: plain}))
	got := b.only(t)
	requireOwnLinksOnly(t, got.HTML)
	require.Equal(t, "Set up your account at "+plain, got.Subject)
	require.Contains(t, html.UnescapeString(got.HTML), linkName)
	require.Contains(t, got.Text, linkName)
	link := regexp.MustCompile(`https://rollcall\.example/invitations/(\S+)`).FindStringSubmatch(got.Text)
	require.NotNil(t, link)
	id, err := mail.ParseInvitationToken(b.keys, link[1])
	require.NoError(t, err)
	require.Equal(t, invitation, id)
}

func TestAPersonWithoutAFirstNameIsGreetedWithoutOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.session.SendSetup(t.Context(), mail.Invitation{ID: uuid.NewString(), To: "ana@corp.example", AccountName: plain}))
	got := b.only(t)
	require.True(t, strings.HasPrefix(got.Text, "Hello,"), got.Text)
	require.Contains(t, got.HTML, "<p>Hello,</p>")
}

func TestTheSameNoticeArrivesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	notice := mail.Notice{ID: uuid.NewString(), To: "ana@corp.example", Title: "T", Message: "M"}
	require.NoError(t, b.session.SendNotice(t.Context(), notice))
	require.NoError(t, b.session.SendNotice(t.Context(), notice))
	b.only(t)
}

// A refused message says so, and the next one passes over the same connection.
func TestRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.box.Refuse("gone@corp.example", 550)
	b.box.Refuse("full@corp.example", 452)
	send := func(to string) error {
		return b.session.SendNotice(t.Context(), mail.Notice{ID: uuid.NewString(), To: to, Title: "T", Message: "M"})
	}
	for to, permanent := range map[string]bool{"gone@corp.example": true, "full@corp.example": false, "no address": true} {
		var refused *mail.RefusedError
		require.ErrorAs(t, send(to), &refused, to)
		require.Equal(t, permanent, refused.Permanent, to)
	}
	require.NoError(t, send("ana@corp.example"))
	require.Equal(t, []string{"ana@corp.example"}, b.only(t).To)
}

func TestServerThatCannotBeReached(t *testing.T) {
	t.Parallel()
	sender, err := mail.NewSender("smtp://127.0.0.1:1", publicURL, nil)
	require.NoError(t, err)
	_, err = sender.Dial(t.Context())
	var coded *directory.Error
	require.ErrorAs(t, err, &coded)
	require.Equal(t, directory.KindUnavailable, coded.Kind)
}
