package onlooker

import (
	"net/netip"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/timeline"
)

// macChooses is a Mac's SELECT, for the boot server that it names.
func (o *overhearing) macChooses(i *capture.Item, m *dhcpv4.DHCPv4, c boot.Client) {
	r, err := bsdp.Read(m)
	if err != nil || r.Message != bsdp.MessageSelect {
		return
	}
	o.client = c
	chosen := "the usual image"
	if r.Selects {
		chosen = o.imageName(r.Selected)
	}
	o.add(i.Time, timeline.Event{Kind: timeline.BootAsked, Proto: "dhcp", Client: c, Peer: r.Address, Server: r.Server, Reason: chosen})
}

// macReply is a NetBoot server's answer: the images that it has for a Mac, or the booter
// of the one that was chosen.
func (o *overhearing) macReply(i *capture.Item, m *dhcpv4.DHCPv4) {
	options, server := bsdp.Parse(m.Options[uint8(dhcpv4.OptionVendorSpecificInformation)]), identify.Addr(m.ServerIdentifier())
	if m.MessageType() == dhcpv4.MessageTypeOffer {
		o.named(i.Time, timeline.Offered, identify.BootFile(m), server, netip.Addr{})
		return
	}
	kind := options[bsdp.CodeMessage]
	if len(kind) != 1 {
		return
	}
	switch bsdp.Message(kind[0]) {
	case bsdp.MessageSelect:
		o.named(i.Time, timeline.Answered, identify.BootFile(m), server, netip.Addr{})
	case bsdp.MessageList:
		o.images, _ = bsdp.ParseImages(options[bsdp.CodeImages]) // as far as they can be read
		names := make([]string, 0, len(o.images))
		for _, image := range o.images {
			names = append(names, image.Name)
		}
		o.add(i.Time, timeline.Event{Kind: timeline.Listed, Proto: "dhcp", Client: o.client, Server: server, Name: strings.Join(names, ", ")})
	case bsdp.MessageFailed:
		o.add(i.Time, timeline.Event{Kind: timeline.Ignored, Client: o.client, Reason: server.String() + " says that the image which it chose isn't there"})
	}
}

// imageName is what a Mac was told that an image is called.
func (o *overhearing) imageName(id bsdp.ImageID) string {
	for _, image := range o.images {
		if image.ID == id {
			return image.Name
		}
	}
	return "the image " + id.String()
}
