package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
)

// server is a SCIM server to put load on.
type server struct {
	base      string
	header    http.Header
	transport *http.Transport
}

// newServer keeps one connection open for each client.
func newServer(base, token string, clients int) *server {
	return &server{
		base:      strings.TrimSuffix(base, "/"),
		header:    http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/scim+json"}, "Accept": {"application/scim+json"}},
		transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true},
	}
}

// client is one of the parallel clients; it is for one goroutine. Its buffers are used again and
// again: it shares the machine with the server that it measures.
type client struct {
	*server
	number int // from 0
	random *rand.Rand
	body   []byte
	answer bytes.Buffer
}

func (s *server) clients(n int) []*client {
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = &client{server: s, number: i, random: rand.New(rand.NewPCG(uint64(i), 1))}
	}
	return clients
}

// call sends a request and reads the whole answer into c.answer. An answer that is no success is an error.
func (c *client) call(ctx context.Context, method, path string, body []byte) (http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = c.header
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	c.answer.Reset()
	_, err = c.answer.ReadFrom(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %d %.300s", method, path, response.StatusCode, c.answer.Bytes())
	}
	return response.Header, nil
}

// tells fails unless the answer holds the text that often at least.
func (c *client) tells(text string, times int) error {
	if n := bytes.Count(c.answer.Bytes(), []byte(text)); n < times {
		return fmt.Errorf("the answer has %q %d times, not %d: %.300s", text, n, times, c.answer.Bytes())
	}
	return nil
}
