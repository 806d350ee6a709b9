package timeline

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/boot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	mac    = boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	began  = time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
	us     = netip.MustParseAddr("10.0.0.2")
	router = netip.MustParseAddr("10.0.0.1")
	leased = netip.MustParseAddr("10.0.0.23")

	rom     = boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, Interface: "eth0"}
	romHTTP = boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.HTTP, Loader: boot.ROM, Interface: "eth0"}
	bios    = boot.Client{MAC: mac, Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM, Interface: "eth0"}
	ipxe    = boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.IPXE, Interface: "eth0"}
)

// at returns e as of so many seconds after the first event.
func at(seconds float64, e Event) Event {
	e.Time = began.Add(time.Duration(seconds * float64(time.Second)))
	e.MAC = mac
	return e
}

func asks(c boot.Client) Event { return Event{Kind: Asked, Client: c, Proto: "dhcp"} }

// asksAloud is a DISCOVER to which we would hear the offers of other servers.
func asksAloud(c boot.Client) Event {
	e := asks(c)
	e.Audible = true
	return e
}

// others is an offer of another server: an address, a boot file, or both.
func others(addr netip.Addr, file string) Event {
	return Event{Kind: OtherOffered, Server: router, Peer: addr, Name: file}
}

func ignores(reason string) Event     { return Event{Kind: Ignored, Client: rom, Reason: reason} }
func chooses(server netip.Addr) Event { return Event{Kind: Chose, Peer: leased, Server: server} }

func offers(name, proto, route string) Event {
	return Event{Kind: Offered, Name: name, Proto: proto, Route: route, Server: us}
}

// offersAll is the offer of our own DHCP server.
func offersAll(name, route string) Event {
	e := offers(name, "tftp", route)
	e.Peer = leased
	return e
}

func starts(r Role, name string) Event {
	return Event{Kind: FetchStart, Role: r, Name: name, Proto: "tftp"}
}

func moves(r Role, name string, bytes, total int64) Event {
	return Event{Kind: FetchProgress, Role: r, Name: name, Proto: "tftp", Bytes: bytes, Total: total}
}

func ends(r Role, name string, bytes int64) Event {
	return Event{Kind: FetchEnd, Role: r, Name: name, Proto: "tftp", Bytes: bytes, Total: bytes}
}

func breaks(r Role, name string, bytes, total int64, err string) Event {
	return Event{Kind: FetchFailed, Role: r, Name: name, Proto: "tftp", Bytes: bytes, Total: total, Err: err}
}

func probes(r Role, name string, total int64) Event {
	return Event{Kind: SizeAsked, Role: r, Name: name, Proto: "tftp", Total: total}
}

// proxied is a UEFI machine that boots through iPXE beside another DHCP server.
func proxied() []Event {
	return []Event{
		at(0, asks(rom)),
		at(0, offers("snponly.efi", "tftp", "uefi-x64-snponly")),
		at(2, chooses(router)),
		at(2.1, Event{Kind: BootAsked, Client: rom}),
		at(2.1, Event{Kind: Answered, Name: "snponly.efi", Proto: "tftp", Route: "uefi-x64-snponly"}),
		at(2.2, starts(RoleLoader, "snponly.efi")),
		at(2.2, probes(RoleLoader, "snponly.efi", 236544)),
		at(2.3, starts(RoleLoader, "snponly.efi")),
		at(2.7, ends(RoleLoader, "snponly.efi", 236544)),
		at(4, asks(ipxe)),
		at(4, offers("boot.ipxe", "http", "ipxe-http")),
		at(5, chooses(router)),
		at(5.2, starts(RoleScript, "boot.ipxe")),
		at(5.2, ends(RoleScript, "boot.ipxe", 412)),
		at(5.4, starts(RoleKernel, "vmlinuz")),
		at(6.3, ends(RoleKernel, "vmlinuz", 8496544)),
		at(6.4, starts(RoleInitrd, "initrd.img")),
		at(9.4, moves(RoleInitrd, "initrd.img", 20<<20, 39<<20)),
		at(12.4, ends(RoleInitrd, "initrd.img", 39<<20)),
		at(18, Event{Kind: OSAsked, Reason: "udhcp 1.35.0"}),
		at(21, Event{Kind: Up}),
	}
}

// fold plays events into one attempt, whatever Begins says.
func fold(events []Event) Attempt {
	var a Attempt
	for _, e := range events {
		a, _ = a.Next(e)
	}
	return a
}

// texts are the steps in words.
func texts(a Attempt) []string {
	var lines []string
	for _, s := range a.Steps {
		lines = append(lines, s.Text)
	}
	return lines
}

func wantLines(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}
