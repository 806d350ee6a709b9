package answer

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/resolver"
)

// asksOf are DISCOVERs of many machines, in frames of their own or of one sender.
func asksOf(n int, sender *boot.MAC) []dhcp.Packet {
	var all []dhcp.Packet
	for i := range n {
		c := answertest.Machine(1, boot.UEFI, boot.ROM)
		binary.BigEndian.PutUint32(c.MAC[:], 0x02770000+uint32(i))
		p := packetOf(c)
		p.FromMAC = c.MAC[:]
		if sender != nil {
			p.FromMAC = sender[:]
		}
		all = append(all, p)
	}
	return all
}

// Requests that wait for what other servers answer keep none from being answered, and
// where too many wait the next ones don't.
func TestWaitingHoldsNoSlot(t *testing.T) {
	for name, sender := range map[string]*boot.MAC{"many senders": nil, "one sender": {2, 0x66}} {
		synctest.Test(t, func(t *testing.T) {
			o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
			o.Reach = func(_ context.Context, p dhcp.Packet, wait func(func()) bool) dhcp.Packet {
				wait(func() { time.Sleep(time.Second) })
				return p
			}
			most := maxWaiting
			if sender != nil {
				most = senderWaiting
			}
			for _, p := range asksOf(3000, sender) {
				o.Handle(t.Context(), p)
				synctest.Wait()
			}
			if got := len(out.all()); got != 3000-most || o.Dropped() != 0 {
				t.Errorf("%s: %d are answered at once, %d are dropped", name, got, o.Dropped())
			}
			time.Sleep(2 * time.Second)
			o.Wait()
			if got := len(out.all()); got != 3000 || len(o.slots4) != 0 || len(o.waiting.machines) != 0 || len(o.waiting.senders) != 0 {
				t.Errorf("%s: %d are answered in the end; %d slots are held, %v wait", name, got, len(o.slots4), o.waiting.machines)
			}
		})
	}
}

// A machine waits in one place, however often it asks.
func TestOneWaitForEachMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
		o.Reach = func(_ context.Context, p dhcp.Packet, wait func(func()) bool) dhcp.Packet {
			wait(func() { time.Sleep(time.Second) })
			return p
		}
		p := asksOf(1, nil)[0]
		for range 3 {
			o.Handle(t.Context(), p)
			synctest.Wait()
		}
		if got := len(out.all()); got != 2 {
			t.Errorf("%d are answered at once", got)
		}
		o.Wait()
	})
}

// A late offer for which there is no place to wait isn't made: the machine asks again.
func TestLateOffersHoldNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
		o.Decider.Shapes = func(boot.MAC) (string, []string) { return "late", nil }
		asks := asksOf(2000, nil)
		for _, p := range asks {
			p.Message.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeDiscover))
			o.Handle(t.Context(), p)
			synctest.Wait()
		}
		if held := len(o.slots4); held != 0 || len(out.all()) != 0 {
			t.Errorf("%d slots are held, %d offers are made at once", held, len(out.all()))
		}
		time.Sleep(lateMost + time.Second)
		o.Wait()
		if got := len(out.all()); got != maxWaiting {
			t.Errorf("%d late offers are made", got)
		}
	})
}
