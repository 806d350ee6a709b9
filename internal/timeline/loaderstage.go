package timeline

import (
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// loaderStage is what the program that speaks now has reached: first the ROM,
// then the loader, which asks for an address all over again.
type loaderStage struct {
	client         boot.Client
	asks           int
	lastAsk        time.Time
	audible        bool // other servers' offers would be heard
	offers         int  // by the latest route
	firstOffer     time.Time
	route          string   // of our latest offer
	shape          string   // likewise
	shapes         []string // that were offered, in order
	refusals       int      // of the latest route
	routeChanged   bool     // it refused another route before
	offered        offersSinceAsk
	other          otherOffer // of an address, the latest
	rival          otherOffer // that names a boot file, the latest
	file           string     // what we offered or answered
	proto          string     // how to fetch it
	offeredAddress bool       // we offered the address too
	ours           netip.Addr // our address
	took           bool       // an address of some DHCP server
	chose          netip.Addr // the DHCP server whose address it took, where that is told
	ourNear        netip.Addr // our address on the network of the one that it took
	leased         bool       // by us
	menu           *Menu      // from which it lets people choose; nil for none
	bootAsked      bool
	answered       bool
	fetched        bool
	notFound       Transfer // of a file that it looked for last, in vain
	wanting        wanting
	besides        bool // it asks by the other version of IP as well
	runs           bool // the loader that was fetched last asked for what it does without
}

// addressed tells whether the program went on from its DISCOVER.
func (h loaderStage) addressed() bool { return h.took || h.leased }

// moved tells whether the program did anything but ask.
func (h loaderStage) moved() bool { return h.addressed() || h.bootAsked || h.fetched }

// asked folds a DISCOVER: the first of a program is a step, a repetition is
// counted.
func (a Attempt) asked(e Event) (Attempt, []Step) {
	h := a.loaderStage
	switch {
	case h.asks > 0 && !h.moved() && sameProgram(h.client, e.Client):
		a.loaderStage = h.askedAgain(e)
		return a.countRepeat(Asked), nil
	case h.asks > 0 && !h.bootAsked && e.Client.Loader == boot.Apple && e.Peer.IsValid():
		return a.countRepeat(Asked), nil // which images there are, once it has an address
	case h.asksBesides(e.Client) && h.besides:
		return a.countRepeat(Asked), nil
	case h.asksBesides(e.Client):
		a.loaderStage.besides = true
		return a.addStep(a.step(e, askedText(e.Client, false)))
	}
	first := h.asks == 0
	a.loaderStage = loaderStage{client: e.Client, asks: 1, lastAsk: e.Time, audible: e.Audible}
	if a.fetchedAny() {
		a = a.forward(e, Loading)
	} else {
		a = a.forward(e, Asking)
	}
	return a.addStep(a.step(e, askedText(e.Client, first)))
}

func sameProgram(a, b boot.Client) bool {
	return a.Loader == b.Loader && a.Proto == b.Proto && a.IPv6 == b.IPv6 && a.Firmware == b.Firmware
}

// asksBesides tells whether the program asks by the other version of IP at the
// same time, as iPXE does (netdev_configure_all in its src/net/netdevice.c).
// Firmware asks by one after the other has failed.
func (h loaderStage) asksBesides(c boot.Client) bool {
	return h.asks > 0 && !h.fetched && c.Loader == boot.IPXE && h.client.Loader == boot.IPXE && c.IPv6 != h.client.IPv6
}

// offered folds our offer; the same offer again is counted.
func (a Attempt) offered(e Event) (Attempt, []Step) {
	h := &a.loaderStage
	a.silence = silence{}
	a.noteSole(e)
	if h.asksBesides(e.Client) && h.offers > 0 {
		return a.countRepeat(Offered), nil
	}
	same := h.offers > 0 && h.file == e.Name && h.route == e.Route && h.shape == e.Shape
	if h.offers > 0 && h.route != e.Route {
		// Another route is another try: what was wrong with the last one is over.
		h.routeChanged, h.offers, h.refusals, a.Verdict = true, 0, 0, nil
	}
	if h.offers++; h.offers == 1 {
		h.firstOffer = e.Time
	}
	h.file, h.proto, h.ours, h.route = e.Name, e.Proto, e.Server, e.Route
	h.noteShape(e)
	h.menu = e.Menu
	h.offered.boot = true
	if h.offeredAddress = e.Peer.IsValid(); h.offeredAddress {
		a.Address = e.Peer
	}
	if same {
		return a.countRepeat(Offered), nil
	}
	if a.Stage == Asking || a.Stage == LeftAlone {
		a = a.forward(e, Offering)
	}
	e.Route = orElse(e.Route, a.Route)
	text := offeredText(e)
	if e.Row != "" && e.Row != a.row {
		text += ", by " + Clean(e.Row)
	}
	a.row = e.Row
	return a.addStep(a.step(e, text))
}

// addressed folds the choice of an address and our own lease of it, which are
// one step for who reads about it.
func (a Attempt) addressed(e Event) (Attempt, []Step) {
	if a.Stage.lives() {
		return a, nil // the running system renews its lease
	}
	h := &a.loaderStage
	known := h.addressed() && (e.Kind == Leased || h.chose == e.Server)
	if e.Kind == Leased {
		h.leased = true
	} else {
		h.took = e.Server.IsValid() || e.Client.IPv6
		h.chose, h.ourNear = e.Server, e.Near
	}
	if e.Peer.IsValid() {
		a.Address = e.Peer
	}
	if known {
		if e.Kind == Leased {
			return a, nil // it follows the choice
		}
		return a.countRepeat(Chose), nil
	}
	if a.Stage == Asking || a.Stage == Offering || a.Stage == LeftAlone {
		a = a.forward(e, Addressed)
	} else {
		a = a.forward(e, a.Stage)
	}
	s := a.step(e, addressText(e)+h.tookText())
	if h.refusals > 0 {
		s.Shape = h.shape
	}
	return a.addStep(s)
}

// listed folds the images that a Mac was shown; the same ones again are counted.
func (a Attempt) listed(e Event) (Attempt, []Step) {
	a.silence, a.Address = silence{}, e.Peer
	for _, s := range a.Steps {
		if s.Kind == Listed && s.Name == e.Name {
			a.Moved = e.Time
			return a.countRepeat(Listed), nil
		}
	}
	a = a.forward(e, Offering)
	return a.addStep(a.step(e, listedText(e)))
}

// boot folds the exchange on port 4011 (PXE 2.1 section 2.2.4), and a Mac's choice.
func (a Attempt) boot(e Event) (Attempt, []Step) {
	h := &a.loaderStage
	known := e.Kind == BootAsked && h.bootAsked || e.Kind == Answered && h.answered && h.file == e.Name
	if e.Kind == BootAsked {
		h.bootAsked = true
		if e.Onlooker && e.Server.IsValid() {
			h.ours = e.Server
		}
	} else {
		a.noteSole(e)
		h.noteShape(e)
		h.answered, h.file, h.proto = true, e.Name, e.Proto
	}
	if known {
		return a.countRepeat(e.Kind), nil
	}
	if a.fetchedAny() {
		a = a.forward(e, a.Stage)
	} else {
		a = a.forward(e, Answering)
	}
	e.Route = orElse(e.Route, a.Route)
	text := bootText(e)
	if e.Kind == BootAsked && !h.addressed() {
		text += h.tookText()
	}
	return a.addStep(a.step(e, text))
}

// alive folds the signs of life of the booted system. Its DHCP request proves
// nothing before it had its kernel: it may be the system on the machine's disk.
func (a Attempt) alive(e Event) (Attempt, []Step) {
	if e.Kind == OSAsked && (a.Stage != HandedOver && a.Stage != Running) {
		return a, nil
	}
	stage := IsUp
	if e.Kind == OSAsked {
		stage = Running
	}
	if a.Stage == stage {
		return a.countRepeat(e.Kind), nil
	}
	a = a.forward(e, stage)
	return a.addStep(a.step(e, aliveText(e, a)))
}
