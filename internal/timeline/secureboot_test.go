package timeline

import (
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// by is an event about a file of one of the programs that a shim is, and starts.
func by(l boot.Loader, e Event) Event {
	e.Loader = l
	return e
}

// A machine tells nobody that it refused a program: what it asks for next, or
// does not, says who refused what.
func TestChainVerdicts(t *testing.T) {
	spare := func(name string) Event {
		e := breaks("", name, 0, 0, "not found")
		e.Spare, e.Refusal = true, NoSuchFile
		return e
	}
	needsMore := func(e Event) Event {
		e.More = true
		return e
	}
	shim := []Event{at(0, asks(rom)), at(0, offers("shim.efi", "tftp", "uefi-shim-grub")), at(5, chooses(router)), at(6, by(boot.Shim, ends(RoleLoader, "shim.efi", 1<<20)))}
	runs := append(shim[:4:4], at(7, spare("revocations_sku.efi")))
	grub := append(runs[:5:5], at(8, by(boot.GRUB, ends(RoleLoader, "grubx64.efi", 4<<20))))
	listed := append(grub[:6:6], at(9, spare("command.lst")))
	config := append(listed[:7:7], at(10, ends(RoleScript, "grub.cfg", 600)))
	kernel := append(config[:8:8], at(11, needsMore(ends(RoleKernel, "vmlinuz", 8<<20))))
	again := append(kernel[:9:9], at(21, needsMore(ends(RoleKernel, "vmlinuz", 8<<20))), at(31, needsMore(ends(RoleKernel, "vmlinuz", 8<<20))))
	initrd := append(kernel[:9:9], at(12, ends(RoleInitrd, "initrd.gz", 8<<20)))
	for _, tt := range []struct {
		name   string
		events []Event
		quiet  float64
		cause  Cause
		says   string
	}{
		{"shim refused", shim, 35, ShimRefused, "Microsoft's third-party certificate"},
		{"shim runs and finds nothing", runs, 36, LoaderSilent, "never asked for the loader"},
		{"GRUB refused", grub, 37, LoaderRefused, "Security Violation"},
		{"GRUB without its configuration", listed, 38, LoaderSilent, "did not ask for its configuration"},
		{"configuration and no kernel", config, 39, KernelNotFetched, "GRUB stopped at an error"},
		{"kernel refused", kernel, 40, KernelRefused, "bad shim signature"},
		{"kernel refused again and again", again, 30, KernelRefused, "bad shim signature"},
		{"all that it asks for", initrd, 100, NoSignOfLife, "handed over"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a Attempt
			for _, e := range tt.events {
				a, _ = a.Next(e)
			}
			began := tt.events[0].Time
			if v, ok := Judge(a, began.Add(time.Duration(tt.quiet*float64(time.Second)))); ok && tt.name != "kernel refused again and again" {
				t.Errorf("too early: %+v", v)
			}
			v, ok := Judge(a, began.Add(5*time.Minute))
			if text := v.Sentence + v.Likely + v.Hint; !ok || v.Cause != tt.cause || !strings.Contains(text, tt.says) {
				t.Errorf("got %+v", v)
			}
			if want := "uefi-shim-grub"; tt.cause != KernelNotFetched && tt.cause != NoSignOfLife && v.Blames != want {
				t.Errorf("it blames %q", v.Blames)
			}
			for _, s := range a.Steps {
				if s.Kind == FetchFailed {
					t.Errorf("what is normal is told: %s", s.Text)
				}
			}
		})
	}
}

// Firmware that asks anew as soon as it has an EFI application has refused it. A
// machine that was reset, whose next program asks, or that had a loader, has not.
func TestRefusedProgram(t *testing.T) {
	fetched := []Event{at(0, asks(rom)), at(0, offers("boot.efi", "tftp", "uefi-tftp")), at(5, chooses(router)), at(9, ends(RoleKernel, "boot.efi", 40<<20))}
	byLoader := []Event{at(0, asks(ipxe)), at(0, offers("boot.ipxe", "http", "ipxe-http")), at(5, chooses(router)), at(9, ends(RoleKernel, "vmlinuz", 8<<20))}
	bios := rom
	bios.Firmware = boot.BIOS
	fromBIOS := append([]Event{at(0, asks(bios))}, fetched[1:]...)
	for name, tt := range map[string]struct {
		events []Event
		next   Event
		want   bool
	}{
		"the next boot option":       {fetched, at(10, asks(rom)), true},
		"after a reset":              {fetched, at(25, asks(rom)), false},
		"the system that was booted": {fetched, at(12, asks(boot.Client{Firmware: boot.UEFI})), false},
		"a loader was there":         {byLoader, at(10, asks(rom)), false},
		"a BIOS":                     {fromBIOS, at(10, asks(rom)), false},
	} {
		v, ok := fold(tt.events).refusedProgram(tt.next)
		if ok != tt.want || ok && (v.Cause != ProgramRefused || v.Blames != "uefi-tftp") {
			t.Errorf("%s: %v, %+v", name, ok, v)
		}
	}
}
