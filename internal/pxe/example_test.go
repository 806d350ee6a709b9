package pxe_test

import (
	"fmt"
	"net/netip"

	"github.com/spurboot/spur/internal/pxe"
)

// A machine asks, and is told what to boot without being given an address.
func ExampleOffer() {
	ask := discover(map[uint8][]byte{60: []byte("PXEClient:Arch:00011:UNDI:003016")})
	fmt.Println(pxe.Read(ask).Arch())

	offer, err := pxe.Offer(ask, pxe.Boot{Server: netip.MustParseAddr("192.0.2.1"), File: "k3/snponly.efi"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(offer.MessageType(), offer.ServerIPAddr, offer.BootFileName, offer.YourIPAddr)
	// Output:
	// ARM 64-bit UEFI
	// OFFER 192.0.2.1 k3/snponly.efi 0.0.0.0
}
