package tftp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/tftp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a server on a free port of the loopback until the test ends.
func start(t testing.TB, server *tftp.Server) string {
	t.Helper()
	return startOn(t, server, netip.MustParseAddr("127.0.0.1")).String()
}

// startOn is start on an address.
func startOn(t testing.TB, server *tftp.Server, on netip.Addr) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(on, 0)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, conn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return netip.AddrPortFrom(on, conn.LocalAddr().(*net.UDPAddr).AddrPort().Port())
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// folder makes a directory with one file per size, named after it.
func folder(t testing.TB, sizes ...int) string {
	t.Helper()
	dir := t.TempDir()
	for _, size := range sizes {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(size)), randomBytes(size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestGet(t *testing.T) {
	sizes := []int{0, 1, 511, 512, 513, 1428, 8 * 1428, 200_000}
	dir := folder(t, sizes...)
	clients := map[string]*tftp.Client{
		"plain":      {NoSize: true},
		"tsize":      {},
		"1428":       {BlockSize: 1428},
		"1428x4":     {BlockSize: 1428, WindowSize: 4},
		"1468x64":    {BlockSize: 1468, WindowSize: 64},
		"8192x16":    {BlockSize: 8192, WindowSize: 16},
		"65464":      {BlockSize: 65464},
		"65464x64":   {BlockSize: 65464, WindowSize: 64},
		"interval":   {Interval: 3 * time.Second},
		"8x32 and ?": {BlockSize: 8, WindowSize: 32, Options: tftp.Options{{Name: "multicast", Value: ""}}},
	}
	for _, single := range []bool{false, true} {
		address := start(t, &tftp.Server{Read: tftp.FS(os.DirFS(dir)), SinglePort: single})
		for name, client := range clients {
			for _, size := range sizes {
				var got bytes.Buffer
				stats, err := client.Get(t.Context(), address, fmt.Sprint("/", size), &got)
				if err != nil {
					t.Fatalf("single=%v %s %d: %v", single, name, size, err)
				}
				if !bytes.Equal(got.Bytes(), randomBytes(size)) {
					t.Fatalf("single=%v %s %d: other content", single, name, size)
				}
				if stats.Bytes != int64(size) {
					t.Errorf("single=%v %s %d: stats say %d bytes", single, name, size, stats.Bytes)
				}
			}
		}
	}
}

func TestGetErrors(t *testing.T) {
	address := start(t, &tftp.Server{Read: tftp.FS(os.DirFS(folder(t, 1)))})
	for name, want := range map[string]error{"nothing": fs.ErrNotExist, "../etc/passwd": fs.ErrNotExist, "": fs.ErrNotExist} {
		_, err := new(tftp.Client).Get(t.Context(), address, name, new(bytes.Buffer))
		if !errors.Is(err, want) {
			t.Errorf("get %q: %v, want %v", name, err, want)
		}
	}
	if _, err := new(tftp.Client).Put(t.Context(), address, "1", bytes.NewReader(nil)); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("put: %v, want access violation", err)
	}
}
