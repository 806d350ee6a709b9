package loader

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Of Debian's firmware for Raspberry Pis one file stands for all, which lie beside it.
func TestFindRaspberryPi(t *testing.T) {
	found, err := Find(nil, []string{unpacked(t, "raspi-firmware/bookworm", "usr/lib/raspi-firmware")}, nil)
	if err != nil || len(found) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	b := found[0]
	if b.File != route.RPiStarter || b.Identity.Kind != route.KindRPi || b.Firmware != boot.RPiFirmware || b.Identity.Version != "2022-08-26" {
		t.Errorf("found %+v", b)
	}
}

// A kernel without initrds has none in config.txt, and a command line no second line.
func TestRPiConfig(t *testing.T) {
	l := boot.Linux{Kernel: boot.File{Source: "/x/Image\nkernel=evil"}, DeviceTrees: []boot.File{{Source: "/x/bcm2712-rpi-5-b.dtb"}}}
	l.Cmdline.Text("quiet\r\nconsole=ttyS0")
	const want = "# Spur boots Image?kernel=evil on 00:00:00:00:00:00.\narm_64bit=1\nenable_uart=1\nkernel=kernel8.img\n"
	if got := RPiConfig(boot.Client{}, l); got != want {
		t.Errorf("config.txt is\n%s", got)
	}
	if got := RPiCmdline(l, URLs{}); got != "quiet console=ttyS0\n" {
		t.Errorf("cmdline.txt is %q", got)
	}
}
