package loader

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/route"
)

func TestGRUBLegacyConfigs(t *testing.T) {
	cmdline, err := boot.ParseCmdline(`console=ttyS0 spur.up={{ UP }} dyndbg="file a +p" a='b\c'`)
	if err != nil {
		t.Fatal(err)
	}
	payload := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Cmdline: cmdline}}
	urls := URLs{
		Kernel: "tftp://10.0.0.1/K/vmlinuz", Initrds: []string{"tftp://10.0.0.1/I/initrd+1.img"},
		File: func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() }, Beacon: "http://10.0.0.1/B/up",
	}
	golden.File(t, "testdata/menu.lst", GRUBLegacyConfig(client(), payload, urls))
	golden.File(t, "testdata/trouble.lst", TroubleGRUBLegacyConfig(client(), errors.New("the boot API didn't answer; try later"), true))
	urls.Initrds = append(urls.Initrds, "tftp://10.0.0.1/I/b")
	if got := GRUBLegacyConfig(client(), payload, urls); strings.Contains(got, "kernel") {
		t.Errorf("several initrds:\n%s", got)
	}
}

// The programs are told by what is in them: pxegrub and nbgrub are put together here as
// GRUB 0.97's Makefile does, of what they begin with and of the rest, which stage2 in
// Debian's package has too.
func TestIdentifyGRUBLegacy(t *testing.T) {
	stage2, err := os.ReadFile(unpacked(t, "grub-legacy", "usr/lib/grub/*/stage2"))
	if err != nil {
		t.Fatal(err)
	}
	const startSize, pxeSize, nbSize = 0x200, 0x600, 0x200
	rest := string(stage2[startSize:])
	pxegrub := "\xea\x00\x82\x00\x00" + strings.Repeat("\x00", pxeSize-5) + rest
	nbgrub := "\x36\x13\x03\x1b" + strings.Repeat("\x00", nbSize-4) + rest
	for content, want := range map[string]boot.Features{pxegrub: boot.CanTFTP | boot.CanBzImage, nbgrub: 0} {
		b, err := Look("pxegrub", []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if id := b.Identity; id.Kind != route.KindGRUBLegacy || id.Firmware != boot.BIOS || id.Version != "0.97" || id.Prefix != "/boot/grub" || id.Features != want {
			t.Errorf("got %+v", id)
		}
	}
	if _, err := Look("stage2", stage2); err == nil {
		t.Error("stage2 is taken for a network boot program")
	}
}
