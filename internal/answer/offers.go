package answer

import (
	"context"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/recorder"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// Offers says what machines boot, whatever they ask by: Offers4 and Offers6 read
// their requests and write the replies.
type Offers struct {
	Decider  decide.Decider
	Tree     *tree.Tree // names what is offered
	Events   *timeline.Timeline
	Clients  *decide.Clients    // that took addresses
	Only     pxe.BootType       // the boot server that Spur is in another server's menu; 0: it makes offers of its own
	Recall   func(boot.MAC)     // has the timeline know what is kept of a machine; may be nil
	Recorder *recorder.Recorder // of what passes, for boots that fail; nil keeps nothing
	Trouble  func(what string, mac boot.MAC, iface string, err error)
	Panicked func(where string, value any, stack []byte)

	choices    decide.Choices // from a menu
	addressees addressees     // of Macs' answers
	running    sync.WaitGroup
	slots4     chan struct{} // of requests by DHCPv4
	slots6     chan struct{} // and by DHCPv6, which are nobody's else
	waiting    waiting       // of those that gave their slot back
	dropped    atomic.Uint64
}

// New makes offers that are decided by d, and whose files t names. What else they have
// is set before the first request.
func New(d decide.Decider, t *tree.Tree, events *timeline.Timeline, clients *decide.Clients) *Offers {
	return &Offers{
		Decider: d, Tree: t, Events: events, Clients: clients,
		slots4: make(chan struct{}, maxAnswers), slots6: make(chan struct{}, maxAnswers),
	}
}

// answer has a machine's request answered on a goroutine of its own, so that an
// API that is slow about one machine delays no other; wait ends them. What
// exceeds the bound is dropped: clients repeat themselves.
func (o *Offers) answer(slots chan struct{}, c boot.Client, answer func(*slot)) {
	s := &slot{all: slots, waiting: &o.waiting, client: c}
	if !s.enter() {
		o.dropped.Add(1)
		return
	}
	o.running.Go(func() {
		defer s.leave()
		defer func() {
			if value := recover(); value != nil {
				o.Panicked("DHCP request of "+c.MAC.String(), value, debug.Stack())
			}
		}()
		answer(s)
	})
}

// decide decides what a client boots, and has that written into a reply. The
// story says why where there is nothing to tell the client.
func (o *Offers) decide(ctx context.Context, c boot.Client, write func(decide.Decision) error) (decide.Decision, bool) {
	if o.Recall != nil {
		o.Recall(c.MAC)
	}
	d, err := o.Decider.Decide(ctx, c)
	if err != nil {
		o.Events.Observe(Silence(c, "", err))
		return decide.Decision{}, false
	}
	if err := write(d); err != nil {
		o.observeIgnored(c, err.Error())
		return decide.Decision{}, false
	}
	return d, true
}

// observeIgnored tells the timeline why a machine is left alone.
func (o *Offers) observeIgnored(c boot.Client, reason string) {
	o.Events.Observe(timeline.Event{Kind: timeline.Ignored, MAC: c.MAC, Client: c, Reason: reason})
}

// observeOffer tells the timeline what a machine is told to boot, and which
// address of ours goes with it, if any.
func (o *Offers) observeOffer(kind timeline.Kind, d decide.Decision, address netip.Addr) {
	c, r := d.Client, d.Route
	if kind == timeline.Offered {
		o.Clients.Offered(address, c, r)
	}
	o.Events.Observe(timeline.Event{
		Kind: kind, MAC: c.MAC, Client: c, Route: r.Name, Proto: string(r.Via), Name: r.Give, Server: c.Server, Peer: address,
		Shape: d.Shape.Name, Reshaped: d.Reshaped, Sole: d.Sole, Menu: menuInStory(d.Menu), SaysUp: d.Payload.SaysUp(),
		Needs: r.Needs(c, d.Payload), Content: d.Payload.Kind(), Xen: d.Payload.IsXen(), Row: d.Payload.Row,
	})
}

// observeLease tells the timeline that we gave an address. A boot that is under way there
// goes on while the same machine takes the address again for something else than a boot:
// a loader does that without saying what it is.
func (o *Offers) observeLease(c boot.Client, address netip.Addr, boots bool) {
	if boots || !o.Clients.IsAt(address, c) {
		o.Clients.Saw(address, c)
	}
	o.Events.Observe(timeline.Event{Kind: timeline.Leased, MAC: c.MAC, Client: c, Peer: address, Server: c.Server})
}

// Wait returns when every request that was taken has been answered.
func (o *Offers) Wait() { o.running.Wait() }

// Dropped is how many requests were dropped because too many were being
// answered.
func (o *Offers) Dropped() uint64 {
	if o == nil {
		return 0
	}
	return o.dropped.Load()
}
