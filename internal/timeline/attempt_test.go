package timeline

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

func TestStepsOfABoot(t *testing.T) {
	tests := []struct {
		name   string
		events []Event
		want   []string
		stage  Stage
	}{
		{"proxy mode, ROM to iPXE to Linux", proxied(), []string{
			"asks to boot: UEFI x64, PXE",
			"offered snponly.efi over TFTP (route uefi-x64-snponly)",
			"address 10.0.0.23 from 10.0.0.1",
			"asks us for its boot file",
			"told to fetch snponly.efi over TFTP (route uefi-x64-snponly)",
			"loader snponly.efi: 231 KiB in 0.4 s",
			"iPXE asks what to boot",
			"offered boot.ipxe over HTTP (route ipxe-http)",
			"address 10.0.0.23 from 10.0.0.1",
			"script boot.ipxe: 412 bytes",
			"kernel vmlinuz: 8.1 MiB in 0.9 s, 9.0 MiB/s",
			"initrd initrd.img: 39 MiB in 6.0 s, 6.5 MiB/s",
			"its system asks for an address (udhcp 1.35.0): it runs",
			"up after 21 s",
		}, IsUp},
		{"our own server", []Event{
			at(0, asks(bios)),
			at(0, offersAll("undionly.kpxe", "bios-undionly")),
			at(1, chooses(us)),
			at(1, Event{Kind: Leased, Peer: leased, Server: us}),
			at(2, ends(RoleLoader, "undionly.kpxe", 74000)),
		}, []string{
			"asks to boot: BIOS, PXE",
			"offered 10.0.0.23 and undionly.kpxe over TFTP (route bios-undionly)",
			"address 10.0.0.23 from 10.0.0.2",
			"loader undionly.kpxe: 72 KiB in 0.0 s",
		}, Loading},
		{"HTTP Boot of a UKI", []Event{
			at(0, asks(romHTTP)),
			at(0, offers("linux.efi", "http", "uefi-x64-http")),
			at(1, chooses(router)),
			at(2, starts(RoleKernel, "linux.efi")),
			at(4, ends(RoleKernel, "linux.efi", 50<<20)),
			at(9, Event{Kind: OSAsked, Reason: "udhcp 1.35.0"}),
			at(99, Event{Kind: OSAsked, Reason: "udhcp 1.35.0"}),
		}, []string{
			"asks to boot: UEFI x64, HTTP",
			"offered linux.efi over HTTP (route uefi-x64-http)",
			"address 10.0.0.23 from 10.0.0.1",
			"kernel linux.efi: 50 MiB in 2.0 s, 25 MiB/s",
			"its system asks for an address (udhcp 1.35.0): it runs",
		}, Running},
		{"retransmissions are counted", []Event{
			at(0, asks(rom)), at(0, offers("a.efi", "tftp", "r")),
			at(4, asks(rom)), at(4, offers("a.efi", "tftp", "r")),
			at(12, asks(rom)), at(12, offers("a.efi", "tftp", "r")),
		}, []string{"asks to boot: UEFI x64, PXE", "offered a.efi over TFTP (route r)"}, Offering},
		{"left alone", []Event{
			at(0, asks(rom)), at(0, ignores("not among --only")),
			at(4, asks(rom)), at(4, ignores("not among --only")),
			at(12, asks(rom)), at(12, ignores("the API\x1b[2J timed out")),
		}, []string{
			"asks to boot: UEFI x64, PXE",
			"left alone: not among --only",
			`left alone: the API\x1b[2J timed out`,
		}, LeftAlone},
		{"a system's DHCP request before the kernel proves nothing", []Event{
			at(0, asks(rom)), at(3, Event{Kind: OSAsked, Reason: "MSFT 5.0"}),
		}, []string{"asks to boot: UEFI x64, PXE"}, Asking},
		{"shim looks for files that need not be there", []Event{
			at(0, asks(rom)),
			at(1, ends(RoleLoader, "shimx64.efi", 900<<10)),
			at(2, breaks(RoleFile, "revocations_sbat.efi", 0, 0, "not found")),
			at(2, breaks(RoleFile, "shim_certificate_0.efi", 0, 0, "not found")),
			at(3, ends(RoleLoader, "grubx64.efi", 1<<20)),
		}, []string{
			"asks to boot: UEFI x64, PXE",
			"loader shimx64.efi: 900 KiB in 0.0 s",
			"file revocations_sbat.efi was not sent: not found",
			"loader grubx64.efi: 1.0 MiB in 0.0 s",
		}, Loading},
		{"a file first, from a machine that never asked us", []Event{
			at(0, ends(RoleLoader, "a\nb\xff\u202e.efi", 3)),
		}, []string{`loader a\x0ab\xff\u202e.efi: 3 bytes`}, Loading},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := fold(test.events)
			wantLines(t, texts(a), test.want)
			if a.Stage != test.stage {
				t.Errorf("stage is %q, want %q", a.Stage, test.stage)
			}
		})
	}
}

