package pxe_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/pxe"
)

// TestGoldenShapes keeps every shape byte for byte, as an answer to a UEFI and
// to a BIOS ROM of the captures.
func TestGoldenShapes(t *testing.T) {
	for _, capture := range []string{"edk2-x64-pxe-proxy", "bios-rom-costume"} {
		asked := requests(t, filepath.Join("testdata", "captures", capture+".pcap"))
		for _, s := range []struct {
			name  string
			shape pxe.Shape
		}{
			{"boot-server", pxe.Shape{Discovery: pxe.BootServer}},
			{"in-offer", pxe.Shape{Discovery: pxe.InOffer}},
			{"menu", pxe.Shape{Discovery: pxe.MenuDiscovery}},
			{"field-only", pxe.Shape{FieldOnly: true}},
			{"padded", pxe.Shape{Padded: true}},
		} {
			t.Run(capture+"/"+s.name, func(t *testing.T) {
				var text strings.Builder
				for _, a := range asked {
					m, err := dhcp.Parse(a.payload)
					if err != nil {
						t.Fatal(err)
					}
					b := bootFor(pxe.Read(m))
					b.Shape = s.shape
					if pxe.Proxied(a.port, m.MessageType()) {
						show(t, &text, "a proxy's reply", proxyReply(t, a.port, m, b))
					}
					if a.port == pxe.ServerPort && m.MessageType() == dhcpv4.MessageTypeDiscover {
						show(t, &text, "a DHCP server's reply", served(t, m, b))
					}
				}
				golden.File(t, filepath.Join("testdata", "golden", "shapes", capture+"-"+s.name+".txt"), text.String())
			})
		}
	}
}

func proxyReply(t *testing.T, port uint16, m *dhcpv4.DHCPv4, b pxe.Boot) *dhcpv4.DHCPv4 {
	t.Helper()
	answer := pxe.Offer
	if port == pxe.BootPort {
		answer = pxe.Answer
	}
	reply, err := answer(m, b)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// A menu is answered by the item that was chosen.
func TestMenuIsAnsweredByItsItem(t *testing.T) {
	b := boot
	b.Shape.Discovery = pxe.MenuDiscovery
	for _, options := range []map[uint8][]byte{uefiROM, biosROM} {
		offer, err := pxe.Offer(discover(options), b)
		if err != nil {
			t.Fatal(err)
		}
		if want := "\x06\x01\x03\x08\x07\x80\x00\x01\xc0\x00\x02\x01\x09\x07\x80\x00\x04Spur\x0a\x05\x00Spur\xff"; string(offer.Options[43]) != want {
			t.Errorf("option 43 is % x, want % x", offer.Options[43], want)
		}
		chosen := message(dhcpv4.MessageTypeRequest, options)
		chosen.Options[43] = []byte{71, 4, 0x80, 0, 0, 0, 255}
		reply, err := pxe.Answer(chosen, b)
		if err != nil || string(reply.Options[43]) != "\x47\x04\x80\x00\x00\x00\xff" || string(reply.Options[67]) != "boot" {
			t.Errorf("the answer is %s, %v", reply.Summary(), err)
		}
	}
}
