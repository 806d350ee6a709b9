package outlook

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Kinds are the kinds of machines that are asked about: those of one of the architectures, with
// one of the kinds of firmware. An empty list leaves it open.
type Kinds struct {
	Archs    []boot.Arch // of the firmware; a BIOS tells none
	Firmware []boot.Firmware
}

// has tells whether a client is one of them.
func (k Kinds) has(c boot.Client) bool {
	return (len(k.Archs) == 0 || slices.Contains(k.Archs, c.FirmwareArch())) &&
		(len(k.Firmware) == 0 || slices.Contains(k.Firmware, c.Firmware))
}

// hasUEFI tells whether UEFI machines of an architecture are among them; of any for "".
func (k Kinds) hasUEFI(arch boot.Arch) bool {
	if arch == "" {
		k.Archs = nil
	}
	return k.has(boot.Client{Firmware: boot.UEFI, Arch: arch})
}

// only are the clients among some that are of these kinds.
func (k Kinds) only(clients []boot.Client) []boot.Client {
	return slices.DeleteFunc(clients, func(c boot.Client) bool { return !k.has(c) })
}

// clients are those of a payload's architectures, and of what else is asked about.
func (k Kinds) clients(p boot.Payload) []boot.Client {
	all := everyClient(p)
	for _, arch := range k.Archs {
		if !slices.ContainsFunc(all, func(c boot.Client) bool { return c.FirmwareArch() == arch }) {
			all = append(append(all, everyUEFI(arch)...), everyUBoot(arch)...)
		}
	}
	return k.only(all)
}
