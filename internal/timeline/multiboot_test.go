package timeline

import (
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// A Multiboot kernel or Xen that falls silent stops for other reasons than a Linux kernel
// does, and a module is told as one.
func TestMultibootSilent(t *testing.T) {
	speaks := ipxe
	speaks.Firmware, speaks.Arch = boot.BIOS, boot.X86
	tests := []struct {
		name    string
		content boot.Kind
		xen     bool
		kernel  string
		modules []string
		likely  string // in the verdict's likely cause
		hint    string
	}{
		{"Linux", boot.KindLinux, false, "vmlinuz", nil, "its kernel stopped", "{{ UP }}"},
		{"Xen", boot.KindMultiboot, true, "xen.gz", []string{"vmlinuz", "initrd.img"}, "CONFIG_XEN_DOM0", "console=hvc0"},
		{"Xen without modules", boot.KindMultiboot, true, "xen.gz", nil, "no kernel for its first domain", "--module"},
		{"Xen for UEFI", boot.KindXen, true, "xen.efi", []string{"vmlinuz"}, "CONFIG_XEN_DOM0", "loglvl=all"},
		{"Xen by another name", boot.KindMultiboot, true, "hypervisor", []string{"vmlinuz"}, "CONFIG_XEN_DOM0", "console=hvc0"},
		{"another kernel with its name", boot.KindMultiboot, false, "xenia.elf", nil, "given no modules", "--module"},
		{"another kernel", boot.KindMultiboot, false, "my.elf", []string{"ramdisk"}, "in another order", "serial port"},
		{"another kernel without modules", boot.KindMultiboot, false, "my.elf", nil, "given no modules", "--module"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			offer := offers("boot.ipxe", "http", "ipxe-http")
			offer.Content, offer.Xen = tt.content, tt.xen
			events := []Event{at(0, asks(speaks)), at(0, offer), at(1, chooses(router)), at(2, ends(RoleScript, "boot.ipxe", 400)), at(3, ends(RoleKernel, tt.kernel, 1<<20))}
			for i, m := range tt.modules {
				events = append(events, at(4+float64(i), ends(RoleModule, m, 1<<20)))
			}
			var a Attempt
			for _, e := range events {
				a, _ = a.Next(e)
			}
			v, ok := Judge(a, began.Add(10*time.Minute))
			if !ok || v.Cause != NoSignOfLife || !strings.Contains(v.Likely, tt.likely) || !strings.Contains(v.Hint, tt.hint) {
				t.Errorf("the verdict is %q: %q, %q", v.Cause, v.Likely, v.Hint)
			}
			told := strings.Join(texts(a), "\n")
			for _, m := range tt.modules {
				if !strings.Contains(told, "module "+m) {
					t.Errorf("the story is\n%s", told)
				}
			}
			stuck := a.kernelStuck(BootLoop, "it started over.")
			if linux := strings.Contains(stuck.Likely, "EFI stub"); linux != (tt.content == boot.KindLinux) {
				t.Errorf("in a loop it says %q", stuck.Likely)
			}
		})
	}
}
