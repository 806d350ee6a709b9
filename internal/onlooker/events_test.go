package onlooker

import (
	"net/netip"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/timeline"
)

// In a capture too it is no failure that a shim or a GRUB looks for what it does without.
func TestSpareFiles(t *testing.T) {
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for name, spare := range map[string]bool{"revocations_sku.efi": true, "grub/x86_64-efi/fs.lst": true, "boot/grub/menu.lst": false, "grub/grub.cfg": false} {
		events := Events(&capture.Machine{MAC: boot.MAC{2, 0, 0, 0, 0, 1}, Items: []*capture.Item{{Proto: capture.Fetch, Time: start, Transfer: &capture.Transfer{
			Proto: "tftp", Name: name, Client: netip.MustParseAddrPort("10.0.0.9:2000"), Server: netip.MustParseAddrPort("10.0.0.1:69"),
			Start: start, Last: start, Err: "the server says no", Missing: true,
		}}}})
		last := events[len(events)-1]
		if last.Kind != timeline.FetchFailed || last.Spare != spare {
			t.Errorf("%s: %+v", name, last)
		}
	}
}
