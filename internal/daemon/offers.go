package daemon

import (
	"context"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// maxAnswers bounds the requests that are being answered at one time: a boot
// API may take its time for each.
const maxAnswers = 1024

// offers says what machines boot, whatever they ask by: offers4 and offers6 read
// their requests and write the replies.
type offers struct {
	decider  decide.Decider
	tree     *tree.Tree // names what is offered
	events   *timeline.Timeline
	clients  *decide.Clients // that took addresses
	choices  decide.Choices  // from a menu
	only     pxe.BootType    // the boot server that Spur is in another server's menu; 0: it makes offers of its own
	recall   func(boot.MAC)  // has the timeline know what is kept of a machine; may be nil
	record   *recorder       // of what passes, for boots that fail; nil keeps nothing
	trouble  func(what string, mac boot.MAC, iface string, err error)
	panicked func(where string, value any, stack []byte)

	running sync.WaitGroup
	slots4  chan struct{} // of requests by DHCPv4
	slots6  chan struct{} // and by DHCPv6, which are nobody's else
	dropped atomic.Uint64
}

// answer has a machine's request answered on a goroutine of its own, so that an
// API that is slow about one machine delays no other; wait ends them. What
// exceeds the bound is dropped: clients repeat themselves.
func (o *offers) answer(slots chan struct{}, mac boot.MAC, answer func()) {
	select {
	case slots <- struct{}{}:
	default:
		o.dropped.Add(1)
		return
	}
	o.running.Go(func() {
		defer func() { <-slots }()
		defer func() {
			if value := recover(); value != nil {
				o.panicked("DHCP request of "+mac.String(), value, debug.Stack())
			}
		}()
		answer()
	})
}

// decide decides what a client boots, and has that written into a reply. The
// story says why where there is nothing to tell the client.
func (o *offers) decide(ctx context.Context, c boot.Client, write func(decide.Decision) error) (decide.Decision, bool) {
	if o.recall != nil {
		o.recall(c.MAC)
	}
	d, err := o.decider.Decide(ctx, c)
	if err != nil {
		o.events.Observe(silence(c, "", err))
		return decide.Decision{}, false
	}
	if err := write(d); err != nil {
		o.observeIgnored(c, err.Error())
		return decide.Decision{}, false
	}
	return d, true
}

// observeIgnored tells the timeline why a machine is left alone.
func (o *offers) observeIgnored(c boot.Client, reason string) {
	o.events.Observe(timeline.Event{Kind: timeline.Ignored, MAC: c.MAC, Client: c, Reason: reason})
}

// observeOffer tells the timeline what a machine is told to boot, and which
// address of ours goes with it, if any.
func (o *offers) observeOffer(kind timeline.Kind, d decide.Decision, address netip.Addr) {
	c, r := d.Client, d.Route
	if kind == timeline.Offered {
		o.clients.Offered(address, c, r)
	}
	o.events.Observe(timeline.Event{
		Kind: kind, MAC: c.MAC, Client: c, Route: r.Name, Proto: string(r.Via), Name: r.Give, Server: c.Server, Peer: address,
		Shape: d.Shape.Name, Reshaped: d.Reshaped, Sole: d.Sole, Menu: menuInStory(d.Menu), SaysUp: d.Payload.SaysUp(),
	})
}

// observeLease tells the timeline that we gave an address. A boot that is under way there
// goes on while the same machine takes the address again for something else than a boot:
// a loader does that without saying what it is.
func (o *offers) observeLease(c boot.Client, address netip.Addr, boots bool) {
	if known, ok := o.clients.At(address); boots || !ok || known.MAC != c.MAC {
		o.clients.Saw(address, c)
	}
	o.events.Observe(timeline.Event{Kind: timeline.Leased, MAC: c.MAC, Client: c, Peer: address, Server: c.Server})
}

// wait returns when every request that was taken has been answered.
func (o *offers) wait() { o.running.Wait() }

// droppedCount is how many requests were dropped because too many were being
// answered.
func (o *offers) droppedCount() uint64 {
	if o == nil {
		return 0
	}
	return o.dropped.Load()
}
