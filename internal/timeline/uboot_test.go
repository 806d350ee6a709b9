package timeline

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

var (
	board    = boot.Client{MAC: mac, Firmware: boot.Board, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.UBoot}
	boardEFI = boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.UBoot}
)

// uBootLeased is a board with the address that came with its offer.
func uBootLeased(second float64, c boot.Client, file, route string) []Event {
	return []Event{
		at(second, asks(c)), at(second, offersAll(file, route)), at(second, chooses(us)),
		at(second, Event{Kind: Leased, Client: c, Peer: leased, Server: us}),
	}
}

// One boot by U-Boot is one attempt, in which it asks twice.
func TestUBootAttempt(t *testing.T) {
	events := append(uBootLeased(0, board, "boot.scr.uimg", "uboot-script"), at(1, ends(RoleScript, "boot.scr.uimg", 700)))
	events = append(events, uBootLeased(2, boardEFI, "boot.efi", "uboot-efi")...)
	events = append(events, at(3, starts(RoleKernel, "boot.efi")), at(4, ends(RoleKernel, "boot.efi", 30<<20)),
		at(5, Event{Kind: FetchFailed, Role: RoleFile, Name: "dtb", Spare: true, Err: "none"}), at(9, Event{Kind: Up}))
	tl := New(Config{})
	var told []string
	for _, e := range events {
		tl.Observe(e)
	}
	attempts := tl.Attempts(mac)
	for _, s := range attempts[0].Steps {
		told = append(told, s.Text)
	}
	text := strings.Join(told, "\n")
	if len(attempts) != 1 || attempts[0].Stage != IsUp || !strings.Contains(text, "asks to boot: U-Boot arm64\n") ||
		!strings.Contains(text, "U-Boot asks for an EFI application\n") || strings.Contains(text, "dtb") {
		t.Errorf("%d attempts, %s:\n%s", len(attempts), attempts[0].Stage, text)
	}
}

// What U-Boot stops at is said in its own terms.
func TestUBootVerdicts(t *testing.T) {
	script := append(uBootLeased(0, board, "boot.scr.uimg", "uboot-script"), at(1, ends(RoleScript, "boot.scr.uimg", 700)))
	efi := append(uBootLeased(0, boardEFI, "boot.efi", "uboot-efi"), at(1, starts(RoleKernel, "boot.efi")), at(2, ends(RoleKernel, "boot.efi", 30<<20)))
	for _, tt := range []struct {
		name   string
		events []Event
		cause  Cause
		says   string
	}{
		{"stops in its script", script, KernelNotFetched, "pxefile_addr_r"},
		{"fetches an EFI application and gives up", efi, NoSignOfLife, "setenv boot_targets pxe"},
	} {
		v, ok := Judge(fold(tt.events), at(240, Event{}).Time)
		if text := v.Sentence + v.Likely + v.Hint; !ok || v.Cause != tt.cause || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %v %s: %s", tt.name, ok, v.Cause, text)
		}
	}
}
