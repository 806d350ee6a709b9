package timeline

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestJudge(t *testing.T) {
	offered := []Event{
		at(0, asks(rom)), at(0, offers("snponly.efi", "tftp", "snp")),
		at(4, asks(rom)), at(4, offers("snponly.efi", "tftp", "snp")),
	}
	aloud := []Event{
		at(0, asksAloud(rom)), at(0, offers("snponly.efi", "tftp", "snp")),
		at(4, asksAloud(rom)), at(4, offers("snponly.efi", "tftp", "snp")),
	}
	// A DHCP server answers at once; the machine wants something else.
	refused := []Event{
		at(0, asks(rom)), at(0, offers("snponly.efi", "tftp", "snp")), at(0.1, others(leased, "")),
		at(4, asks(rom)), at(4, offers("snponly.efi", "tftp", "snp")), at(4.1, others(leased, "")),
		at(12, asks(rom)),
	}
	turned := append(refused[:7:7], at(12, offers("snponly.efi", "tftp", "direct")), at(12.1, others(leased, "")), at(28, asks(rom)))
	// A DHCP server pings an address before it offers it; the machine chooses
	// when its second wait ends, at 12 s.
	pinged := append(aloud[:4:4], at(4.5, others(leased, "")))
	leftOver := append(refused[:6:6], at(4.2, others(leased, "pxelinux.0")), at(5, chooses(router)))
	plainRival := append(refused[:6:6], at(5, chooses(router)))
	proxyRival := append(refused[:6:6], at(4.2, others(netip.Addr{}, "")), at(5, chooses(router)))
	classRival := append(refused[:6:6], at(4.2, Event{Kind: OtherOffered, Server: router, Peer: leased, Reason: "PXEClient"}), at(5, chooses(router)))
	gone := refused[:3:3]
	ownOffered := []Event{
		at(0, asks(rom)), at(0, offersAll("snponly.efi", "snp")),
		at(4, asks(rom)), at(4, offersAll("snponly.efi", "snp")),
	}
	chose := append(offered[:4:4], at(5, chooses(router)))
	ownChose := func(server bool) []Event {
		by := us
		if !server {
			by = router
		}
		return append(ownOffered[:4:4], at(5, chooses(by)))
	}
	elsewhere := append(offered[:4:4], at(5, Event{Kind: Chose, Server: router, Near: netip.MustParseAddr("10.1.0.2"), Peer: netip.MustParseAddr("10.1.0.50")}))
	told := append(chose[:5:5], at(5, Event{Kind: BootAsked}), at(5, Event{Kind: Answered, Name: "snponly.efi", Proto: "tftp", Route: "snp"}))
	loaded := append(told[:7:7], at(5, starts(RoleLoader, "snponly.efi")), at(6, ends(RoleLoader, "snponly.efi", 236544)))
	reasked := append(loaded[:9:9], at(8, asks(ipxe)), at(8, offers("boot.ipxe", "http", "ipxe-http")),
		at(10, asks(ipxe)), at(10, offers("boot.ipxe", "http", "ipxe-http")))
	scripted := append(reasked[:13:13], at(11, chooses(router)), at(12, ends(RoleScript, "boot.ipxe", 400)))
	started := append(scripted[:15:15], at(13, starts(RoleKernel, "vmlinuz")), at(14, ends(RoleKernel, "vmlinuz", 8<<20)))
	broken := func(r Role, name string, bytes int64) []Event {
		return append(chose[:5:5], at(5, starts(r, name)), at(6, breaks(r, name, bytes, 236544, "timeout")))
	}
	loop := append(loaded[:9:9], at(8, asks(ipxe)), at(9, ends(RoleLoader, "snponly.efi", 236544)),
		at(10, asks(ipxe)), at(11, ends(RoleLoader, "snponly.efi", 236544)))
	vain := append(loaded[:9:9], at(7, breaks(RoleFile, "pxelinux.cfg/default", 0, 0, "not found")))
	stalled := append(scripted[:15:15], at(13, starts(RoleKernel, "vmlinuz")), at(14, moves(RoleKernel, "vmlinuz", 1<<20, 8<<20)))
	second := append(loaded[:9:9], at(7, starts(RoleLoader, "grubx64.efi")))
	again := append(started[:17:17], at(25, ends(RoleKernel, "vmlinuz", 8<<20)), at(36, starts(RoleKernel, "vmlinuz")), at(37, ends(RoleKernel, "vmlinuz", 8<<20)))
	unsent := func(r Role, name string, why Refusal) Event {
		e := breaks(r, name, 0, 0, "no such file")
		e.Refusal = why
		return e
	}
	noInitrd := append(started[:17:17], at(15, unsent(RoleInitrd, "initrd.img", NoSuchFile)), at(25, ends(RoleKernel, "vmlinuz", 8<<20)),
		at(26, unsent(RoleInitrd, "initrd.img", NoSuchFile)), at(36, ends(RoleKernel, "vmlinuz", 8<<20)))
	noKernel := append(scripted[:15:15], at(13, starts(RoleKernel, "vmlinuz")), at(13, unsent(RoleKernel, "vmlinuz", NoSuchFile)))
	noRights := append(scripted[:15:15], at(13, starts(RoleKernel, "vmlinuz")), at(13, unsent(RoleKernel, "vmlinuz", Refused)))
	noName := append(scripted[:15:15], at(13, starts(RoleFile, "vm-x86")), at(13, unsent(RoleFile, "vm-x86", NoSuchFile)))
	bare := append(chose[:5:5], at(5, ends(RoleLoader, "pxelinux.0", 42430)), at(6, unsent(RoleFile, "ldlinux.c32", NoSuchFile)),
		at(6, unsent(RoleFile, "boot/isolinux/ldlinux.c32", NoSuchFile)), at(6, unsent(RoleFile, "ldlinux.c32", NoSuchFile)))
	below := append(chose[:5:5], at(5, ends(RoleLoader, "boot/pxelinux.0", 42430)), at(6, unsent(RoleFile, "x.c32", NoSuchFile)), at(6, unsent(RoleFile, "x.c32", NoSuchFile)))
	flat := append([]Event{at(0, asks(bios)), at(0, offers("my.0", "tftp", "snp")), at(1, chooses(router))},
		at(5, ends(RoleKernel, "my.0", 42430)), at(6, unsent(RoleFile, "ldlinux.c32", NoSuchFile)), at(6, unsent(RoleFile, "ldlinux.c32", NoSuchFile)))
	searching := append(chose[:5:5], at(5, ends(RoleLoader, "pxelinux.0", 42430)), at(6, unsent(RoleFile, "pxelinux.cfg/C0A8", NoSuchFile)),
		at(6, unsent(RoleFile, "pxelinux.cfg/default", NoSuchFile)))
	short := breaks(RoleKernel, "vmlinuz", 4<<10, 8<<20, "file ended")
	short.Refusal = Refused
	shrunk := append(scripted[:15:15], at(13, short))
	overHTTP := append(scripted[:15:15], at(13, Event{Kind: FetchFailed, Role: RoleKernel, Name: "vmlinuz", Proto: "http", Err: "peer closed"}))
	up := append(started[:17:17], at(20, Event{Kind: Up}))
	left := []Event{at(0, asks(rom)), at(0, ignores("not among --only")), at(4, asks(rom)), at(4, ignores("not among --only"))}

	tests := []struct {
		name   string
		events []Event
		// quiet is still no verdict, stall is one; seconds after the first event.
		quiet, stall float64
		cause        Cause
		blames       string
		sentence     string
		likely       string
		hint         string
	}{
		{"no DHCP server, and one would be heard", aloud, 14, 15, NoDHCPServer, "",
			"offered snponly.efi 2 times", "adds only the boot file", "--dhcp server"},
		{"no DHCP server, or one that is not heard", offered, 29, 30, NoDHCPServer, "snp",
			"offered snponly.efi 2 times", "which Spur cannot hear from here", "next route"},
		{"no DHCP server for the loader", reasked, 37, 38, NoDHCPServer, "",
			"iPXE was offered boot.ipxe 2 times", "spanning tree", "PortFast"},
		{"a DHCP server that is slow", pinged, 38, 39, OfferIgnored, "",
			"address 10.0.0.23 by 10.0.0.1", "another form", "next route"},
		{"both offers refused once", refused[:6], 38, -1, "", "", "", "", ""},
		{"both offers refused", refused, -1, 12, OfferIgnored, "snp",
			"address 10.0.0.23 by 10.0.0.1 and snponly.efi by us, and took neither; it asked 3 times", "another form of offer", "next route"},
		{"and in another form", turned, -1, 28, OfferIgnored, "direct",
			"took neither", "another form of offer", "--dhcp server"},
		{"both offers, then nothing", gone, 34, 35, OfferIgnored, "",
			"took neither", "another form", "next route"},
		{"another boot server was heard", leftOver, 14, 15, OfferIgnored, "snp",
			"took its address from 10.0.0.1", "10.0.0.1 names the boot file pxelinux.0", "66, 67) from 10.0.0.1"},
		{"another proxy was heard", proxyRival, 14, 15, OfferIgnored, "snp",
			"took its address from 10.0.0.1", "offers to say what to boot as well", "switch off the boot server 10.0.0.1"},
		{"a DHCP server that claims to be a boot server", classRival, 14, 15, OfferIgnored, "snp",
			"took its address from 10.0.0.1", "option 60, PXEClient", "remove option 60"},
		{"no other boot server was heard", plainRival, 14, 15, OfferIgnored, "snp",
			"took its address from 10.0.0.1", "a firewall drops", "open the ports"},
		{"a kernel that does not start", again, -1, 37, KernelLoop, "snp",
			"kernel vmlinuz was fetched 3 times", "EFI stub", "screen"},
		{"an initrd that isn't there", noInitrd, -1, 36, FileMissing, "",
			"iPXE asks for initrd initrd.img, which isn't there: no such file", "says it all", "correct its name"},
		{"a kernel that isn't there", noKernel, 27, 28, FileMissing, "",
			"iPXE asks for kernel vmlinuz, which isn't there: no such file", "says it all", "correct its name"},
		{"a kernel that may not be read", noRights, 27, 28, FileRefused, "",
			"kernel vmlinuz was not sent: no such file", "says it all", "see to it here"},
		{"a file that a script makes up", noName, 42, 43, FileMissing, "",
			"iPXE asks for file vm-x86, which isn't there: no such file", "says it all", "correct its name"},
		{"a kernel not sent over HTTP", overHTTP, 27, 28, TransferAborted, "",
			"kernel vmlinuz was not sent: peer closed", "the machine was reset", "the machine's screen"},
		{"a file that became shorter", shrunk, 27, 28, FileRefused, "",
			"kernel vmlinuz broke off after 4.0 KiB of 8.0 MiB: file ended", "says it all", "see to it here"},
		{"another boot server", chose, 14, 15, OfferIgnored, "snp",
			"took its address from 10.0.0.1", "next-server", "66, 67"},
		{"told an address of another network", elsewhere, 14, 15, OfferIgnored, "",
			"from 10.0.0.2", "it is on the network of our address 10.1.0.2", "--server-address 10.1.0.2"},
		{"own offer not taken", ownOffered, 14, 15, OfferIgnored, "",
			"10.0.0.23", "second DHCP server", "--dhcp proxy"},
		{"own offer not taken, another heard", append(ownOffered[:4:4], at(4, others(netip.MustParseAddr("10.0.0.99"), ""))), 14, 15, OfferIgnored, "",
			"10.0.0.23", "10.0.0.1, which offered 10.0.0.99", "switch off one of the two"},
		{"own offer lost to another", ownChose(false), 14, 15, OfferIgnored, "",
			"took its address from 10.0.0.1", "was quicker", "one of the two"},
		{"own address, no transfer", ownChose(true), 14, 15, OfferIgnored, "",
			"address from us", "firewall", "open the ports"},
		{"own address, another boot server was heard", append(ownOffered[:4:4], at(4.2, others(netip.Addr{}, "pxelinux.0")), at(5, chooses(us))), 14, 15, OfferIgnored, "",
			"address from us", "10.0.0.1 names the boot file pxelinux.0", "another boot server"},
		{"told on 4011, no transfer", told, 14, 15, BootFileNotFetched, "",
			"port 4011", "firewall", "open the ports"},
		{"loader silent", loaded, 35, 36, LoaderSilent, "snp",
			"snponly.efi was fetched completely", "Secure Boot refused the loader, it does not know this network card, or", "by a signed shim and GRUB, which spur explain --secure-boot on looks for, by keys of your own (spur loader keys)"},
		{"loader looks in vain", vain, 36, 37, LoaderSilent, "snp",
			"pxelinux.cfg/default", "names that Spur does not serve", "next route"},
		{"a loader without its core", bare, 35, 36, FileMissing, "snp",
			"loader pxelinux.0 was fetched and runs, but ldlinux.c32 isn't there, for which it asked 3 times", "can't go on without", "copy ldlinux.c32 beside pxelinux.0"},
		{"a loader without a file at the root", below, 35, 36, FileMissing, "snp",
			"x.c32 isn't there", "can't go on without", "put x.c32 where it is looked for (x.c32)"},
		{"a flat program without its core", flat, 35, 36, FileMissing, "snp",
			"kernel my.0 was fetched and runs, but ldlinux.c32 isn't there", "can't go on without", "copy ldlinux.c32 beside my.0"},
		{"a PXELINUX that finds no configuration", searching, 35, 36, LoaderSilent, "snp",
			"did not find its configuration; it looked for pxelinux.cfg/default last", "names that Spur does not serve", "next route"},
		{"loader broken off", broken(RoleLoader, "snponly.efi", 12<<10), 20, 21, TransferAborted, "snp",
			"snponly.efi broke off after 12 KiB of 231 KiB: timeout", "packets are lost", "switch port"},
		{"loader not sent", broken(RoleLoader, "snponly.efi", 0), 20, 21, TransferAborted, "snp",
			"snponly.efi was not sent: timeout", "does not reach the machine", "drops UDP"},
		{"kernel broken off", broken(RoleKernel, "vmlinuz", 12<<10), 20, 21, TransferAborted, "",
			"kernel vmlinuz broke off", "packets are lost", "switch port"},
		{"kernel stands still", stalled, 43, 44, TransferStalled, "",
			"1.0 MiB of 8.0 MiB", "hangs", "reset"},
		{"kernel never fetched", scripted, 41, 42, KernelNotFetched, "",
			"no kernel after it", "menu", "HTTP port"},
		{"no sign of life", started, 100, 194, NoSignOfLife, "",
			"kernel vmlinuz last", "runs", "{{ UP }}"},
		{"chainload loop", loop, -1, 11, ChainloadLoop, "",
			"3 times", "DHCP server names the loader", "iPXE"},
		{"the second stage of shim is under way", second, 60, -1, "", "", "", "", ""},
		{"left alone is no failure", left, 9999, -1, "", "", "", "", ""},
		{"up is no failure", up, 9999, -1, "", "", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := fold(test.events)
			if test.quiet >= 0 {
				if v, ok := Judge(a, at(test.quiet, Event{}).Time); ok {
					t.Fatalf("too early: %+v", v)
				}
			}
			if test.stall < 0 {
				return
			}
			v, ok := Judge(a, at(test.stall, Event{}).Time)
			if !ok || v.Cause != test.cause || v.Blames != test.blames {
				t.Fatalf("got %v %+v, want %s blaming %q", ok, v, test.cause, test.blames)
			}
			for _, check := range [][2]string{{v.Sentence, test.sentence}, {v.Likely, test.likely}, {v.Hint, test.hint}} {
				if !strings.Contains(check[0], check[1]) {
					t.Errorf("%q does not say %q", check[0], check[1])
				}
			}
			if v.Info != (test.cause == NoSignOfLife) {
				t.Errorf("info is %v", v.Info)
			}
		})
	}
}

