package resolver

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestByArch(t *testing.T) {
	named := func(source string) boot.Payload {
		return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: source}}}
	}
	s := ByArch{Payload: named("/any"), For: map[boot.Arch]boot.Payload{boot.ARM64: named("/arm64"), boot.X86: named("/x86")}}
	for client, want := range map[boot.Client]string{
		{Firmware: boot.UEFI, Arch: boot.X64}:                            "any",
		{Firmware: boot.UEFI, Arch: boot.ARM64}:                          "arm64",
		{Firmware: boot.UEFI, Arch: boot.X86}:                            "x86",
		{Firmware: boot.BIOS, Arch: boot.X86}:                            "any",
		{Loader: boot.RPi}:                                               "any",
		{Loader: boot.RPi, Firmware: boot.RPiFirmware, Arch: boot.ARM64}: "arm64",
	} {
		if got, err := s.Resolve(t.Context(), client); err != nil || got.Title() != want {
			t.Errorf("%s gets %s, %v; want %s", client.Platform(), got.Title(), err, want)
		}
	}
}
