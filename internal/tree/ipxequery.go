package tree

import (
	"net/url"

	"github.com/spurboot/spur/internal/boot"
)

// serialKey is the key under which iPXE tells the serial number of its machine.
const serialKey = "serial"

// ClientFromQuery reads what loader.AskScript makes iPXE tell of itself. ok is
// false without a MAC.
func ClientFromQuery(q url.Values) (c boot.Client, ok bool) {
	mac, err := boot.ParseMAC(q.Get("mac"))
	if err != nil {
		return boot.Client{}, false
	}
	uuid, _ := boot.ParseUUID(q.Get("uuid")) // without one it has told none
	c = boot.Client{
		MAC: mac, UUID: uuid, Serial: boot.ParseSerial(q.Get(serialKey)), Arch: buildArch(q.Get("arch")),
		Proto: boot.PXE, Loader: boot.IPXE,
		// It has just used HTTP to ask; what else it has, a script can't tell.
		Features: boot.UsualIPXE,
	}
	switch q.Get("platform") {
	case "pcbios":
		// iPXE's BIOS builds call themselves i386 on every processor.
		c.Firmware, c.Arch = boot.BIOS, boot.X86
	case "efi":
		c.Firmware = boot.UEFI
	}
	return c, true
}

// buildArch translates iPXE's ${buildarch}.
func buildArch(s string) boot.Arch {
	switch s {
	case "i386":
		return boot.X86
	case "x86_64":
		return boot.X64
	case "arm32":
		return boot.ARM
	case "arm64", "riscv32", "riscv64", "loong64":
		return boot.Arch(s)
	}
	return ""
}
