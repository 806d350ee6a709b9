package decide_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

func TestClients(t *testing.T) {
	var c decide.Clients
	at := func(n uint32) netip.Addr {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24+n)))
	}
	if _, ok := c.At(at(1)); ok {
		t.Error("an address is taken before anybody was seen")
	}
	c.Saw(netip.Addr{}, rom) // a client that has none yet
	c.Saw(at(1), rom)
	ipxe := rom
	ipxe.Loader = boot.IPXE
	c.Saw(netip.AddrFrom16(at(1).As16()), ipxe)
	if got, ok := c.At(at(1)); !ok || got != ipxe {
		t.Errorf("got %+v, %v: the same address, written as one of IPv6, was taken later by iPXE", got, ok)
	}
	// Whoever takes addresses without end pushes out the oldest, and no more.
	for n := range uint32(5000) {
		other := rom
		other.Sender = boot.MAC{2, 0, 0, 1, byte(n >> 8), byte(n)}
		c.Saw(at(100+n), other)
	}
	if _, ok := c.At(at(1)); ok {
		t.Error("nothing was forgotten")
	}
	if _, ok := c.At(at(100 + 4999)); !ok {
		t.Error("the last one was forgotten")
	}
	held := 0
	for n := range uint32(5000) {
		if _, ok := c.At(at(100 + n)); ok {
			held++
		}
	}
	if held != 4096 {
		t.Errorf("%d are held", held)
	}
}

// Whoever takes addresses in the names of others takes away none of them: the neighbour
// table tells whose an address is, and of one sender a part of the table is remembered.
func TestForgedAddresses(t *testing.T) {
	addr := netip.MustParseAddr("10.0.0.50")
	pi := boot.Client{MAC: boot.MAC{0xb8, 0x27, 0xeb, 0, 0, 1}, Loader: boot.RPi}
	pi.Sender = pi.MAC
	forger := boot.MAC{2, 0x66, 0x66, 0x66, 0x66, 0xaa}
	made := func(mac boot.MAC) boot.Client {
		c := rom
		c.MAC, c.Sender = mac, forger
		return c
	}
	r := route.Configured(boot.RPi, route.TFTP)
	for name, heard := range map[string]bool{"one that was heard taking its address": true, "one that was not": false} {
		c := decide.Clients{Neighbour: func(netip.Addr) (boot.MAC, bool) { return pi.MAC, true }}
		c.Offered(netip.Addr{}, pi, r)
		if heard {
			c.Saw(addr, pi)
		}
		c.Saw(addr, made(forger))
		c.Saw(addr, made(pi.MAC))
		c.Offered(netip.Addr{}, made(pi.MAC), route.Route{Name: "uefi-shim-grub"})
		for n := range uint32(20_000) {
			mac := boot.MAC{2, 0, 0, 1, byte(n >> 8), byte(n)}
			c.Saw(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24+n))), made(mac))
			c.Offered(netip.Addr{}, made(mac), r)
		}
		if got, by, ok := c.Boot(addr); !ok || got != pi || by.Name != "rpi-tftp" {
			t.Errorf("%s is %+v by %s, %v", name, got, by.Name, ok)
		}
	}
	// GRUB looks at the root, and its boot is known by what it fetched before.
	grub := rom
	grub.Sender = grub.MAC
	for name, first := range map[string]bool{"before": true, "after": false} {
		c := decide.Clients{Neighbour: func(netip.Addr) (boot.MAC, bool) { return grub.MAC, true }}
		if first {
			c.Saw(addr, made(forger))
		}
		c.On(addr, rom, route.Route{Name: "uefi-shim-grub"})
		if !first {
			c.Saw(addr, made(forger))
		}
		if got, by, ok := c.Boot(addr); !ok || got.MAC != grub.MAC || by.Name != "uefi-shim-grub" {
			t.Errorf("%s: %+v by %s, %v", name, got, by.Name, ok)
		}
	}
}

// A machine behind a bridge that puts its own address into frames, or behind a router,
// is known by that one, and where the neighbour table knows neither, by what was heard.
func TestAddressesThroughOthers(t *testing.T) {
	addr, bridge := netip.MustParseAddr("10.0.0.50"), boot.MAC{2, 1, 1, 1, 1, 1}
	behind := boot.Client{MAC: boot.MAC{0xb8, 0x27, 0xeb, 0, 0, 1}, Loader: boot.RPi, Sender: bridge}
	forged := rom
	forged.Sender = boot.MAC{2, 0x66, 0x66, 0x66, 0x66, 0xaa}
	r := route.Configured(boot.RPi, route.TFTP)
	for name, c := range map[string]struct {
		neighbour boot.MAC
		forged    bool
	}{"the bridge answers": {bridge, true}, "nobody does": {boot.MAC{}, false}, "another box does": {boot.MAC{2, 9}, false}} {
		clients := decide.Clients{Neighbour: func(netip.Addr) (boot.MAC, bool) { return c.neighbour, c.neighbour != boot.MAC{} }}
		clients.Offered(netip.Addr{}, behind, r)
		clients.Saw(addr, behind)
		if c.forged {
			clients.Saw(addr, forged)
		}
		if got, by, ok := clients.Boot(addr); !ok || got != behind || by.Name != "rpi-tftp" {
			t.Errorf("%s: %+v by %s, %v", name, got, by.Name, ok)
		}
	}
}

