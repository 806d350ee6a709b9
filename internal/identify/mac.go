package identify

import (
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/dhcp"
)

// macPlatform is what a Mac's class (option 60) says of its firmware.
func macPlatform(class string) (boot.Firmware, boot.Arch) {
	mac, ok := bsdp.ParseClass([]byte(class))
	switch {
	case !ok:
		return "", ""
	case mac.Arch == bsdp.PPC:
		return boot.OpenFirmware, boot.PPC
	case mac.Arch != bsdp.I386:
		return "", ""
	case mac.EFI32():
		return boot.UEFI, boot.X86
	}
	return boot.UEFI, boot.X64
}

// asksForImages tells whether a message is that of a Mac whose firmware looks for
// images. Startup Disk, which wants its answer at a port of its own, is a system that
// runs.
func asksForImages(m *dhcpv4.DHCPv4) bool {
	r, err := bsdp.Read(m)
	return err == nil && r.Message == bsdp.MessageList && r.ReplyPort == dhcp.ClientPort
}