func TestRepetitionsAreCounted(t *testing.T) {
	var a Attempt
	var news int
	for i := range 4 {
		var s1, s2 []Step
		a, s1 = a.Next(at(float64(i*4), asks(rom)))
		a, s2 = a.Next(at(float64(i*4), offers("a.efi", "tftp", "r")))
		news += len(s1) + len(s2)
	}
	if news != 2 || a.Steps[0].Count != 4 || a.Steps[1].Count != 4 {
		t.Errorf("%d steps were news, counts %d and %d; want 2, 4, 4", news, a.Steps[0].Count, a.Steps[1].Count)
	}
}

// Servers that say what to boot are told of once each, and not without end.
func TestRivalsAreToldOnce(t *testing.T) {
	events := []Event{at(0, asks(rom)), at(0, offers("a.efi", "tftp", "r"))}
	for i := range 20 {
		events = append(events, at(float64(i), others(leased, "pxelinux.0")), at(float64(i), others(netip.Addr{}, "")), at(float64(i), others(leased, "")))
	}
	wantLines(t, texts(fold(events)), []string{
		"asks to boot: UEFI x64, PXE", "offered a.efi over TFTP (route r)",
		"another server, 10.0.0.1, offers pxelinux.0 as well", "another server, 10.0.0.1, says that it knows what to boot",
	})
	for i := range 20 {
		events = append(events, at(30, others(leased, strings.Repeat("x", i+1))))
	}
	if got := len(fold(events).Steps); got != 2+maxRivals {
		t.Errorf("%d steps", got)
	}
}

