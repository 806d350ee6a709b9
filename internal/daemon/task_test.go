package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Ready is said when the last task is ready, and not before.
func TestTasksAreReadyTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		after := func(d time.Duration) func(context.Context, func()) error {
			return func(ctx context.Context, ready func()) error {
				time.Sleep(d)
				ready()
				<-ctx.Done()
				return nil
			}
		}
		once := func(context.Context, func()) error { return nil } // ends at once, never ready
		ctx, cancel := context.WithCancel(t.Context())
		var took []time.Duration
		err := tasks{{"quick", after(time.Second)}, {"slow", after(time.Minute)}, {"once", once}}.run(ctx, func() {
			took = append(took, time.Since(began))
			cancel()
		})
		if err != nil || len(took) != 1 || took[0] != time.Minute {
			t.Errorf("ready after %v, %v", took, err)
		}
	})
}

// A task that fails ends the others, is named, and Spur is not called ready.
func TestTaskFails(t *testing.T) {
	broken := errors.New("broken")
	ended := make(chan struct{})
	err := tasks{
		{"HTTP server", func(context.Context, func()) error { return broken }},
		{"DHCP", func(ctx context.Context, _ func()) error {
			<-ctx.Done()
			close(ended)
			return nil
		}},
	}.run(t.Context(), func() { t.Error("it is called ready") })
	<-ended
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "HTTP server: ") {
		t.Errorf("got %v", err)
	}
}
