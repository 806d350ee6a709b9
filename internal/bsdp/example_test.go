package bsdp_test

import (
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/bsdp"
)

// A Mac asks which images there are, and is told.
func Example() {
	request, err := dhcpv4.New(
		dhcpv4.WithMessageType(dhcpv4.MessageTypeInform), dhcpv4.WithClientIP([]byte{10, 0, 0, 10}), dhcpv4.WithHwAddr([]byte{0, 0x1b, 0x63, 1, 2, 3}),
		dhcpv4.WithGeneric(dhcpv4.OptionClassIdentifier, []byte("AAPLBSDPC/i386/MacBookPro6,2")),
		dhcpv4.WithGeneric(dhcpv4.OptionVendorSpecificInformation, []byte{1, 1, 1, 2, 2, 1, 1}),
	)
	if err != nil {
		panic(err)
	}
	mac, err := bsdp.Read(request)
	if err != nil {
		panic(err)
	}
	images := []bsdp.Image{{ID: bsdp.NewImageID(bsdp.MacOSX, true, 100), Name: "El Capitan", Archs: []string{bsdp.I386}}}
	answer := bsdp.List(request, mac, bsdp.Server{Addr: netip.MustParseAddr("10.0.0.1"), Priority: bsdp.UsualPriority}, images, 0)

	options := bsdp.Parse(answer.Options[43])
	listed, err := bsdp.ParseImages(options[bsdp.CodeImages])
	if err != nil {
		panic(err)
	}
	usual, _ := options.Image(bsdp.CodeDefault)
	fmt.Println(mac.Class.Model, mac.Message, "->", listed[0].Name, usual)
	// Output: MacBookPro6,2 LIST -> El Capitan 0x81000064
}
