package iscsi

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"testing"
	"time"
)

const testTarget = "iqn.2026-11.example.spur:disk"

// serve serves targets on loopback until the test ends.
func serve(t testing.TB, srv *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if srv.Bounds.Grace == 0 {
		srv.Bounds.Grace = 50 * time.Millisecond
	}
	ctx, stop := context.WithCancel(context.Background())
	srv.init(ctx) // before anybody looks at what it fills in
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if left := srv.memory.Left(); left != srv.bounds.TotalMemory {
			t.Errorf("%d bytes are still held at the end", srv.bounds.TotalMemory-left)
		}
	})
	return l.Addr().String()
}

// tool runs a program of a Debian package.
func tool(t testing.TB, pkg string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", args[0], pkg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return string(out), err
}

// testServer serves one disk of 8 MiB.
func testServer(t testing.TB, bounds Bounds) (addr string, dev *memory, srv *Server) {
	dev = newMemory(8 << 20)
	srv = &Server{Bounds: bounds, Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: dev}}})}
	return serve(t, srv), dev, srv
}
