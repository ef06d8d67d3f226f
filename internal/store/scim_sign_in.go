package store

import (
	"sync"
	"time"
)

// signInLife is how long a SCIM client stays signed in without being looked up again: a token that another
// process revokes, and a field that another one makes, are noticed after that.
const signInLife = time.Second

// signInsKept bounds the clients that are remembered.
const signInsKept = 10_000

// signIns are the SCIM clients that were looked up just now, by the hash of their token.
type signIns struct {
	mu        sync.RWMutex
	clients   map[string]signIn
	forgotten time.Time
}

type signIn struct {
	client SCIMClient
	until  time.Time
}

func (s *signIns) known(hash []byte) (SCIMClient, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.clients[string(hash)]
	return found.client, ok && time.Now().Before(found.until)
}

// note remembers a client that was looked up at a time, unless all had to be forgotten since.
func (s *signIns) note(hash []byte, client SCIMClient, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !at.After(s.forgotten) {
		return
	}
	if s.clients == nil || len(s.clients) >= signInsKept {
		s.clients = map[string]signIn{}
	}
	s.clients[string(hash)] = signIn{client, at.Add(signInLife)}
}

// forget has all clients looked up again.
func (s *signIns) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients, s.forgotten = nil, time.Now()
}
