package lab

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for anything; on a good day all is done in
// a fraction of it.
const patience = 3 * time.Minute

// start makes a lab that ends with the test, and a context that ends before.
func start(t *testing.T) (context.Context, *Lab) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	l, err := New(ctx, Options{})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		cancel()
	})
	return ctx, l
}

// must is the value of a call that may not fail.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wire(t *testing.T, l *Lab, name string) *Wire {
	t.Helper()
	return must[*Wire](t)(l.Wire(name))
}

func host(t *testing.T, l *Lab, name string, nics ...NIC) *Host {
	t.Helper()
	return must[*Host](t)(l.Host(name, nics...))
}
