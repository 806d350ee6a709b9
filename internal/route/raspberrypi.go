package route

import (
	"fmt"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// The files of a Raspberry Pi's boot that Spur names or writes.
const (
	RPiConfig   = "config.txt"   // tells its firmware what to load
	RPiCmdline  = "cmdline.txt"  // the kernel's command line
	RPiKernel   = "kernel8.img"  // what a kernel of 64 bits is called by default
	RPiInitrd   = "initramfs"    // all initrds of a kernel as one
	RPiImage    = "boot.img"     // all of a boot over HTTP
	RPiStarter  = "start4.elf"   // the firmware of a 4, which stands for that of all models
	rpiBootcode = "bootcode.bin" // what the ROM of a 3 loads before its firmware
)

// Unsealed tells whether who boots by the route asks for files by names of its own at
// the server's root, whatever it was told.
func (r Route) Unsealed() bool { return r.Loader == boot.RPi }

// IsRPiFirmware tells whether a file is one of those with which Raspberry Pis before
// the 5 start: bootcode.bin, start*.elf and the fixup*.dat that goes with it.
func IsRPiFirmware(name string) bool {
	matches := func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // these patterns are right
		return ok
	}
	return name == rpiBootcode || matches("start*.elf") || matches("fixup*.dat")
}

// RPiRole is what a file is that a Raspberry Pi asks for, by its name. UEFI firmware
// and U-Boot, which its own starts in a kernel's place, go on asking.
func RPiRole(name string) Role {
	base := strings.ToLower(path.Base(name))
	begins := func(prefixes ...string) bool {
		for _, prefix := range prefixes {
			if strings.HasPrefix(base, prefix) {
				return true
			}
		}
		return false
	}
	switch {
	case IsRPiFirmware(base), begins("rpi_efi", "u-boot", "uboot"), strings.HasSuffix(base, ".fd"):
		return NBP
	case base == RPiConfig, base == RPiCmdline:
		return Script
	case begins("kernel", "vmlinu", "zimage"), base == "image", base == RPiImage:
		return Kernel
	case begins("initr"):
		return Initrd
	}
	return Extra
}

// RPiNeeds tells whether a Raspberry Pi stops where a file isn't there. It looks for
// many others, and does without them.
func RPiNeeds(c boot.Client, name string) bool {
	switch c.Model {
	case "Raspberry Pi 4":
		return name == RPiStarter || IsRPiDeviceTree(name)
	case "Raspberry Pi 5":
		return IsRPiDeviceTree(name)
	}
	return name == rpiBootcode || name == "start.elf" || IsRPiDeviceTree(name)
}

// IsRPiDeviceTree tells whether a file describes a board to its kernel.
func IsRPiDeviceTree(name string) bool {
	return strings.HasPrefix(name, "bcm2") && path.Ext(name) == ".dtb" && path.Base(name) == name
}

// unfitRPi says why a kernel can't be put together with a Raspberry Pi's firmware, or
// "".
func unfitRPi(c boot.Client, p boot.Payload, host Host) string {
	if c.Firmware != boot.RPiFirmware {
		return "only a Raspberry Pi's own firmware starts a kernel so"
	}
	if why := unfitKernel(c, p, host); why != "" {
		return why
	}
	switch l := p.Content.(boot.Linux); {
	case l.Abilities.EFIOnly:
		return fmt.Sprintf("%s unpacks itself only as an EFI application, which a Raspberry Pi's own firmware doesn't start", l.Title())
	case len(l.DeviceTrees) == 0 && l.DeviceTree == (boot.File{}):
		return fmt.Sprintf("no device trees (bcm27*.dtb) lie with %s, without which no kernel starts on a Raspberry Pi; take it from the folder boot of its package, unpacked as a whole, put them beside it, or name them with --dtb", l.Title())
	}
	return ""
}
