package daemon

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// Files are served over both versions of IP.
func TestSocketsOfBothVersions(t *testing.T) {
	s, err := openSockets(t.Context(), Config{HTTPPort: free(t), HTTPS: HTTPS{Port: free(t)}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	over := map[string]int{}
	count := func(protocol string, at net.Addr) {
		mu.Lock()
		defer mu.Unlock()
		if netip.MustParseAddrPort(at.String()).Addr().Is6() {
			protocol += "6"
		}
		over[protocol]++
	}
	web := func(_ context.Context, l net.Listener) error { count("http", l.Addr()); return l.Close() }
	secure := func(_ context.Context, l net.Listener) error { count("https", l.Addr()); return l.Close() }
	trivial := func(_ context.Context, c *net.UDPConn) error { count("tftp", c.LocalAddr()); return c.Close() }
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.serve(ctx, servers{web: web, secure: secure, trivial: trivial}, cancel); err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []string{"http", "http6", "https", "https6", "tftp", "tftp6"} {
		if over[protocol] != 1 {
			t.Errorf("%d sockets of %s", over[protocol], protocol)
		}
	}
}

// free is a port that nobody listens on.
func free(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}
