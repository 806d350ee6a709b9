package nbd

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves exports on a socket of its own until the test ends, and returns
// the socket's path.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nbd")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, s, l)
	return path
}

func serveOn(t testing.TB, s *Server, l net.Listener) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestListenAndServe: a disk is served at an address until the context ends; an
// address that can't be had is an error at once.
func TestListenAndServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := ListenAndServe(t.Context(), address, newMemory(1<<20)); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening where another one does: %v", err)
	}
	l.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- ListenAndServe(ctx, address, newMemory(1<<20)) }()
	for {
		c, err := Dial(ctx, "tcp", address, Options{})
		if errors.Is(err, syscall.ECONNREFUSED) { // it doesn't listen yet
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil || c.Size() != 1<<20 {
			t.Fatal(err)
		}
		c.Close()
		break
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// tool runs a program of a Debian package.
func tool(t testing.TB, pkg, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%v: install %s", err, pkg)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
