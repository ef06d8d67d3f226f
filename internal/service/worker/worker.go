// Package worker is the service that does the work: it polls Temporal, runs the workflows and
// their activities, and holds the clients of the directories.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/mail"
	"github.com/rollcall-sync/rollcall/internal/service"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/waker"
	"github.com/rollcall-sync/rollcall/internal/webhook"
	"github.com/rollcall-sync/rollcall/workflows"
)

// maxActivities is how many activities one worker does at once. Each holds one or two connections
// of the pool and one page of people.
const maxActivities = 16

// maxReceivers is how many receivers of events are called at once. A call that waits for its receiver
// holds no connection of the pool.
const maxReceivers = 64

// Run works until ctx is done, and then lets what it has begun come to its end. Temporal's address
// and namespace are taken from the environment where tc leaves them empty.
func Run(ctx context.Context, c config.Worker, tc engine.Options, log *slog.Logger) error {
	db, err := store.Open(ctx, string(c.DatabaseURL), store.MaxConnections(2*maxActivities+4))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { _ = db.Close() }()
	sender, err := mail.NewSender(string(c.SMTPURL), c.PublicURL, c.Keyring)
	if err != nil {
		return err
	}
	tc.Keyring, tc.Logger = c.Keyring, log
	temporalClient, err := engine.Dial(ctx, tc)
	if err != nil {
		return err
	}
	defer temporalClient.Close()
	w := sdkworker.New(temporalClient, engine.TaskQueue, sdkworker.Options{
		MaxConcurrentActivityExecutionSize: maxActivities,
		WorkerStopTimeout:                  5 * time.Second,
	})
	workflows.Register(w)
	wake := waker.Waker{Store: db, Temporal: temporalClient}.Wake
	sources := service.Sources(c.Common)
	w.RegisterActivity(&activities.Configurations{Store: db, Sources: sources, Now: time.Now})
	w.RegisterActivity(&activities.Sync{Store: db, Sources: sources, Wake: wake, Now: time.Now})
	w.RegisterActivity(&activities.Mail{Store: db, Sender: sender, Now: time.Now})
	w.RegisterActivity(&activities.Maintenance{Store: db, Wake: wake})
	w.RegisterActivity(&activities.Reports{Store: db, Wake: wake, Now: time.Now})
	if err := w.Start(); err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	defer w.Stop()
	receivers := callReceivers(temporalClient, &activities.Webhooks{
		Store: db, Keyring: c.Keyring, Client: webhook.New(webhook.Options{Private: c.WebhookPrivate, RootCAs: c.RootCAs}), Wake: wake, Now: time.Now,
	})
	if err := receivers.Start(); err != nil {
		return fmt.Errorf("start worker for webhooks: %w", err)
	}
	defer receivers.Stop()
	<-ctx.Done()
	return nil
}

// callReceivers is a worker that delivers events alone: receivers that hang take no slot from what else is
// to be done.
func callReceivers(c client.Client, webhooks *activities.Webhooks) sdkworker.Worker {
	w := sdkworker.New(c, engine.WebhookTaskQueue, sdkworker.Options{
		DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: maxReceivers, WorkerStopTimeout: 5 * time.Second,
	})
	w.RegisterActivity(webhooks)
	return w
}