// A boot that is under way at an address is the machine's by whatever way it took that.
func TestBootOfOneTakenTwice(t *testing.T) {
	addr, answers := netip.MustParseAddr("10.0.0.50"), boot.MAC{}
	c := decide.Clients{Neighbour: func(netip.Addr) (boot.MAC, bool) { return answers, true }}
	senders := []boot.MAC{rom.MAC, {2, 0x66}, {2, 0x67}}
	for _, sender := range senders {
		client := rom
		client.Sender = sender
		c.Saw(addr, client)
	}
	c.On(addr, rom, route.Route{Name: "uefi-shim-grub"})
	for _, answers = range senders {
		if got, by, ok := c.Boot(addr); !ok || got.Sender != answers || by.Name != "uefi-shim-grub" {
			t.Errorf("by %s it is %s by %q, %v", answers, got.Sender, by.Name, ok)
		}
	}
}

// Behind a router it is the router that answers for all addresses there.
func TestForgedAddressBehindARouter(t *testing.T) {
	addr, router := netip.MustParseAddr("10.1.0.50"), netip.MustParseAddr("10.0.0.254")
	behind, forged := rom, rom
	behind.Sender, forged.Sender, forged.MAC[5] = boot.MAC{2, 1, 1, 1, 1, 1}, boot.MAC{2, 0x66}, 9
	c := decide.Clients{
		Neighbour: func(a netip.Addr) (boot.MAC, bool) { return behind.Sender, a == router },
		Router:    func(netip.Addr) (netip.Addr, bool) { return router, true },
	}
	c.Saw(addr, behind)
	c.Saw(addr, forged)
	if got, ok := c.At(addr); !ok || got != behind {
		t.Errorf("the address is %+v's", got)
	}
}

// A boot is known by its address until another client takes that.
func TestBoots(t *testing.T) {
	var c decide.Clients
	addr := netip.MustParseAddr("10.0.0.5")
	if _, _, ok := c.Boot(addr); ok {
		t.Error("a boot before there was one")
	}
	c.On(addr, rom, route.Route{Name: "uefi-shim-grub"})
	if got, r, ok := c.Boot(netip.AddrFrom16(addr.As16())); !ok || got != rom || r.Name != "uefi-shim-grub" {
		t.Errorf("got %+v, %+v, %v", got, r, ok)
	}
	if got, ok := c.At(addr); !ok || got != rom {
		t.Errorf("got %+v, %v", got, ok)
	}
	c.Saw(addr, rom)
	if _, r, ok := c.Boot(addr); ok {
		t.Errorf("the next boot is on %+v", r)
	}
}

// Nobody's boot is noted for an address that another client was seen taking.
func TestBootAtAnAddressOfAnother(t *testing.T) {
	var c decide.Clients
	addr, other := netip.MustParseAddr("10.0.0.5"), rom
	other.MAC[5]++
	c.Saw(addr, rom)
	c.On(addr, other, route.Route{Name: "uefi-shim-grub"})
	if got, ok := c.At(addr); !ok || got != rom {
		t.Errorf("the address is %+v's", got)
	}
	c.On(addr, rom, route.Route{Name: "uefi-shim-grub"})
	c.On(addr, other, route.Route{Name: "uefi-shim-grub"})
	if got, _, ok := c.Boot(addr); !ok || got != rom {
		t.Errorf("the boot is %+v's", got)
	}
	c.Saw(addr, other)
	if got, ok := c.At(addr); !ok || got != other {
		t.Errorf("the address, which is another's by now, is %+v's", got)
	}
}

// A board that takes what it was offered without another word, and asks for files by
// names of its own, is known by its address: that which we offered it, or, beside
// another DHCP server, that of its neighbour.
func TestUnsealedBoots(t *testing.T) {
	ours, theirs := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.6")
	pi := boot.Client{MAC: boot.MAC{0xb8, 0x27, 0xeb, 0, 0, 1}, Loader: boot.RPi}
	r := route.Configured(boot.RPi, route.TFTP)
	c := decide.Clients{Neighbour: func(addr netip.Addr) (boot.MAC, bool) { return pi.MAC, addr == theirs }}
	if _, _, ok := c.Boot(theirs); ok {
		t.Error("a boot before there was an offer")
	}
	other := rom
	c.Saw(ours, other) // whose lease is over
	c.Offered(ours, pi, r)
	for _, addr := range []netip.Addr{ours, theirs} {
		if got, by, ok := c.Boot(addr); !ok || got != pi || by.Name != "rpi-tftp" {
			t.Errorf("at %s: %+v by %s, %v", addr, got, by.Name, ok)
		}
	}
	c.Saw(theirs, pi) // it requests its address like others
	if _, _, ok := c.Boot(theirs); !ok {
		t.Error("it is forgotten as soon as it has an address")
	}
	// Of others nothing is known by an offer alone.
	c.Offered(netip.Addr{}, other, route.Route{Name: "uefi-shim-grub"})
	c.Saw(ours, other)
	if _, by, ok := c.Boot(ours); ok {
		t.Errorf("a machine with a sealed name is on %s", by.Name)
	}
}
