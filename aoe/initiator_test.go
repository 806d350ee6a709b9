package aoe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cable is a network namespace with a cable in it. Its ends are "target" and
// "host", and open.
type cable struct {
	server, client *Interface
	links          *netlink.Handle
	space          netns.NsHandle
}

// wire makes a cable and returns its ends.
func wire(t testing.TB, mtu int) (server, client *Interface) {
	t.Helper()
	c := newCable(t, mtu)
	return c.server, c.client
}

func newCable(t testing.TB, mtu int) *cable {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	c := &cable{space: netns.None()}
	t.Cleanup(func() { c.space.Close() })
	c.inside(t, func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.MTU = "target", mtu
		must(netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "host"}))
		open := func(name string) *Interface {
			l, err := netlink.LinkByName(name)
			must(err)
			must(netlink.LinkSetMTU(l, mtu))
			must(netlink.LinkSetUp(l))
			i, err := Open(name)
			must(err)
			t.Cleanup(func() { i.Close() })
			return i
		}
		c.server, c.client = open("target"), open("host")
		for _, name := range []string{"target", "host"} {
			for up := false; !up; time.Sleep(time.Millisecond) {
				l, err := netlink.LinkByName(name)
				must(err)
				up = l.Attrs().OperState == netlink.OperUp
			}
		}
		var err error
		c.links, err = netlink.NewHandleAt(c.space)
		must(err)
		t.Cleanup(c.links.Close)
	})
	return c
}

// inside calls f in the namespace, which is made when it is needed.
func (c *cable) inside(t testing.TB, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	if c.space.IsOpen() {
		err = netns.Set(c.space)
	} else {
		c.space, err = netns.New()
	}
	if err != nil {
		t.Fatalf("a network namespace: %v: run as root", err)
	}
	defer netns.Set(home)
	f()
}

// initiator is a host that asks a target.
type initiator struct {
	testing.TB
	link   *Interface
	target MAC
	from   MAC
	shelf  uint16
	slot   uint8
	tag    uint32
}

func (i *initiator) request(command uint8, arg ...byte) frame {
	i.tag++
	f := make(frame, headerSize, headerSize+len(arg))
	copy(f, i.target[:])
	copy(f[6:], i.from[:])
	binary.BigEndian.PutUint16(f[12:], EtherType)
	f[14] = version << 4
	binary.BigEndian.PutUint16(f[16:], i.shelf)
	f[18], f[19] = i.slot, command
	binary.BigEndian.PutUint32(f[20:], i.tag)
	return append(f, arg...)
}

// send sends a frame.
func (i *initiator) send(f frame) {
	i.link.Send([][]byte{f})
}

// recv waits for an answer, or returns nil when none comes.
func (i *initiator) recv(wait time.Duration) frame {
	i.Helper()
	for end := time.Now().Add(wait); ; {
		ready := []unix.PollFd{{Fd: int32(i.link.socket), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, int(max(time.Until(end), 0)/time.Millisecond)+1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			i.Fatal(err)
		case n == 0:
			return nil
		}
		b := [][]byte{make([]byte, 20000)}
		if _, err := i.link.Recv(b); err != nil {
			i.Fatal(err)
		}
		return b[0]
	}
}

// listenToAll has the initiator take frames for any address.
func (i *initiator) listenToAll() {
	i.Helper()
	sockaddr, err := unix.Getsockname(i.link.socket)
	if err != nil {
		i.Fatal(err)
	}
	all := unix.PacketMreq{Ifindex: int32(sockaddr.(*unix.SockaddrLinklayer).Ifindex), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(i.link.socket, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &all); err != nil {
		i.Fatal(err)
	}
}

// ask sends a request, again when there is no answer, and returns the answer.
func (i *initiator) ask(f frame) frame {
	i.Helper()
	for range 20 {
		i.send(f)
		for {
			a := i.recv(500 * time.Millisecond)
			if a == nil {
				break
			}
			if a.tag() == f.tag() && a[14]&flagResponse != 0 {
				return a
			}
		}
	}
	i.Fatalf("no answer to %x", f[:min(len(f), 40)])
	return nil
}

// silence says that no answer comes.
func (i *initiator) silence(f frame) {
	i.Helper()
	i.send(f)
	if a := i.recv(50 * time.Millisecond); a != nil {
		i.Errorf("an answer to what should have none: %x", a)
	}
}

// ataAsync is a flag that targets may do without.
const ataAsync = 1 << 1

func ata(flags, feature, count, command uint8, lba uint64, data ...byte) []byte {
	b := []byte{flags, feature, count, command}
	low := binary.LittleEndian.AppendUint64(nil, lba)
	return append(append(append(b, low[:6]...), 0, 0), data...)
}

// do asks an ATA command and returns its data.
func (i *initiator) do(arg []byte) ([]byte, error) {
	i.Helper()
	a := i.ask(i.request(cmdATA, arg...))
	if a[14]&flagError != 0 {
		return nil, fmt.Errorf("AoE error %d", a[15])
	}
	if a[headerSize+3]&statusError != 0 {
		return nil, fmt.Errorf("ATA error %#x", a[headerSize+1])
	}
	return a[ataSize:], nil
}

func (i *initiator) must(arg []byte) []byte {
	i.Helper()
	b, err := i.do(arg)
	if err != nil {
		i.Fatal(err)
	}
	return b
}

// errorOf is the AoE error of an answer.
func (i *initiator) errorOf(f frame) uint8 {
	i.Helper()
	a := i.ask(f)
	if a[14]&flagError == 0 {
		return 0
	}
	return a[15]
}

// config is the configuration string in an answer.
func config(a frame) []byte {
	return a[configSize : configSize+int(binary.BigEndian.Uint16(a[headerSize+6:]))]
}

func noise(n int, seed byte) []byte {
	return bytes.Repeat([]byte{seed, seed * 3, seed ^ 0x55, 7}, n/4)
}
