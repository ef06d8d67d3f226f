package mailbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Message is one received mail, as the API shows it.
type Message struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// From is the header's sender, decoded.
	From string `json:"from"`
	// To are the addresses that the message was delivered to, whatever its header says.
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
}

// parsed is a message before it is delivered.
type parsed struct {
	message   Message
	messageID string
}

const maxNesting = 10

// parse reads a message in MIME (RFC 5322, 2045 to 2047): headers, and the first plain and HTML parts that are no attachments.
func parse(r io.Reader) (parsed, error) {
	raw, err := mail.ReadMessage(r)
	if err != nil {
		return parsed{}, fmt.Errorf("read message: %w", err)
	}
	var words mime.WordDecoder
	result := parsed{messageID: strings.TrimSpace(raw.Header.Get("Message-Id"))}
	if result.message.Subject, err = words.DecodeHeader(raw.Header.Get("Subject")); err != nil {
		return parsed{}, fmt.Errorf("read subject: %w", err)
	}
	if result.message.From, err = words.DecodeHeader(raw.Header.Get("From")); err != nil {
		return parsed{}, fmt.Errorf("read sender: %w", err)
	}
	return result, result.message.readPart(textproto.MIMEHeader(raw.Header), raw.Body, maxNesting)
}

func (m *Message) readPart(header textproto.MIMEHeader, body io.Reader, depth int) error {
	if depth == 0 {
		return errors.New("parts are nested too deeply")
	}
	contentType := header.Get("Content-Type")
	if contentType == "" {
		contentType = "text/plain"
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("read content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.readParts(multipart.NewReader(body, params["boundary"]), depth)
	}
	if strings.HasPrefix(strings.ToLower(header.Get("Content-Disposition")), "attachment") {
		return nil
	}
	target := map[string]*string{"text/plain": &m.Text, "text/html": &m.HTML}[kind]
	if target == nil || *target != "" {
		return nil
	}
	*target, err = readText(header.Get("Content-Transfer-Encoding"), params["charset"], body)
	return err
}

func (m *Message) readParts(parts *multipart.Reader, depth int) error {
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read part: %w", err)
		}
		if err := m.readPart(part.Header, part, depth-1); err != nil {
			return err
		}
	}
}

func readText(transferEncoding, charset string, body io.Reader) (string, error) {
	switch strings.ToLower(strings.TrimSpace(transferEncoding)) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("decode part: %w", err)
	}
	text := string(content)
	if strings.EqualFold(charset, "iso-8859-1") {
		text = fromLatin1(content)
	}
	return strings.ReplaceAll(text, "\r\n", "\n"), nil
}

func fromLatin1(content []byte) string {
	runes := make([]rune, len(content))
	for i, b := range content {
		runes[i] = rune(b)
	}
	return string(runes)
}
