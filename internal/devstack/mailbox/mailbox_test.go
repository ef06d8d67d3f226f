package mailbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/smtp"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/wneessen/go-mail"

	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
)

func start(t *testing.T, opts mailbox.Options) *mailbox.Mailbox {
	t.Helper()
	box, err := mailbox.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = box.Stop() })
	return box
}

func address(t *testing.T, box *mailbox.Mailbox) string {
	t.Helper()
	parsed, err := url.Parse(box.SMTPURL)
	require.NoError(t, err)
	require.Equal(t, "smtp", parsed.Scheme)
	return parsed.Host
}

func send(t *testing.T, box *mailbox.Mailbox, message string, recipients ...string) error {
	t.Helper()
	return smtp.SendMail(address(t, box), nil, "sender@example.org", recipients, []byte(strings.ReplaceAll(message, "\n", "\r\n")))
}

func withID(id string) string {
	return "Message-ID: <" + id + "@example.org>\nSubject: " + id + "\n\nHello\n"
}

func call(t *testing.T, method, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func subjects(box *mailbox.Mailbox) []string {
	found := []string{}
	for _, message := range box.Messages() {
		found = append(found, message.Subject)
	}
	return found
}

func TestMailOfARealClient(t *testing.T) {
	t.Parallel()
	box := start(t, mailbox.Options{})
	message := mail.NewMsg()
	require.NoError(t, message.FromFormat("Zoë at Rollcall", "zoe@example.org"))
	require.NoError(t, message.To("ada@example.org"))
	message.Subject("Einladung für Ægir, in ganz vielen Wörtern über mehrere Zeilen hinweg")
	message.SetBodyString(mail.TypeTextPlain, "Grüße = bitte <annehmen>:\nhttps://example.org/invitations/abc\n")
	message.AddAlternativeString(mail.TypeTextHTML, `<p>Grüße, <a href="https://example.org/invitations/abc">bitte</a></p>`)
	require.NoError(t, message.AttachReader("notes.txt", strings.NewReader("attached")))
	parsed, err := url.Parse(box.SMTPURL)
	require.NoError(t, err)
	client, err := mail.NewClient(parsed.Hostname(), mail.WithTLSPolicy(mail.NoTLS), mail.WithPort(portOf(t, parsed)))
	require.NoError(t, err)
	require.NoError(t, client.DialAndSendWithContext(t.Context(), message))

	status, body := call(t, http.MethodGet, box.URL+"/api/messages")
	require.Equal(t, http.StatusOK, status)
	var received []map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &received))
	require.Len(t, received, 1)
	at, err := time.Parse(time.RFC3339, received[0]["at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Minute)
	delete(received[0], "at")
	require.Equal(t, map[string]any{
		"id":      "1",
		"from":    "Zoë at Rollcall <zoe@example.org>",
		"to":      []any{"ada@example.org"},
		"subject": "Einladung für Ægir, in ganz vielen Wörtern über mehrere Zeilen hinweg",
		"text":    "Grüße = bitte <annehmen>:\nhttps://example.org/invitations/abc\n",
		"html":    `<p>Grüße, <a href="https://example.org/invitations/abc">bitte</a></p>`,
	}, received[0])

	_, page := call(t, http.MethodGet, box.URL+"/")
	require.Contains(t, page, `<a href="/messages/1">Einladung für Ægir`)
	_, page = call(t, http.MethodGet, box.URL+"/messages/1")
	require.Contains(t, page, "bitte &lt;annehmen&gt;")
	require.Contains(t, page, `<iframe title="The message" sandbox=`)
	status, _ = call(t, http.MethodGet, box.URL+"/messages/2")
	require.Equal(t, http.StatusNotFound, status)
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	box := start(t, mailbox.Options{})
	require.NoError(t, send(t, box, "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\n\nplain\n", "a@example.org"))
	require.NoError(t, send(t, box, "Subject: q\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe a=\nn alle\n", "a@example.org"))
	require.NoError(t, send(t, box, "Subject: b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPHA+R3LD\nvMOfZTwvcD4=\n", "a@example.org"))
	received := box.Messages()
	require.Equal(t, "Grüße", received[0].Subject)
	require.Equal(t, "plain\n", received[0].Text)
	require.Equal(t, "Grüße an alle\n", received[1].Text)
	require.Equal(t, "<p>Grüße</p>", received[2].HTML)
	require.Equal(t, []string{"1", "2", "3"}, []string{received[0].ID, received[1].ID, received[2].ID}, "oldest first")
}

func TestSameMessageArrivesOnce(t *testing.T) {
	t.Parallel()
	box := start(t, mailbox.Options{})
	require.NoError(t, send(t, box, withID("one"), "a@example.org"))
	require.NoError(t, send(t, box, withID("one"), "A@example.org"))
	require.NoError(t, send(t, box, withID("one"), "a@example.org", "b@example.org"))
	require.NoError(t, send(t, box, withID("two"), "a@example.org"))
	require.NoError(t, send(t, box, "Subject: none\n\nHello\n", "a@example.org"))
	require.NoError(t, send(t, box, "Subject: none\n\nHello\n", "a@example.org"))
	require.Equal(t, []string{"one", "one", "two", "none", "none"}, subjects(box))
	require.Equal(t, []string{"b@example.org"}, box.Messages()[1].To)
}

func TestMailIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	first := start(t, mailbox.Options{Dir: dir})
	require.NoError(t, send(t, first, withID("one"), "a@example.org"))
	require.NoError(t, first.Stop())
	file, err := os.OpenFile(filepath.Join(dir, "mail.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"id":"2","subj`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	second := start(t, mailbox.Options{Dir: dir})
	require.Equal(t, []string{"one"}, subjects(second), "a half-written message is none")
	require.NoError(t, send(t, second, withID("one"), "a@example.org"))
	require.NoError(t, send(t, second, withID("two"), "a@example.org"))
	want := second.Messages()
	require.NoError(t, second.Stop())

	third := start(t, mailbox.Options{Dir: dir})
	require.Equal(t, []string{"one", "two"}, subjects(third))
	require.Equal(t, want, third.Messages())
	status, _ := call(t, http.MethodDelete, third.URL+"/api/messages")
	require.Equal(t, http.StatusNoContent, status)
	_, body := call(t, http.MethodGet, third.URL+"/api/messages")
	require.JSONEq(t, `[]`, body)
	require.NoError(t, send(t, third, withID("one"), "a@example.org"))
	require.NoError(t, third.Stop())
	require.Equal(t, []string{"one"}, subjects(start(t, mailbox.Options{Dir: dir})))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	box := start(t, mailbox.Options{})
	box.Refuse("ada@example.org", 550)
	requireCode(t, 550, send(t, box, withID("one"), "Ada@example.org"))
	require.NoError(t, send(t, box, withID("one"), "grace@example.org"))
	box.Refuse("", 450)
	requireCode(t, 450, send(t, box, withID("two"), "grace@example.org"))
	requireCode(t, 550, send(t, box, withID("two"), "ada@example.org"))
	require.Equal(t, 3, box.Refused())
	box.Release()
	require.NoError(t, send(t, box, withID("two"), "ada@example.org"))
	require.Equal(t, 3, box.Refused())
	require.Equal(t, []string{"one", "two"}, subjects(box))
}

func TestBrokenMessageIsRefused(t *testing.T) {
	t.Parallel()
	box := start(t, mailbox.Options{})
	requireCode(t, 554, send(t, box, "Content-Transfer-Encoding: base64\n\n!!!\n", "a@example.org"))
	require.Empty(t, box.Messages())
}

func TestTakenPortsMove(t *testing.T) {
	t.Parallel()
	first := start(t, mailbox.Options{})
	second := start(t, mailbox.Options{SMTPAddr: address(t, first), HTTPAddr: strings.TrimPrefix(first.URL, "http://")})
	require.NotEqual(t, first.SMTPURL, second.SMTPURL)
	require.NotEqual(t, first.URL, second.URL)
	require.NoError(t, send(t, second, withID("one"), "a@example.org"))
	require.Empty(t, first.Messages())
}

func requireCode(t *testing.T, code int, err error) {
	t.Helper()
	var refusal *textproto.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, code, refusal.Code)
}

func portOf(t *testing.T, u *url.URL) int {
	t.Helper()
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	return port
}
