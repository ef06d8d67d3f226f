package mailbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const mailFile = "mail.jsonl"

// delivery is what makes two messages the same mail to one person.
type delivery struct {
	messageID, recipient string
}

// store keeps messages in memory and, where there is a folder, in a file of one JSON object per line.
type store struct {
	mu        sync.Mutex
	messages  []Message
	delivered map[delivery]bool
	lastID    int
	file      *os.File
}

// line is one message in the file.
type line struct {
	Message
	MessageID string `json:"message_id,omitempty"`
}

func openStore(dir string) (*store, error) {
	s := &store{delivered: map[delivery]bool{}}
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make mail folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, mailFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open mail file: %w", err)
	}
	s.file = file
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", file.Name(), err), file.Close())
	}
	return s, nil
}

// load reads the file, and cuts off a last line whose writing was interrupted: its sender was never told that it was accepted.
func (s *store) load() error {
	reader := bufio.NewReader(s.file)
	var size int64
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return s.file.Truncate(size)
		}
		if err != nil {
			return err
		}
		var kept line
		if err := json.Unmarshal(bytes.TrimSpace(text), &kept); err != nil {
			return fmt.Errorf("message %d: %w", len(s.messages)+1, err)
		}
		s.remember(kept)
		size += int64(len(text))
	}
}

func (s *store) remember(l line) {
	s.messages = append(s.messages, l.Message)
	for _, recipient := range l.To {
		s.delivered[delivery{l.MessageID, strings.ToLower(recipient)}] = l.MessageID != ""
	}
	if id, err := strconv.Atoi(l.ID); err == nil {
		s.lastID = max(s.lastID, id)
	}
}

// add delivers a message to those recipients who do not have it yet, as told by its Message-ID.
func (s *store) add(p parsed, recipients []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	isNew := func(recipient string) bool { return !s.delivered[delivery{p.messageID, strings.ToLower(recipient)}] }
	kept := line{Message: p.message, MessageID: p.messageID}
	for _, recipient := range recipients {
		if isNew(recipient) {
			kept.To = append(kept.To, recipient)
		}
	}
	if len(kept.To) == 0 {
		return nil
	}
	kept.ID, kept.At = strconv.Itoa(s.lastID+1), time.Now().UTC()
	if err := s.append(kept); err != nil {
		return err
	}
	s.remember(kept)
	return nil
}

func (s *store) append(l line) error {
	if s.file == nil {
		return nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if _, err := s.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("keep message: %w", err)
	}
	return nil
}

func (s *store) all() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func (s *store) find(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return Message{}, false
	}
	return s.messages[i], true
}

func (s *store) empty() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		if err := s.file.Truncate(0); err != nil {
			return fmt.Errorf("empty mail file: %w", err)
		}
	}
	s.messages = nil
	clear(s.delivered)
	return nil
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
