package starter

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAccountsAreWokenOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, woken := time.Now(), make(chan string, 100)
		ask := waking(t.Context(), func(_ context.Context, accountID string) { woken <- accountID + " " + time.Since(start).String() })
		wokenNow := func() []string {
			synctest.Wait()
			all := []string{}
			for len(woken) > 0 {
				all = append(all, <-woken)
			}
			return all
		}

		ask("a")
		require.Equal(t, []string{"a 0s"}, wokenNow(), "the first at once")
		for range 100 {
			ask("a")
		}
		ask("b")
		require.Equal(t, []string{"b 0s"}, wokenNow(), "an account does not wait for another")
		time.Sleep(10 * rest)
		require.Equal(t, []string{"a 1s"}, wokenNow(), "the others once, at the end")
		ask("a")
		require.Equal(t, []string{"a 10s"}, wokenNow())
	})
}

func TestNoAccountIsWokenOnceTheServerStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		woken := make(chan string, 10)
		ask := waking(ctx, func(_ context.Context, accountID string) { woken <- accountID })
		ask("a")
		ask("a")
		synctest.Wait()
		stop()
		time.Sleep(10 * rest)
		ask("b")
		synctest.Wait()
		require.Len(t, woken, 1)
	})
}
