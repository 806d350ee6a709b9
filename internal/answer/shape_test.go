package answer

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
)

// A ROM that asks again in the same transaction, though it was offered an
// address and a boot file, is offered the next shape; the last is sent a moment
// late. Our own server puts the shape into the ACK too.
func TestShapesInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
		ask := packetOf(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.WithBroadcast(true))
		theirs, err := dhcpv4.NewReplyFromRequest(ask.Message, dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer))
		if err != nil {
			t.Fatal(err)
		}
		theirs.YourIPAddr = net.IPv4(10, 0, 0, 23)
		for i, option43 := range []string{"", "\x06\x01\x08\xff", "\x06\x01\x03", "", "", ""} {
			o.Handle(t.Context(), ask)
			if i == 5 {
				synctest.Wait()
				time.Sleep(2 * time.Second) // which the DHCP server needs
				if len(out.all()) != i {
					t.Error("the late offer came before the other")
				}
				o.Overheard(dhcp.Overheard{Message: theirs, Time: time.Now()})
				time.Sleep(lateLook)
				synctest.Wait()
				if len(out.all()) != i+1 {
					t.Error("the late offer did not come after the other")
				}
			}
			o.Wait()
			offer := out.all()[i]
			if got := string(offer.Options[43]); len(got) < len(option43) || got[:len(option43)] != option43 || option43 == "" && got != "" {
				t.Errorf("offer %d: option 43 is %x", i, got)
			}
			if _, there := offer.Options[67]; there != (i != 3) {
				t.Errorf("offer %d: option 67 is there: %v", i, there)
			}
			o.Overheard(dhcp.Overheard{Message: theirs, Time: time.Now()})
			time.Sleep(4 * time.Second)
		}
	})
}

func TestShapesOfOurServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
		o.Addresses, o.Decider.Lease = ownServer(t), route.Ours
		rom := answertest.Machine(1, boot.BIOS, boot.ROM)
		for range 2 {
			o.Handle(t.Context(), packetOf(rom))
			o.Wait()
			time.Sleep(4 * time.Second)
		}
		plain, direct := out.all()[0], out.all()[1]
		if plain.Options[60] != nil || plain.Options[43] != nil || string(direct.Options[60]) != "PXEClient" || string(direct.Options[43]) != "\x06\x01\x08\xff" {
			t.Errorf("Offers: %s\n%s", plain.Summary(), direct.Summary())
		}
		take := dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest)
		o.Handle(t.Context(), packetOf(rom, take, dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IP(ourAddr.AsSlice()))),
			dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(direct.YourIPAddr))))
		o.Wait()
		if ack := out.all()[2]; ack.MessageType() != dhcpv4.MessageTypeAck || string(ack.Options[43]) != "\x06\x01\x08\xff" {
			t.Errorf("the ACK: %s", ack.Summary())
		}
	})
}