func TestBegins(t *testing.T) {
	asked := []Event{at(0, asks(rom)), at(0, offers("a.efi", "tftp", "r"))}
	addressed := append(asked[:2:2], at(1, chooses(router)))
	loaded := append(addressed[:3:3], at(3, ends(RoleLoader, "a.efi", 5)))
	scripted := append(loaded[:4:4], at(5, asks(ipxe)), at(6, ends(RoleScript, "boot.ipxe", 5)))
	started := append(scripted[:6:6], at(8, ends(RoleKernel, "vmlinuz", 5)))
	romIPXE := []Event{at(0, asks(ipxe)), at(1, chooses(router)), at(6, ends(RoleScript, "boot.ipxe", 5))}
	romLoaded := []Event{at(0, asks(ipxe)), at(1, chooses(router)), at(3, ends(RoleLoader, "a.efi", 5))}
	ipxeHTTP := ipxe
	ipxeHTTP.Features = boot.CanHTTP
	tests := []struct {
		name  string
		so    []Event
		next  Event
		begin bool
	}{
		{"the first event", nil, at(0, asks(rom)), true},
		{"a repetition", asked, at(4, asks(rom)), false},
		{"the ROM's last repetition", asked, at(32, asks(rom)), false},
		{"a quiet gap", asked, at(100, asks(rom)), true},
		{"the address was refused", addressed, at(3, asks(rom)), false},
		{"the ROM again, with an address", addressed, at(20, asks(rom)), true},
		{"HTTP after PXE gave up", asked, at(40, asks(romHTTP)), false},
		{"the loader asks", loaded, at(5, asks(ipxe)), false},
		{"the ROM again, after the loader", loaded, at(5, asks(rom)), true},
		{"iPXE again, after its script", scripted, at(7, asks(ipxe)), false},
		{"the ROM again, after the kernel", started, at(60, asks(rom)), true},
		{"left alone, after the kernel", started, at(60, ignores("once")), true},
		{"iPXE again, after the kernel", started, at(60, asks(ipxe)), true},
		{"an iPXE ROM whose script says dhcp", romIPXE, at(7, asks(ipxe)), false},
		{"an iPXE ROM again, after the loader", romLoaded, at(5, asks(ipxe)), true},
		{"another iPXE, after the loader", romLoaded, at(5, asks(ipxeHTTP)), false},
		{"another iPXE repeats itself", append(romLoaded[:3:3], at(5, asks(ipxeHTTP))), at(7, asks(ipxeHTTP)), false},
		{"an iPXE ROM again", romIPXE, at(20, asks(ipxe)), true},
		{"silence about an unknown program", loaded, at(5, Event{Kind: Ignored}), false},
		{"a transfer never begins a boot", asked, at(500, ends(RoleKernel, "vmlinuz", 5)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := fold(test.so).Begins(test.next); got != test.begin {
				t.Errorf("Begins is %v, want %v", got, test.begin)
			}
		})
	}
}

func TestTransfers(t *testing.T) {
	ranged := func(bytes int64) Event {
		return Event{Kind: FetchEnd, Role: RoleKernel, Name: "k", Proto: "http", Bytes: bytes, Total: 100}
	}
	tests := []struct {
		name   string
		events []Event
		done   bool
		bytes  int64
		err    string
		steps  int
	}{
		{"plain", []Event{at(0, starts(RoleKernel, "k")), at(1, ends(RoleKernel, "k", 9))}, true, 9, "", 1},
		{"size probe", []Event{at(0, starts(RoleKernel, "k")), at(1, probes(RoleKernel, "k", 9))}, false, 0, "", 0},
		{"awaited", []Event{
			at(0, Event{Kind: Awaited, Role: RoleKernel, Name: "k", Proto: "http", Bytes: 4}),
			at(1, Event{Kind: Awaited, Role: RoleKernel, Name: "k", Proto: "http", Bytes: 8}),
			at(2, starts(RoleKernel, "k")), at(3, ends(RoleKernel, "k", 9)),
		}, true, 9, "", 2},
		{"broken off, in the words of a size probe", []Event{at(0, starts(RoleKernel, "k")), at(1, breaks(RoleKernel, "k", 0, 9, "User aborted"))}, false, 0, "User aborted", 1},
		{"broken off", []Event{at(0, starts(RoleKernel, "k")), at(1, breaks(RoleKernel, "k", 4, 9, "timeout"))}, false, 4, "timeout", 1},
		{"broken off and repeated", []Event{
			at(0, starts(RoleKernel, "k")), at(1, breaks(RoleKernel, "k", 4, 9, "timeout")),
			at(2, starts(RoleKernel, "k")), at(3, moves(RoleKernel, "k", 2, 9)), at(4, ends(RoleKernel, "k", 9)),
		}, true, 9, "", 2},
		{"last block not acknowledged", []Event{at(0, starts(RoleKernel, "k")), at(1, breaks(RoleKernel, "k", 9, 9, "timeout"))}, true, 9, "", 1},
		{"repeated request, the stray session fails later", []Event{
			at(0, starts(RoleKernel, "k")), at(0.1, starts(RoleKernel, "k")),
			at(1, ends(RoleKernel, "k", 9)), at(20, breaks(RoleKernel, "k", 0, 9, "timeout")),
		}, true, 9, "", 1},
		{"repeated request, the stray session fails first", []Event{
			at(0, starts(RoleKernel, "k")), at(0.1, starts(RoleKernel, "k")),
			at(1, breaks(RoleKernel, "k", 0, 9, "timeout")), at(20, ends(RoleKernel, "k", 9)),
		}, true, 9, "", 1},
		{"two ranges", []Event{at(0, ranged(1)), at(1, ranged(99))}, true, 100, "", 2},
		{"many ranges are told once", []Event{at(0, ranged(1)), at(1, ranged(9)), at(2, ranged(9))}, false, 19, "", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := fold(test.events)
			if len(a.Transfers) != 1 {
				t.Fatalf("%d transfers, want 1", len(a.Transfers))
			}
			got := a.Transfers[0]
			if got.Done != test.done || got.Bytes != test.bytes || got.Err != test.err || len(a.Steps) != test.steps {
				t.Errorf("done %v, %d bytes, err %q, steps %q; want %v, %d, %q, %d steps",
					got.Done, got.Bytes, got.Err, texts(a), test.done, test.bytes, test.err, test.steps)
			}
		})
	}
}

