package target

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// Targets that were looked into as one have items of their own, on each architecture.
func TestSetItem(t *testing.T) {
	once := Inspected{others: []forOne{{arch: boot.ARM64}}}
	always := once
	once.SetItem(1)
	always.SetItem(2)
	for _, arch := range []boot.Arch{boot.X64, boot.ARM64} {
		c := boot.Client{Firmware: boot.UEFI, Arch: arch}
		if a, b := once.On(c).Payload.Item, always.On(c).Payload.Item; a != 1 || b != 2 {
			t.Errorf("%s: %d, %d", arch, a, b)
		}
	}
}
