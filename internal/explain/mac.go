package explain

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/identify"
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

// macExchange is what a Mac and Spur say to each other.
type macExchange struct {
	list, listed, selects, selected *dhcpv4.DHCPv4
	images                          []bsdp.Image // that the Mac is shown; none where it isn't answered
	boot                            bsdp.Boot
}

// macExchange is that of a Mac like this one, which makes no choice.
func (e *explanation) macExchange(c boot.Client, r route.Route) (x macExchange, err error) {
	server := bsdp.Server{Addr: c.Server, Priority: bsdp.UsualPriority}
	images := answer.NetBootImages(e.payload)
	x.list, x.selects = identify.MacRequest(c, bsdp.MessageList), identify.MacRequest(c, bsdp.MessageSelect)
	request, err := bsdp.Read(x.list)
	if err != nil {
		return x, err
	}
	if x.images = bsdp.Offered(images, request); len(x.images) == 0 {
		return x, nil
	}
	x.listed = bsdp.List(x.list, request, server, images, 0)
	if request, err = bsdp.Read(x.selects); err != nil {
		return x, err
	}
	_, x.boot = answer.NetBootOf(e.tree, decide.Decision{Client: c, Payload: e.payload, Route: r}, x.images[0])
	x.selected, err = bsdp.Select(x.selects, request, server, x.boot)
	return x, err
}

// offerMac shows what a Mac is told that has chosen an image.
func (e *explanation) offerMac(c boot.Client, r route.Route, indent string) error {
	x, err := e.macExchange(c, r)
	if err != nil {
		return err
	}
	if len(x.images) == 0 {
		e.line("%sno image is for a Mac like this one, %s", indent, x.list.ClassIdentifier())
		return nil
	}
	var names []string
	for _, i := range x.images {
		names = append(names, fmt.Sprintf("%s (%s)", i.Name, i.ID))
	}
	e.line("%simages      %s", indent, strings.Join(names, ", "))
	e.line("%snext-server %s", indent, c.Server)
	e.line("%sfile        %s", indent, x.boot.File)
	if x.boot.RootPath != "" {
		e.line("%sroot-path   %s", indent, x.boot.RootPath)
	}
	if e.question.Bytes && !e.question.Packets {
		for line := range strings.Lines(hex.Dump(dhcp.Marshal(x.selected))) {
			e.line("%s%s", indent, strings.TrimRight(line, "\n"))
		}
	}
	return nil
}

// packetsMac shows the packets that a Mac with an address and Spur would exchange.
func (e *explanation) packetsMac(c boot.Client, r route.Route, indent string) error {
	x, err := e.macExchange(c, r)
	if err != nil || len(x.images) == 0 {
		return err
	}
	e.line("%sPackets, once the Mac has an address:", indent)
	for _, p := range []struct {
		who string
		m   *dhcpv4.DHCPv4
	}{
		{"the Mac to everybody, port 67", x.list}, {"Spur to the Mac", x.listed},
		{"the Mac to everybody, port 67", x.selects}, {"Spur to the Mac", x.selected},
	} {
		e.showPacket(indent+"  ", p.who, dhcp.Marshal(p.m), dissect.DHCP)
	}
	e.line("%s  the Mac to Spur, TFTP: %s", indent, x.boot.File)
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