func TestNextLeavesTheOldAttemptAlone(t *testing.T) {
	var a Attempt
	for _, e := range append(proxied(), at(30, asks(rom)), at(34, asks(rom)), at(38, asks(rom))) {
		steps, transfers, routes := cloneAll(a)
		a2, _ := a.Next(e)
		want, _, _ := cloneAll(a2)
		a.Next(Event{Time: e.Time, Kind: Ignored, Reason: "another future"})
		if !reflect.DeepEqual(a2.Steps, want) {
			t.Fatalf("two futures of one attempt share a step after %s", e.Kind)
		}
		if !reflect.DeepEqual(a.Steps, steps) || !reflect.DeepEqual(a.Transfers, transfers) || !reflect.DeepEqual(a.Routes, routes) {
			t.Fatalf("%s changed the attempt before it", e.Kind)
		}
		a = a2
	}
}

func cloneAll(a Attempt) ([]Step, []Transfer, []string) {
	return append([]Step(nil), a.Steps...), append([]Transfer(nil), a.Transfers...), append([]string(nil), a.Routes...)
}

func TestManyStepsKeepBothEnds(t *testing.T) {
	a := fold([]Event{at(0, asks(rom))})
	for i := range 500 {
		name := strings.Repeat("x", 300) + string(rune('a'+i%26))
		a, _ = a.Next(at(float64(i), ends(RoleInitrd, name[i%26:], 1)))
	}
	a, _ = a.Next(at(600, Event{Kind: Up}))
	if len(a.Steps) != maxSteps || len(a.Transfers) > maxTransfers || a.Omitted != 502-maxSteps {
		t.Errorf("%d steps, %d transfers, %d omitted", len(a.Steps), len(a.Transfers), a.Omitted)
	}
	if a.Steps[0].Kind != Asked || a.Steps[maxSteps-1].Kind != Up {
		t.Errorf("the steps run from %s to %s", a.Steps[0].Kind, a.Steps[maxSteps-1].Kind)
	}
}

func TestTimeDoesNotRunBackwards(t *testing.T) {
	a := fold([]Event{at(5, asks(rom)), at(3, offers("a.efi", "tftp", "r"))})
	if got := time.Duration(a.Steps[1].After); got != 0 {
		t.Errorf("the second step came %v after the first", got)
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 236544: "231 KiB", 1023 << 10: "1.0 MiB", 8496544: "8.1 MiB", 1 << 62: "4096 PiB"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) is %q, want %q", n, got, want)
		}
	}
	if got := askedText(boot.Client{}, true); got != "asks to boot: unknown firmware" {
		t.Errorf("got %q", got)
	}
}
