package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// webhook is a webhook as the API shows it; its secret only when it was just made.
type webhook struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	State     string `json:"state"`
	Secret    string `json:"secret"`
	LastError string `json:"last_error"`
}

// delivery is what a webhook is sent.
type delivery struct {
	Type      string  `json:"type"`
	WebhookID string  `json:"webhook_id"`
	AccountID string  `json:"account_id"`
	Events    []event `json:"events"`
	Next      string  `json:"next"`
}

// receiver is a program that webhooks are sent to. It checks each signature, and keeps what it accepts.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	secret   string
	answers  []int // to the next deliveries: a status, or 0 for none at all; then 200
	accepted []delivery
	tries    int
	wrong    []string // what was wrong with requests
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(func() { require.Empty(t, r.wrong) })
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	var d delivery
	switch {
	case err != nil:
		r.wrong = append(r.wrong, err.Error())
	case request.Method != http.MethodPost:
		r.wrong = append(r.wrong, "the method is "+request.Method)
	case !signed(request.Header, body, r.secret):
		r.wrong = append(r.wrong, "the signature is not right: "+request.Header.Get("Webhook-Signature"))
	case json.Unmarshal(body, &d) != nil || d.Type != "events" || len(d.Events) == 0 || len(d.Events) > 100:
		r.wrong = append(r.wrong, "the body is not right: "+string(body))
	}
	status := http.StatusOK
	if len(r.answers) > 0 {
		status, r.answers = r.answers[0], r.answers[1:]
	}
	switch {
	case status == 0:
		panic(http.ErrAbortHandler) // as an endpoint that is down
	case status < 300:
		r.accepted = append(r.accepted, d)
	}
	w.WriteHeader(status)
}

// signed says whether a request is signed as Standard Webhooks has it, and lately.
func signed(header http.Header, body []byte, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	id, at := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Fields(header.Get("Webhook-Signature")), want)
}

// answer has the next deliveries answered with these statuses.
func (r *receiver) answer(statuses ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = statuses
}

// deliveries are those that were accepted.
func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.accepted)
}

// got are the events that were accepted, in their order, each as often as it came.
func (r *receiver) got() []event {
	var events []event
	for _, d := range r.deliveries() {
		events = append(events, d.Events...)
	}
	return events
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// hooks makes a webhook that is sent all events to the receiver.
func (c *company) hooks(r *receiver, after string) webhook {
	c.Helper()
	r.mu.Lock() // nothing is received before the secret is known
	defer r.mu.Unlock()
	var made webhook
	c.call(http.MethodPost, "/v1/webhooks", object{"url": r.URL, "after": after}, &made)
	require.True(c, strings.HasPrefix(made.Secret, "whsec_"), made.Secret)
	require.Equal(c, []string{r.URL, "enabled"}, []string{made.URL, made.State})
	r.secret = made.Secret
	return made
}

func (c *company) webhook(id string) webhook {
	c.Helper()
	var w webhook
	c.call(http.MethodGet, "/v1/webhooks/"+id, nil, &w)
	return w
}

// delivered waits until the receiver has the last event of the feed, and requires that it has all those
// after a position: each once or more, and those of one subject in their order.
func (c *company) delivered(r *receiver, after string) []event {
	c.Helper()
	want, _ := c.events(after, 100)
	require.NotEmpty(c, want)
	last := want[len(want)-1].ID
	c.await("the last event", func() bool {
		return slices.ContainsFunc(r.got(), func(e event) bool { return e.ID == last })
	})
	var once []event
	seen := map[string]bool{}
	for _, e := range r.got() {
		if !seen[e.ID] {
			seen[e.ID] = true
			once = append(once, e)
		}
	}
	require.Equal(c, want, once)
	return once
}

func TestWebhooks_NothingIsLostWhileTheEndpointIsDown(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(120)...)
	r := newReceiver(t)
	r.answer(0, http.StatusInternalServerError)
	hook := c.hooks(r, "")
	require.Empty(t, c.webhook(hook.ID).Secret, "it is shown once")
	first := c.configure()
	require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
	c.edits("e-00", object{"last": "Newname"})
	c.leaves("e-01")
	c.succeeds()
	c.accept("pat.number02@corp.example")
	c.call(http.MethodPost, "/v1/users/"+c.user("pat.number03@corp.example").ID+"/deactivate", nil, nil)
	c.delivered(r, "")
	require.GreaterOrEqual(t, r.tried(), 4, "two tries that failed, and 124 events are more than a delivery has")
	for _, d := range r.deliveries() {
		require.Equal(t, []string{hook.ID, c.account.ID, d.Events[len(d.Events)-1].ID}, []string{d.WebhookID, d.AccountID, d.Next})
	}
	c.await("the end of the failure", func() bool { return c.webhook(hook.ID).LastError == "" })

	told := ""
	for _, event := range c.history(c.temporal(), "webhook/"+hook.ID, "") {
		encoded, err := protojson.Marshal(event)
		require.NoError(t, err)
		told += strings.ToLower(readable(string(encoded)))
	}
	require.NotEmpty(t, told)
	for _, secret := range []string{"number0", "newname", "corp.example", hook.Secret, strings.TrimPrefix(hook.Secret, "whsec_"), r.URL} {
		require.NotContains(t, told, strings.ToLower(secret), "histories hold neither people nor secrets")
	}
}

