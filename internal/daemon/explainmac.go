package daemon

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/route"
)

// macQuestion makes a Mac of a question that asks for one.
func macQuestion(c boot.Client) (Question, error) {
	if c.IPv6 {
		return Question{}, advice.New("no Mac boots over IPv6", "name an IPv4 address as --server")
	}
	usual := map[boot.Firmware]boot.Arch{boot.UEFI: boot.X64, boot.OpenFirmware: boot.PPC}[c.Firmware]
	if usual == "" {
		return Question{}, advice.New(fmt.Sprintf("--firmware %s is none of a Mac that boots by bsdp", c.Firmware), "it is uefi or open-firmware")
	}
	known := []boot.Arch{usual, ""}
	if c.Firmware == boot.UEFI {
		known = append(known, boot.X86)
	}
	if !slices.Contains(known, c.Arch) {
		return Question{}, advice.New(fmt.Sprintf("no Mac of the architecture %s boots by bsdp", c.Arch), "leave --arch out")
	}
	if c.Arch == "" {
		c.Arch = usual
	}
	c.Loader, c.Features, c.UUID = boot.Apple, 0, boot.UUID{}
	return Question{Client: c}, nil
}

// everyMac are the Macs that images have a booter for.
func everyMac(images boot.NetBoot) []boot.Client {
	var all []boot.Client
	for _, c := range []boot.Client{{Firmware: boot.UEFI, Arch: boot.X64}, {Firmware: boot.OpenFirmware, Arch: boot.PPC}} {
		if slices.Contains(images.Archs(), c.NetBootArch()) {
			c.Proto, c.Loader = boot.BSDP, boot.Apple
			all = append(all, c)
		}
	}
	return all
}

// macRequestOf is the INFORM[SELECT] of a Mac like this one, which chooses what is
// booted where nobody does.
func macRequestOf(c boot.Client) *dhcpv4.DHCPv4 {
	model := "iMac14,3"
	switch {
	case c.Firmware == boot.OpenFirmware:
		model = "PowerMac3,6"
	case c.Arch == boot.X86:
		model = "iMac4,1"
	}
	server := c.Server.As4()
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, ClientHWAddr: c.MAC[:], Options: dhcpv4.Options{},
		ClientIPAddr: c.Server.Next().AsSlice(), // an example
	}
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeInform))
	m.UpdateOption(dhcpv4.OptClassIdentifier(bsdp.VendorClass + "/" + c.NetBootArch() + "/" + model))
	m.Options[dhcpv4.OptionVendorSpecificInformation.Code()] = append(
		[]byte{byte(bsdp.CodeMessage), 1, byte(bsdp.MessageSelect), byte(bsdp.CodeVersion), 2, 1, 1, byte(bsdp.CodeServer), 4}, server[:]...)
	return m
}

// offerMac shows what a Mac is told that has chosen an image.
func (e *explanation) offerMac(c boot.Client, r route.Route, indent string) error {
	m := macRequestOf(c)
	request, err := bsdp.Read(m)
	if err != nil {
		return err
	}
	images := netBootImages(e.payload)
	var names []string
	for _, i := range bsdp.Offered(images, request) {
		names = append(names, fmt.Sprintf("%s (%s)", i.Name, i.ID))
	}
	chosen, ok := bsdp.Find(images, request)
	if !ok {
		e.line("%sno image is for a Mac like this one, %s", indent, request.Class.Model)
		return nil
	}
	_, b := netBootOf(e.tree, decide.Decision{Client: c, Payload: e.payload, Route: r}, chosen)
	reply, err := bsdp.Select(m, request, bsdp.Server{Addr: c.Server, Priority: bsdp.UsualPriority}, b)
	if err != nil {
		return err
	}
	e.line("%simages      %s", indent, strings.Join(names, ", "))
	e.line("%snext-server %s", indent, c.Server)
	e.line("%sfile        %s", indent, b.File)
	if b.RootPath != "" {
		e.line("%sroot-path   %s", indent, b.RootPath)
	}
	if !e.question.Bytes {
		return nil
	}
	for line := range strings.Lines(hex.Dump(dhcp.Marshal(reply))) {
		e.line("%s%s", indent, strings.TrimRight(line, "\n"))
	}
	return nil
}

// booter explains what a Mac does with the booter of an image.
func (e *explanation) booter(c boot.Client, r route.Route, indent string) {
	images, _ := e.payload.Content.(boot.NetBoot)
	for _, i := range images.Images {
		if b, ok := i.Booter(c.NetBootArch()); ok {
			e.line("%s%s of %s is %s; what it asks for beside itself lies beside that file", indent, r.Give, i.Name, b.File.Source)
		}
	}
}
