package route

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

var rpi4 = boot.Client{Firmware: boot.RPiFirmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.RPi, Model: "Raspberry Pi 4"}

// What a Raspberry Pi's own firmware can start, and what is in the way of the rest.
func TestRaspberryPiRoutes(t *testing.T) {
	good := boot.Linux{Kernel: boot.File{Source: "/boot/Image"}, Arch: boot.ARM64, DeviceTrees: []boot.File{{Source: "/boot/bcm2711-rpi-4-b.dtb"}}}
	with := func(change func(*boot.Linux)) boot.Payload {
		l := good
		change(&l)
		return boot.Payload{Content: l}
	}
	for _, tt := range []struct {
		name    string
		payload boot.Payload
		host    Host
		why     string
	}{
		{"a kernel with its device trees", boot.Payload{Content: good}, all(), ""},
		{"compressed with gzip, as Raspberry Pi's own are", with(func(l *boot.Linux) { l.Abilities = boot.Abilities{Known: true, Compression: "gzip"} }), all(), ""},
		{"without firmware here", boot.Payload{Content: good}, Host{}, "start4.elf was not found on this host; Debian has it in package raspi-firmware (component non-free-firmware)"},
		{"without device trees", with(func(l *boot.Linux) { l.DeviceTrees = nil }), all(), "no device trees (bcm27*.dtb) lie with Image"},
		{"for x64", with(func(l *boot.Linux) { l.Arch = boot.X64 }), all(), "a kernel for x64, the machine is arm64"},
		{"for 32 bits", with(func(l *boot.Linux) { l.Arch = boot.ARM }), all(), "a kernel for arm, the machine is arm64"},
		{"that unpacks itself under UEFI", with(func(l *boot.Linux) { l.Abilities = boot.Abilities{Known: true, EFIStub: true, EFIOnly: true} }), all(), "only as an EFI application"},
		{"an iPXE script", boot.Payload{Content: boot.Script{}}, all(), "an iPXE script, which a Raspberry Pi's bootloader can't start by itself"},
		{"an EFI application", program(boot.ARM64), all(), "an EFI application, which a Raspberry Pi's bootloader can't start by itself"},
	} {
		ladder := Routes(rpi4, tt.payload, tt.host)
		why := ladder.Obstacle(rpi4)
		switch {
		case tt.why == "" && (len(ladder.Routes) != 1 || ladder.Routes[0].Name != "rpi-tftp" || !ladder.Routes[0].Unsealed()):
			t.Errorf("%s: %+v, %s", tt.name, ladder.Routes, why)
		case tt.why != "" && !strings.Contains(why, tt.why):
			t.Errorf("%s: %s", tt.name, why)
		}
	}
	for _, other := range []boot.Client{biosROM, armROM, armIPXE} {
		for _, r := range Routes(other, boot.Payload{Content: good}, all()).Routes {
			if r.Unsealed() || r.Form == RPiForm {
				t.Errorf("%s goes by %s", other.Platform(), r.Name)
			}
		}
	}
}

func TestRaspberryPiRoles(t *testing.T) {
	for name, want := range map[string]Role{
		"bootcode.bin": NBP, "start4.elf": NBP, "start4x.elf": NBP, "fixup4.dat": NBP, "RPI_EFI.fd": NBP, "u-boot.bin": NBP, "u-boot-rpi-arm64.bin": NBP,
		"config.txt": Script, "cmdline.txt": Script, "kernel8.img": Kernel, "kernel_2712.img": Kernel, "vmlinuz-6.1.0": Kernel, "boot.img": Kernel, "Image": Kernel,
		"initrd.img-6.1.0": Initrd, "initramfs8": Initrd, "bcm2711-rpi-4-b.dtb": Extra, "overlays/vc4.dtbo": Extra, "boot.sig": Extra, "recovery.elf": Extra,
	} {
		if got := RPiRole(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// Of a folder for several models a 4 begins with firmware of its own.
func TestRaspberryPi4InFolder(t *testing.T) {
	p := boot.Payload{Content: boot.Folder{Dir: "/pi", Programs: []boot.Program{{Name: "boot/start.elf", Firmware: boot.RPiFirmware, Arch: boot.ARM64}}}}
	other := rpi4
	other.Model = ""
	for want, c := range map[string]boot.Client{"boot/start4.elf": rpi4, "boot/start.elf": other} {
		if first, ok := Routes(c, p, Host{}).Pick(nil); !ok || first.Give != want {
			t.Errorf("%q is given %+v, want %s", c.Model, first, want)
		}
	}
}
