package timeline

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

var (
	leased6 = netip.MustParseAddr("fd77::50")
	us6     = netip.MustParseAddr("fd77::1")
)

// over6 is what the same machine does over IPv6.
func over6(e Event) Event {
	e.Client.IPv6 = true
	if e.Client.Loader == "" {
		e.Client = rom6()
	}
	if e.Server.IsValid() {
		e.Server = us6
	}
	if e.Peer.IsValid() {
		e.Peer = leased6
	}
	return e
}

func rom6() boot.Client {
	c := rom
	c.IPv6 = true
	return c
}

// takes6 is a REQUEST to a DHCPv6 server, which it names by its identifier.
func takes6() Event { return Event{Kind: Chose, Peer: leased6, Client: rom6()} }

// Firmware that got nothing over IPv4 asks over IPv6: one attempt, in which
// each step says what it is over.
func TestOneAttemptOverBoth(t *testing.T) {
	line := New(Config{})
	var last float64
	for _, e := range []Event{
		at(0, asks(rom)), at(0, offers("snponly.efi", "tftp", "uefi-x64-snponly")),
		at(4, asks(rom)), at(4, offers("snponly.efi", "tftp", "uefi-x64-snponly")),
		at(12, asks(rom)), at(12, offers("snponly.efi", "tftp", "uefi-x64-snponly")),
		at(28, asks(rom)), at(28, offers("snponly.efi", "tftp", "uefi-x64-snponly")),
		at(62, over6(asks(rom))), at(62, over6(offers("boot.efi", "tftp", "uefi-tftp6"))),
		at(63, takes6()),
		at(63, over6(Event{Kind: BootAsked, Client: rom})),
		at(63, over6(Event{Kind: Answered, Client: rom, Name: "boot.efi", Proto: "tftp", Route: "uefi-tftp6"})),
		at(64, starts(RoleKernel, "boot.efi")), at(70, ends(RoleKernel, "boot.efi", 20<<20)),
	} {
		line.Observe(e)
		last = e.Time.Sub(began).Seconds()
	}
	attempts := line.Attempts(mac)
	if len(attempts) != 1 {
		t.Fatalf("%d attempts within %v s", len(attempts), last)
	}
	wantLines(t, texts(attempts[0]), []string{
		"asks to boot: UEFI x64, PXE",
		"offered snponly.efi over TFTP (route uefi-x64-snponly)",
		"asks again: UEFI x64, PXE over IPv6",
		"offered boot.efi over TFTP (route uefi-tftp6)",
		"address fd77::50",
		"asks us for its boot file",
		"told to fetch boot.efi over TFTP (route uefi-tftp6)",
		"kernel boot.efi: 20 MiB in 6.0 s, 3.3 MiB/s",
	})
	if a := attempts[0]; a.Address != leased6 || a.Stage != HandedOver || a.Verdict != nil {
		t.Errorf("stage %s, address %s, verdict %+v", a.Stage, a.Address, a.Verdict)
	}
}

// iPXE asks by both at the same time: what one comes to doesn't undo what the
// other has.
func TestLoaderThatAsksByBoth(t *testing.T) {
	a := fold([]Event{
		at(0, asks(ipxe)), at(0, offers("boot.ipxe", "http", "ipxe-http")),
		at(0.2, over6(asks(ipxe))), at(0.2, over6(Event{Kind: Offered, Client: ipxe, Name: "boot.ipxe", Proto: "http", Route: "ipxe-http", Server: us6})),
		at(1, chooses(router)),
		at(1.2, over6(asks(ipxe))), at(3.2, over6(asks(ipxe))),
		at(4, ends(RoleScript, "boot.ipxe", 400)),
	})
	wantLines(t, texts(a), []string{
		"asks to boot: UEFI x64, iPXE",
		"offered boot.ipxe over HTTP (route ipxe-http)",
		"iPXE asks what to boot over IPv6",
		"address 10.0.0.23 from 10.0.0.1",
		"script boot.ipxe: 400 bytes",
	})
	if !a.loaderStage.addressed() || a.loaderStage.ours != us || a.loaderStage.refusals != 0 {
		t.Errorf("the stage is %+v", a.loaderStage)
	}
}

func TestVerdictsOverIPv6(t *testing.T) {
	offered := []Event{
		at(0, over6(asks(rom))), at(0, over6(offers("boot.efi", "tftp", "uefi-tftp6"))),
		at(4, over6(asks(rom))), at(4, over6(offers("boot.efi", "tftp", "uefi-tftp6"))),
	}
	for name, tt := range map[string]struct {
		events       []Event
		cause        Cause
		says, sayNot string
	}{
		"nobody gives addresses": {offered, NoDHCPServer, "no DHCPv6 server answered", "no DHCP server"},
		"an address, and nothing after it": {
			append(offered[:4:4], at(5, takes6())), OfferIgnored, "took its address from another DHCPv6 server", "option 66",
		},
		"our address, and nothing after it": {
			append(offered[:4:4], at(5, over6(Event{Kind: Leased, Peer: leased6, Server: us6, Client: rom}))), OfferIgnored, "took its address from us", "invalid",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, ok := Judge(fold(tt.events), began.Add(2*time.Minute))
			said := v.Sentence + " " + v.Likely + " " + v.Hint
			if !ok || v.Cause != tt.cause || !strings.Contains(said, tt.says) || strings.Contains(said, tt.sayNot) {
				t.Errorf("%v %s: %s", ok, v.Cause, said)
			}
		})
	}
}
