package iscsi

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counted counts who uses its target, which may be one that can't be had.
type counted struct {
	target *Target
	err    error
	users  atomic.Int64
}

func (c *counted) Names(string) []string { return nil }

func (c *counted) Target(context.Context, string) (*Target, error) {
	if c.err != nil {
		return nil, c.err
	}
	c.users.Add(1)
	return c.target, nil
}

// TestRelease: a target is released by each connection that logged in to it, or
// tried to, and by none before its session is over.
func TestRelease(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*counted)
		want   LoginStatus
	}{
		{"sessions", func(*counted) {}, LoginSuccess},
		{"not allowed", func(c *counted) { c.target.Allow = func(string, net.Addr) error { return errors.New("no") } }, LoginForbidden},
		{"no proof", func(c *counted) { c.target.Auth = Credentials{"user", "right right right"}.Static() }, LoginAuthFailed},
		{"no device", func(c *counted) { c.target.LUNs[0].Device = nil }, LoginTargetError},
		{"not to be opened", func(c *counted) { c.err = errors.New("damaged") }, LoginTargetError},
		{"not there", func(c *counted) { c.err = ErrNoTarget }, LoginNotFound},
	} {
		targets := &counted{target: &Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: newMemory(1 << 20)}}}}
		targets.target.Release = func() {
			if targets.users.Add(-1) < 0 {
				t.Errorf("%s: released too often", c.what)
			}
		}
		c.change(targets)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var server sync.WaitGroup
		server.Go(func() { _ = (&Server{Targets: targets, Bounds: Bounds{Grace: time.Millisecond}}).Serve(ctx, l) })
		for i := range 3 {
			p := dial(t, l.Addr().String())
			if got := p.login(loginOptions{isid: byte(i)}); got != c.want {
				t.Errorf("%s: %v", c.what, got)
			}
			if users := targets.users.Load(); c.want == LoginSuccess && users != int64(i+1) {
				t.Errorf("%s: %d users with %d sessions", c.what, users, i+1)
			}
			defer p.nc.Close()
		}
		cancel()
		server.Wait()
		if users := targets.users.Load(); users != 0 {
			t.Errorf("%s: %d users are left", c.what, users)
		}
	}
}
