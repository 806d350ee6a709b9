package nfs

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"testing/fstest"

	"github.com/spurboot/spur/block/share"
)

// from is a connection that comes from an address of its own.
type from struct {
	net.Conn
	addr netip.Addr
}

func (f from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(f.addr, 900))
}

// readers are connections that share a server, each of an address of its own, and that wait for
// no memory.
func readers(t *testing.T, s *Server, n int) (all []*conn, memory *share.Memory) {
	t.Helper()
	shared := newShared(s.Bounds.withDefaults())
	stop := make(chan struct{})
	close(stop)
	addr := netip.MustParseAddr("192.0.2.0")
	for range n {
		addr = addr.Next()
		here, there := net.Pipe()
		t.Cleanup(func() { here.Close(); there.Close() })
		c := newConn(s, from{here, addr}, shared, stop)
		c.open()
		all = append(all, c)
	}
	return all, shared.memory
}

// holds is how many bytes of buffers a connection has: of its own, and for a long read.
func (c *conn) holds() (own, large int) {
	if c.replies.large != nil {
		large = cap(*c.replies.large)
	}
	return cap(c.replies.buffer), large
}

// TestMemoryOfReads has more clients read than there is memory for, none of which takes its
// reply. All buffers together stay within the bound, whatever length the reads have, and all of
// it is there again in the end. Of the memory beside their own buffers no more is left than two
// of the largest have, since a read leaves others as much as it takes.
func TestMemoryOfReads(t *testing.T) {
	s := serverOf(t, fstest.MapFS{"f": {Data: make([]byte, 3<<20), Mode: 0o444}})
	s.Bounds.Memory = 8 << 20
	r := newCaller(t, s)
	file := r.file(r.root(), "f")
	random := rand.New(rand.NewChaCha8([32]byte{8}))
	for _, length := range []int{mostFolder + 1, smallestLarge, smallestLarge + 1, 100_000, mostRead - 1, mostRead, 0} {
		all, memory := readers(t, s, 200)
		own, large := 0, 0
		for _, c := range all {
			n := length
			if n == 0 {
				n = 1 + random.IntN(mostRead)
			}
			c.reply(record(programNFS, versionNFS, 6, file, uint64(0), n), c.begin())
			c.releaseExports()
			buffer, taken := c.holds()
			own, large = own+buffer, large+taken
		}
		if own > len(all)*mostWaiting || large > s.Bounds.Memory || large < s.Bounds.Memory-2*largest {
			t.Errorf("reads of %d bytes hold %d of %d that they may, beside %d of %d", length, large, s.Bounds.Memory, own, len(all)*mostWaiting)
		}
		for _, c := range all {
			c.close()
		}
		if left := memory.Left(); left != s.Bounds.Memory {
			t.Errorf("reads of %d bytes: %d bytes are left of %d", length, left, s.Bounds.Memory)
		}
	}
}

// TestSizeOf has each read go into the smallest buffers that have room for it.
func TestSizeOf(t *testing.T) {
	for n := mostFolder + 1; n <= mostRead; n++ {
		size, length := sizeOf(n)
		if size < 0 || size >= largeSizes || length < n+around || size > 0 && length-around >= 2*n {
			t.Fatalf("%d bytes: size %d, %d bytes", n, size, length)
		}
	}
	if _, length := sizeOf(mostRead); length != largest {
		t.Errorf("the largest has %d bytes", length)
	}
}
