package route

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// Payloads whose texts have the same key have the same routes, and the same in the way of the
// others.
func TestTextsKey(t *testing.T) {
	kernel := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Arch: boot.X64, Abilities: boot.Abilities{Known: true, EFIStub: true}}}
	bare := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/memtest"}, Arch: boot.X64, Abilities: boot.Abilities{Known: true, EFIStub: true, NoUKI: true}}}
	clients := []boot.Client{biosROM, biosIPXE, biosBare, noBzImage, uefiROM, uefiIPXE, uefiHTTP, secure, armROM, armIPXE, ia32ROM, {Firmware: boot.Board, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.UBoot}, {Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.GPXE}}
	keys := map[string]string{}
	for _, text := range []string{
		"", "quiet", "hostname=n1", "hostname=n2", `a="b c"`, `a="b  c" d`, "it's", `a\b`, `a"b"c`, `a="`, "a  b",
		"tab\tin", "line\nbreak", "ä=ö", "-- x", "$a {b} #c; d & e", strings.Repeat("a=b ", 180), strings.Repeat("a=b ", 500), strings.Repeat("a=b ", 2000), "a=" + strings.Repeat("b", 5000),
	} {
		for name, p := range map[string]boot.Payload{"kernel": told(kernel, text), "bare": told(bare, text)} {
			routes := ""
			for _, by := range []boot.Loader{"", boot.GRUB, boot.PXELINUX, boot.Syslinux} {
				host := all()
				host.Loader = by
				for _, c := range clients {
					l := Routes(c, p, host)
					for _, r := range l.Routes {
						routes += r.Name + ", "
					}
					for _, r := range l.Rejected {
						routes += fmt.Sprintf("%s: %s\n", r.Name, r.Why)
					}
				}
			}
			key := name + TextsKey(p)
			if other, ok := keys[key]; ok && other != routes {
				t.Errorf("%s with %.40q has the key %s and other routes", name, text, key)
			}
			keys[key] = routes
		}
	}
	if len(keys) < 8 {
		t.Errorf("there are %d keys", len(keys))
	}
}
