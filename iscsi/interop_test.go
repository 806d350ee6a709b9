package iscsi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
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
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
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

// TestConformance runs libiscsi's suite. Each line of allowed is a failure
// that the standard asks for.
func TestConformance(t *testing.T) {
	srv := &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: newMemory(128 << 20), Removable: true}}})}
	addr := serve(t, srv)
	family := os.Getenv("SPUR_ISCSI_TEST")
	if family == "" {
		family = "ALL"
	}
	out, err := tool(t, "libiscsi-bin", "iscsi-test-cu", "--dataloss", "--test="+family, fmt.Sprintf("iscsi://%s/%s/0", addr, testTarget))
	if path := os.Getenv("SPUR_TEST_KEEP"); path != "" {
		if err := os.WriteFile(path+"/iscsi-test-cu.log", []byte(out), 0o600); err != nil {
			t.Error(err)
		}
	}
	if err != nil {
		t.Errorf("iscsi-test-cu: %v", err)
	}
	total := regexp.MustCompile(`(?m)^\s*tests\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)`).FindStringSubmatch(out)
	if total == nil {
		t.Fatalf("no totals in:\n%s", out[max(0, len(out)-4000):])
	}
	ran, _ := strconv.Atoi(total[2])
	passed, _ := strconv.Atoi(total[3])
	t.Logf("ran %d, passed %d", ran, passed)
	for _, line := range failed(out) {
		t.Errorf("%s", line)
	}
}

// failed are the tests that failed, with what they said.
func failed(out string) []string {
	var all []string
	for _, part := range strings.Split(out, "  Test: ")[1:] {
		if i := strings.Index(part, "FAILED\n"); i >= 0 && strings.Contains(part, "    1. ") {
			all = append(all, part)
		}
	}
	return all
}
