package timeline

import (
	"net/netip"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

var forger = boot.MAC{2, 0x66, 0x66, 0x66, 0x66, 0xaa}

// sentBy is an event that a sender's packet shows.
func sentBy(sender boot.MAC, e Event, at time.Time) Event {
	e.MAC, e.Time = mac, at
	e.Client.MAC, e.Client.Sender = mac, sender
	return e
}

// Nothing that another one sends in a machine's name changes its story, the shapes of
// offers that it took and the routes that failed on it.
func TestForgedEvents(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	shaped := func(shape string) Event {
		e := offers("a.efi", "tftp", "r")
		e.Shape = shape
		return e
	}
	tl := New(Config{Now: func() time.Time { return noon }})
	tl.Observe(sentBy(mac, asks(rom), noon))
	tl.Observe(sentBy(mac, shaped("usual"), noon))
	tl.Observe(sentBy(mac, Event{Kind: BootAsked, Client: rom}, noon.Add(time.Second)))
	before := tl.Attempts(mac)
	for n := range 20 {
		at := noon.Add(time.Duration(n) * 20 * time.Second)
		tl.Observe(sentBy(forger, asks(rom), at))
		tl.Observe(sentBy(forger, shaped("other"), at))
		tl.Observe(sentBy(forger, Event{Kind: OSAsked}, at))
	}
	after := tl.Attempts(mac)
	took, refused := tl.Shapes(mac)
	if len(after) != 1 || len(after[0].Steps) != len(before[0].Steps) || took != "usual" || len(refused)+len(tl.Failed(mac)) != 0 {
		t.Errorf("took %q, refused %v, failed %v; the story is %+v", took, refused, tl.Failed(mac), after)
	}
}

// A relay of DHCPv6 shows no sender: what comes by it counts while the machine isn't heard
// on our own wire.
func TestRelayedEvents(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	relayed := sentBy(boot.MAC{}, asks(rom), noon.Add(time.Minute))
	relayed.Client.Relay = netip.MustParseAddr("fd00::1")
	for _, heard := range []bool{false, true} {
		tl, want := New(Config{}), 1
		if heard {
			tl.Observe(sentBy(mac, asks(rom), noon))
			tl.Observe(sentBy(mac, Event{Kind: BootAsked, Client: rom}, noon))
		}
		before := len(tl.Attempts(mac))
		tl.Observe(relayed)
		if heard {
			want = before
		}
		if got := len(tl.Attempts(mac)); got != want {
			t.Errorf("heard on our wire %v: %d boots, want %d", heard, got, want)
		}
	}
}

// A machine that was moved behind a router is heard through that after a while; what was
// known of it holds again once it is heard itself.
func TestMovedMachine(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	tl := New(Config{Now: func() time.Time { return noon }})
	tl.Observe(sentBy(mac, asks(rom), noon))
	tl.Choose(boot.Client{MAC: mac, Sender: mac}, 7)
	router := boot.MAC{2, 1, 1, 1, 1, 1}
	hour := noon.Add(time.Hour)
	tl.Observe(sentBy(router, asks(rom), hour))
	if a := tl.Attempts(mac); len(a) != 1 || !a[0].Began.Equal(hour) || a[0].Number != 2 || tl.Chosen(mac) != 0 {
		t.Errorf("chosen %d, the story is %+v", tl.Chosen(mac), a)
	}
	tl.Observe(sentBy(mac, asks(rom), hour.Add(time.Minute)))
	if a := tl.Attempts(mac); len(a) != 2 || a[1].Number != 3 || tl.Chosen(mac) != 7 {
		t.Errorf("chosen %d, the story is %+v", tl.Chosen(mac), a)
	}
}

// A machine behind a bridge that puts its own address into frames has a story like
// others, until somebody has it heard itself.
func TestMachineBehindABridge(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	tl := New(Config{Now: func() time.Time { return noon }})
	bridge := boot.MAC{2, 1, 1, 1, 1, 1}
	tl.Observe(sentBy(bridge, asks(rom), noon))
	tl.Observe(sentBy(forger, asks(rom), noon))
	tl.Observe(sentBy(bridge, offers("a.efi", "tftp", "r"), noon))
	tl.Observe(Event{Kind: FetchStart, MAC: mac, Role: RoleLoader, Name: "a.efi", Proto: "tftp", Time: noon})
	if a := tl.Attempts(mac); len(a) != 1 || len(a[0].Steps) != 2 || a[0].Steps[0].Count != 1 || len(a[0].Transfers) != 1 {
		t.Errorf("the story is %+v", a)
	}
}

// Machines that fetched something are not pushed out by those that only ask, and these
// not by what one sender makes up.
func TestForgedMachines(t *testing.T) {
	tl := New(Config{Machines: 64})
	made := func(n int, sender boot.MAC) {
		e := asks(rom)
		e.MAC = boot.MAC{2, 0x11, 0, 0, byte(n >> 8), byte(n)}
		e.Client.MAC, e.Client.Sender = e.MAC, sender
		if sender == (boot.MAC{}) {
			e.Client.Sender = e.MAC
		}
		tl.Observe(e)
	}
	for n := range 40 {
		made(n, boot.MAC{})
		tl.Observe(Event{Kind: FetchStart, MAC: boot.MAC{2, 0x11, 0, 0, 0, byte(n)}, Role: RoleLoader, Name: "a.efi", Proto: "tftp"})
	}
	for n := 40; n < 52; n++ {
		made(n, boot.MAC{})
	}
	known := func(from, to int) (all int) {
		for n := from; n < to; n++ {
			if len(tl.Attempts(boot.MAC{2, 0x11, 0, 0, byte(n >> 8), byte(n)})) > 0 {
				all++
			}
		}
		return all
	}
	for n := range 1000 {
		made(1000+n, forger)
	}
	if fetched, asked := known(0, 40), known(40, 52); fetched != 40 || asked != 12 {
		t.Errorf("of 40 that fetched %d are known, of 12 that asked %d", fetched, asked)
	}
	for n := range 1000 {
		made(3000+n, boot.MAC{})
	}
	if fetched := known(0, 40); fetched != 40 {
		t.Errorf("of 40 that fetched %d are known", fetched)
	}
}

// What is kept of a machine that was heard itself, or by one sender, is not replaced by
// what another one has brought to its end in its name.
func TestForgedBootIsNotKept(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	router := boot.MAC{2, 1, 1, 1, 1, 1}
	for name, c := range map[string]struct {
		kept   Learned
		sender boot.MAC
		keeps  bool
	}{
		"nothing is kept, itself":       {Learned{}, mac, true},
		"nothing is kept, by a router":  {Learned{}, router, true},
		"its own, itself":               {Learned{Booted: noon}, mac, true},
		"its own, forged":               {Learned{Booted: noon}, forger, false},
		"by a router, by it":            {Learned{Booted: noon, Sender: router}, router, true},
		"by a router, forged":           {Learned{Booted: noon, Sender: router}, forger, false},
		"by a router, itself":           {Learned{Booted: noon, Sender: router}, mac, true},
		"its own, by nobody knows whom": {Learned{Booted: noon}, boot.MAC{}, true},
	} {
		tl := New(Config{})
		tl.Observe(sentBy(c.sender, asks(rom), noon))
		tl.Recall(mac, c.kept)
		m := tl.machines[mac].Value.(*machine)
		if m.keeps() != c.keeps {
			t.Errorf("%s: %v", name, m.keeps())
		}
		if l := m.learned(m.current(), noon); (l.Sender == boot.MAC{}) != (c.sender == mac || c.sender == boot.MAC{}) {
			t.Errorf("%s: kept as brought by %s", name, l.Sender)
		}
	}
}
