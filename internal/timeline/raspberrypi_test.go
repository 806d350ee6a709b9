package timeline

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

var (
	rpiROM  = boot.Client{MAC: mac, Firmware: boot.RPiFirmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.RPi, Model: "Raspberry Pi 3"}
	rpiCode = boot.Client{MAC: mac, Firmware: boot.RPiFirmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.RPi, Model: "Raspberry Pi", Serial: "b66c4c16"}
)

// rpiLooks is a file that a Raspberry Pi does without.
func rpiLooks(name string) Event {
	return Event{Kind: FetchFailed, Name: name, Proto: "tftp", Refusal: NoSuchFile, Err: "not found", Spare: true}
}

// rpiBoot is a Raspberry Pi 3B, whose ROM loads bootcode.bin, which asks again.
func rpiBoot() []Event {
	return []Event{
		at(0, asks(rpiROM)), at(0, offers("config.txt", "tftp", "rpi-tftp")),
		at(0.1, starts(RoleLoader, "bootcode.bin")), at(0.2, ends(RoleLoader, "bootcode.bin", 52476)),
		at(0.3, rpiLooks("bootsig.bin")),
		at(1, asks(rpiCode)), at(1, offers("config.txt", "tftp", "rpi-tftp")),
		at(1.1, starts(RoleLoader, "start.elf")), at(1.1, probes(RoleLoader, "start.elf", 2<<20)),
		at(1.2, ends(RoleScript, "config.txt", 90)), at(1.3, rpiLooks("recovery.elf")),
		at(1.4, starts(RoleLoader, "start.elf")), at(2, ends(RoleLoader, "start.elf", 2<<20)), at(2, ends(RoleLoader, "fixup.dat", 7000)),
		at(2.1, ends(RoleScript, "config.txt", 90)), at(2.2, ends(RoleScript, "config.txt", 90)),
	}
}

// The ROM, bootcode.bin and start.elf are one boot, in which a file that is read over
// and over is told once.
func TestRaspberryPi(t *testing.T) {
	tl := New(Config{})
	for _, e := range append(rpiBoot(),
		at(2.3, ends(RoleFile, "bcm2837-rpi-3-b.dtb", 12000)), at(2.4, ends(RoleScript, "cmdline.txt", 30)),
		at(2.5, starts(RoleKernel, "kernel8.img")), at(4, ends(RoleKernel, "kernel8.img", 20<<20))) {
		tl.Observe(e)
	}
	attempts := tl.Attempts(mac)
	if len(attempts) != 1 {
		t.Fatalf("one boot is told as %d", len(attempts))
	}
	wantLines(t, texts(attempts[0]), []string{
		"asks to boot: Raspberry Pi 3",
		"offered config.txt over TFTP (route rpi-tftp)",
		"loader bootcode.bin: 51 KiB",
		"a Raspberry Pi's bootloader asks what to boot: serial number b66c4c16",
		"offered config.txt over TFTP (route rpi-tftp)",
		"script config.txt: 90 bytes",
		"loader start.elf: 2.0 MiB in 0.6 s, 3.3 MiB/s",
		"loader fixup.dat: 6.8 KiB",
		"file bcm2837-rpi-3-b.dtb: 12 KiB",
		"script cmdline.txt: 30 bytes",
		"kernel kernel8.img: 20 MiB in 1.5 s, 13 MiB/s",
	})
	// Switched on again, it boots again.
	for _, e := range rpiBoot() {
		e.Time = e.Time.Add(restartGap * 3)
		tl.Observe(e)
	}
	if n := len(tl.Attempts(mac)); n != 2 {
		t.Errorf("two boots are told as %d", n)
	}
}

// UEFI firmware that a Raspberry Pi loads goes on with its boot.
func TestRaspberryPiLoadsUEFI(t *testing.T) {
	tl := New(Config{})
	uefi := boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.ROM}
	for _, e := range append(rpiBoot(), at(3, ends(RoleLoader, "RPI_EFI.fd", 2<<20)), at(12, asks(uefi)), at(12, offers("ipxe-arm64.efi", "tftp", "uefi-arm64-ipxe"))) {
		tl.Observe(e)
	}
	if n := len(tl.Attempts(mac)); n != 1 || len(tl.Failed(mac)) != 0 {
		t.Errorf("one boot is told as %d; %v failed", n, tl.Failed(mac))
	}
}

// What a Raspberry Pi stops at is said in its own terms.
func TestRaspberryPiVerdicts(t *testing.T) {
	missing := Event{Kind: FetchFailed, Role: RoleLoader, Name: "start4.elf", Proto: "tftp", Refusal: NoSuchFile, Err: "the folder has no such file"}
	for _, tt := range []struct {
		name   string
		events []Event
		cause  Cause
		says   string
	}{
		{"fetches nothing", append(rpiBoot()[:2:2], at(1, chooses(router))), OfferIgnored, "a 3B looks for them at the DHCP server"},
		{"goes on asking", []Event{
			at(0, asks(rpiROM)), at(0, offers("config.txt", "tftp", "rpi-tftp")), at(0.1, others(leased, "")),
			at(5, asks(rpiROM)), at(5, offers("config.txt", "tftp", "rpi-tftp")), at(5.1, others(leased, "")),
			at(10, asks(rpiROM)), at(10, offers("config.txt", "tftp", "rpi-tftp")), at(10.1, others(leased, "")),
			at(15, asks(rpiROM)),
		}, OfferIgnored, "remove next-server and options 43, 60 and 66"},
		{"lacks its firmware", append(rpiBoot()[:2:2], at(1, ends(RoleScript, "config.txt", 90)), at(1.1, missing)), FileMissing, "start4.elf, which isn't there"},
		{"stops in its firmware", append(rpiBoot()[:14:14], at(2, ends(RoleLoader, "fixup.dat", 7000))), LoaderSilent, "fixup"},
		{"finds no kernel", rpiBoot(), KernelNotFetched, "kernel8.img for 64 bits"},
	} {
		v, ok := Judge(fold(tt.events), at(60, Event{}).Time)
		if text := v.Sentence + v.Likely + v.Hint; !ok || v.Cause != tt.cause || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %v %s: %s", tt.name, ok, v.Cause, text)
		}
	}
}