func TestAGoodBootIsNeverJudged(t *testing.T) {
	var a Attempt
	for _, e := range proxied() {
		if v, ok := Judge(a, e.Time); ok {
			t.Errorf("at %v: %+v", e.Time, v)
		}
		a, _ = a.Next(e)
	}
}

func TestProgressEndsAVerdict(t *testing.T) {
	a := fold([]Event{at(0, asks(rom)), at(0, offers("a.efi", "tftp", "r"))})
	a.Verdict = &Verdict{Cause: NoDHCPServer}
	if a, _ = a.Next(at(4, asks(rom))); a.Verdict == nil {
		t.Error("a repetition took the verdict away")
	}
	if a, _ = a.Next(at(5, chooses(router))); a.Verdict != nil {
		t.Error("progress left the verdict standing")
	}
}

// Where a machine has one route alone, no verdict promises another.
func TestOnlyRoute(t *testing.T) {
	only := offers("pxelinux.0", "tftp", "bios-nbp")
	only.Sole = true
	chain := ends(RoleLoader, "shimx64.efi", 1<<20)
	chain.Loader = boot.Shim
	for name, events := range map[string][]Event{
		"silent":    {at(0, asks(bios)), at(0, only), at(1, chooses(router)), at(2, ends(RoleLoader, "pxelinux.0", 42430))},
		"UEFI":      {at(0, asks(rom)), at(0, only), at(1, chooses(router)), at(2, ends(RoleLoader, "snponly.efi", 42430))},
		"searching": {at(0, asks(bios)), at(0, only), at(1, chooses(router)), at(2, ends(RoleLoader, "pxelinux.0", 42430)), at(3, breaks(RoleFile, "pxelinux.cfg/default", 0, 0, "not found"))},
		"shim":      {at(0, asks(rom)), at(0, only), at(1, chooses(router)), at(2, chain)},
		"ignored":   {at(0, asks(rom)), at(0, only), at(4, asks(rom)), at(4, only)},
		"kernel": {at(0, asks(bios)), at(0, only), at(1, chooses(router)), at(2, ends(RoleLoader, "pxelinux.0", 42430)),
			at(3, ends(RoleKernel, "vmlinuz", 1<<20)), at(4, ends(RoleKernel, "vmlinuz", 1<<20)), at(5, ends(RoleKernel, "vmlinuz", 1<<20))},
	} {
		v, ok := Judge(fold(events), at(90, Event{}).Time)
		if !ok || strings.Contains(v.Hint, "next route") || strings.Contains(v.Hint, "; .") || strings.Contains(v.Hint, "..") {
			t.Errorf("%s: %v %s: %s", name, ok, v.Cause, v.Hint)
		}
		if v.Blames != "bios-nbp" && name != "ignored" {
			t.Errorf("%s: it blames %q", name, v.Blames)
		}
	}
}

// What a loader asks for is called by that loader's own word.
func TestWordForConfiguration(t *testing.T) {
	for loader, want := range map[string]string{
		"undionly.kpxe": "never asked for its script", "snponly.efi": "never asked for its script", "grubx64.efi": "never asked for its configuration",
		"grub.0": "never asked for its configuration", "lpxelinux.0": "never asked for its configuration", "gpxe.kpxe": "never asked for its script",
	} {
		client := bios
		if strings.HasSuffix(loader, ".efi") {
			client = rom
		}
		v, ok := Judge(fold([]Event{at(0, asks(client)), at(0, offers(loader, "tftp", "r")), at(1, chooses(router)), at(2, ends(RoleLoader, loader, 42430))}), at(90, Event{}).Time)
		if !ok || !strings.Contains(v.Sentence, want) {
			t.Errorf("%s: %v %s", loader, ok, v.Sentence)
		}
		if strings.Contains(want, "configuration") == strings.Contains(v.Likely+v.Hint, "spanning tree") {
			t.Errorf("%s: %s", loader, v.Likely)
		}
	}
}