func TestWebhooks_ReplayedAndDisabled(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	p.create(pushed("ana@corp.example"))
	r := newReceiver(t)
	hook := p.hooks(r, "latest")
	_, from := p.events("", 100)
	bo := p.create(pushed("bo@corp.example"))
	p.delivered(r, from)
	require.Equal(t, []string{"user.created", bo}, []string{r.got()[0].Type, r.got()[0].Subject.ID})
	require.Len(t, r.got(), 1)

	whole, _ := p.events("", 100)
	p.call(http.MethodPost, "/v1/webhooks/"+hook.ID+"/replay", object{"after": ""}, nil)
	p.await("all events once more", func() bool { return len(r.got()) == 1+len(whole) })
	require.Equal(t, whole, r.got()[1:])

	p.call(http.MethodPatch, "/v1/webhooks/"+hook.ID, object{"state": "disabled"}, nil)
	require.Equal(t, "disabled", p.webhook(hook.ID).State)
	_, from = p.events("", 100)
	p.patch("/Users/"+bo, op("replace", "name.familyName", "Ruiz"))
	p.patch("/Users/"+bo, op("replace", "active", false))
	tries := r.tried()
	other := newReceiver(t)
	second := p.hooks(other, "latest")
	p.patch("/Users/"+bo, op("replace", "active", true))
	p.await("a delivery to another one", func() bool { return len(other.got()) > 0 })
	require.Equal(t, tries, r.tried(), "a disabled one is sent nothing")
	p.call(http.MethodPatch, "/v1/webhooks/"+hook.ID, object{"state": "enabled"}, nil)
	missed, _ := p.events(from, 100)
	p.await("what it missed", func() bool { return len(r.got()) == 1+len(whole)+len(missed) })
	require.Equal(t, missed, r.got()[1+len(whole):])

	other.answer(http.StatusGone)
	p.patch("/Users/"+bo, op("replace", "name.familyName", "Roe"))
	p.await("the end of the other one", func() bool { return p.webhook(second.ID).State == "disabled" })
	require.Contains(t, p.webhook(second.ID).LastError, "410")
	p.call(http.MethodPost, "/v1/webhooks/"+second.ID+"/replay", object{"after": "latest"}, nil)
	require.Equal(t, "enabled", p.webhook(second.ID).State)
	p.call(http.MethodDelete, "/v1/webhooks/"+second.ID, nil, nil)
	p.refused(http.StatusNotFound, http.MethodGet, "/v1/webhooks/"+second.ID, nil)
	var listed []string
	all(p.company, "/v1/webhooks?", func(w webhook) {
		listed = append(listed, w.ID)
		require.Empty(t, w.Secret)
	})
	require.Equal(t, []string{hook.ID}, listed)
}

// An endpoint that takes a request and never answers holds up neither runs nor other webhooks.
func TestWebhooks_ADeadEndpointHoldsUpNothing(t *testing.T) {
	t.Parallel()
	c := newGoogleCompany(t, crowd(3)...)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	dead := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	t.Cleanup(dead.Close)
	t.Cleanup(func() { close(release) })
	c.call(http.MethodPost, "/v1/webhooks", object{"url": dead.URL, "after": "latest"}, nil)
	r := newReceiver(t)
	c.hooks(r, "latest")
	require.Equal(t, directory.RunSuccess, c.configure().Status)
	<-asked
	c.edits("e-00", object{"last": "Newname"})
	run := c.succeeds()
	require.Equal(t, directory.Counts{Updated: 1}, run.changed())
	c.delivered(r, "")
}

func TestWebhooks_WhatIsRefused(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	for _, address := range []string{"", "nonsense", "ftp://127.0.0.1/", "https://", "/events"} {
		refusal := p.refused(http.StatusUnprocessableEntity, http.MethodPost, "/v1/webhooks", object{"url": address})
		require.Equal(t, "url", refusal.Errors[0].Field, address)
	}
	r := newReceiver(t)
	hook := p.hooks(r, "latest")
	p.refused(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/webhooks/"+hook.ID, object{"url": "nonsense"})
	p.refused(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/webhooks/"+hook.ID, object{"state": "asleep"})
	stranger := p.neighbour(t, "other")
	path := "/v1/webhooks/" + hook.ID
	stranger.refused(http.StatusNotFound, http.MethodGet, path, nil)
	stranger.refused(http.StatusNotFound, http.MethodPatch, path, object{"state": "disabled"})
	stranger.refused(http.StatusNotFound, http.MethodPost, path+"/replay", object{"after": "latest"})
	stranger.refused(http.StatusNotFound, http.MethodDelete, path, nil)
	as := &company{T: t, stack: p.stack, account: p.account}
	as.account.Token = p.apiToken(directory.RoleMember)
	as.refused(http.StatusForbidden, http.MethodGet, "/v1/webhooks", nil)
	as.refused(http.StatusForbidden, http.MethodPost, "/v1/webhooks", object{"url": r.URL})
	require.Zero(t, p.count(`SELECT count(*) FROM webhooks w WHERE strpos(w::text, $1) > 0 OR position(convert_to($1, 'UTF8') in w.secret) > 0`, hook.Secret), "the secret is not kept in the clear")
}
