package pxe_test

import (
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/pxe"
)

// U-Boot is told from other firmware, whatever it calls itself.
func TestUBoot(t *testing.T) {
	asks := func(class string, arch ...byte) map[uint8][]byte {
		options := map[uint8][]byte{60: []byte(class), 94: {1, 0, 0}, 55: {1, 3, 6, 12, 17}}
		if len(arch) > 0 {
			options[93] = []byte{0, arch[0]}
		}
		return options
	}
	edk2 := asks("PXEClient:Arch:00011:UNDI:003000", 11)
	edk2[94], edk2[55] = []byte{1, 3, 0}, []byte{1, 2, 3, 43, 60, 66, 67}
	asking67 := asks("PXEClient:Arch:00011:UNDI:003000", 11)
	asking67[55] = []byte{1, 3, 67}
	for name, c := range map[string]struct {
		options map[uint8][]byte
		speaker pxe.Speaker
		archs   []pxe.Arch
	}{
		"armv8":                    {asks("U-Boot.armv8", 22), pxe.UBoot, []pxe.Arch{pxe.ArchARM64UBoot}},
		"armv8 without a number":   {asks("U-Boot.armv8"), pxe.UBoot, []pxe.Arch{pxe.ArchARM64UBoot}},
		"armv7 without a number":   {asks("U-Boot.armv7"), pxe.UBoot, []pxe.Arch{pxe.ArchARMUBoot}},
		"wordless":                 {asks("U-Boot"), pxe.UBoot, nil},
		"EFI, decimal":             {asks("PXEClient:Arch:00011:UNDI:003000", 11), pxe.UBoot, []pxe.Arch{pxe.ArchARM64}},
		"EFI, hexadecimal":         {asks("PXEClient:Arch:0000b:UNDI:003000", 11), pxe.UBoot, []pxe.Arch{pxe.ArchARM64}},
		"EFI, hexadecimal alone":   {asks("PXEClient:Arch:0001b:UNDI:003000"), pxe.UBoot, []pxe.Arch{pxe.ArchRISCV64}},
		"EFI on x64 by bootstd":    {asks("PXEClient:Arch:00006:UNDI:003000", 6), pxe.UBoot, []pxe.Arch{pxe.ArchX64}},
		"EFI on x64 by distro":     {asks("PXEClient:Arch:00007:UNDI:003000", 7), pxe.UBoot, []pxe.Arch{pxe.ArchX64}},
		"edk2":                     {edk2, pxe.ROM, []pxe.Arch{pxe.ArchARM64}},
		"one that wants option 67": {asking67, pxe.ROM, []pxe.Arch{pxe.ArchARM64}},
	} {
		t.Run(name, func(t *testing.T) {
			r := pxe.Read(discover(c.options))
			if r.Speaker != c.speaker || !slices.Equal(r.Archs, c.archs) || !r.IsBoot() {
				t.Errorf("got %+v", r)
			}
		})
	}
}
