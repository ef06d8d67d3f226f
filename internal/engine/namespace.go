package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

const namespacePoll = 200 * time.Millisecond

// EnsureNamespace registers the namespace and the search attributes where they are missing, and waits until both can be
// used; ctx bounds the wait. The retention of a namespace that exists is left as it is. A search attribute that exists
// with another type is an error.
func EnsureNamespace(ctx context.Context, temporal client.Client, namespace string, retention time.Duration) error {
	if err := registerNamespace(ctx, temporal, namespace, retention); err != nil {
		return err
	}
	return waitUntil(ctx, "namespace "+namespace, func() error {
		if err := addSearchAttributes(ctx, temporal, namespace); err != nil {
			return err
		}
		return useSearchAttributes(ctx, temporal, namespace)
	})
}

func registerNamespace(ctx context.Context, temporal client.Client, namespace string, retention time.Duration) error {
	service := temporal.WorkflowService()
	_, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err == nil {
		return nil
	}
	if missing := new(serviceerror.NamespaceNotFound); !errors.As(err, &missing) {
		return fmt.Errorf("look up namespace %s: %w", namespace, err)
	}
	_, err = service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		Description:                      "Directory syncs of Rollcall",
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if exists := new(serviceerror.NamespaceAlreadyExists); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("register namespace %s: %w", namespace, err)
	}
	return nil
}

func addSearchAttributes(ctx context.Context, temporal client.Client, namespace string) error {
	service := temporal.OperatorService()
	listed, err := service.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, name := range SearchAttributes() {
		switch kind := listed.CustomAttributes[name]; kind {
		case enumspb.INDEXED_VALUE_TYPE_KEYWORD:
		case enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED:
			missing[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
		default:
			return permanent{fmt.Errorf("search attribute %s has type %s, want Keyword: remove it from namespace %s", name, kind, namespace)}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = service.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if exists := new(serviceerror.AlreadyExists); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

// useSearchAttributes fails as long as the server does not know them: its services learn of them with a delay.
func useSearchAttributes(ctx context.Context, temporal client.Client, namespace string) error {
	for _, name := range SearchAttributes() {
		_, err := temporal.WorkflowService().CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: namespace, Query: name + " = 'none'",
		})
		if err != nil {
			return fmt.Errorf("query by %s: %w", name, err)
		}
	}
	return nil
}

// permanent marks an error that waiting does not heal.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func waitUntil(ctx context.Context, what string, try func() error) error {
	tick := time.NewTicker(namespacePoll)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		if lasting := (permanent{}); errors.As(err, &lasting) {
			return lasting.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}
