package timeline

import (
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// offersSinceAsk is what a program was offered since its latest DISCOVER.
type offersSinceAsk struct{ boot, address bool }

// otherOffer is an offer of another server than ours.
type otherOffer struct {
	server, addr netip.Addr
	file, class  string
}

func (o otherOffer) isSet() bool { return o.server.IsValid() }

// shortestWait is less than any firmware waits for offers: a DISCOVER that
// comes sooner was doubled on its way. iPXE waits for a second at least
// (DHCP_DISC_START_TIMEOUT_SEC in its src/config/dhcp.h).
const shortestWait = 500 * time.Millisecond

// unheardAsks is how many requests of a program it takes to believe that it was
// offered an address which could not be heard: fewer may be due to a DHCP server
// that is slow, or to a lost packet.
const unheardAsks = 3

// askedAgain is the stage after a repeated DISCOVER. One that comes although
// the program was offered an address and what to boot is a refusal: firmware
// collects offers until a timer of its own ends, and asks again if none of them
// was to its liking.
func (h loaderStage) askedAgain(e Event) loaderStage {
	h.asks++
	if e.Time.Sub(h.lastAsk) < shortestWait {
		return h
	}
	unheard := !h.audible && h.asks >= unheardAsks
	if h.offered.boot && (h.offered.address || h.offeredAddress || unheard) {
		h.refusals++
	}
	h.offered, h.lastAsk, h.audible = offersSinceAsk{}, e.Time, e.Audible
	return h
}

// otherOffered folds the offer of another server. It is told only where it
// says what to boot: addresses are that server's business.
func (a Attempt) otherOffered(e Event) (Attempt, []Step) {
	if a.Stage.lives() {
		return a, nil // the running system asks for an address
	}
	h := &a.loaderStage
	o := otherOffer{server: e.Server, addr: e.Peer, file: e.Name, class: e.Reason}
	if e.Peer.IsValid() {
		h.other, h.offered.address = o, true
	}
	if o.file == "" && o.class == "" && o.addr.IsValid() {
		return a, nil
	}
	h.rival = o
	if a.knowsRival(e) {
		return a, nil
	}
	return a.addStep(a.step(e, otherText(e)))
}

// OfferedElsewhere tells whether another server was heard to offer an address to
// a machine since it asked last.
func (t *Timeline) OfferedElsewhere(mac boot.MAC) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.machines[mac]
	return ok && e.Value.(*machine).current().loaderStage.offered.address
}

// maxRivals bounds how many offers of other servers to boot something are told
// of in one boot.
const maxRivals = 4

// knowsRival tells whether such an offer was told already, or enough others.
func (a Attempt) knowsRival(e Event) bool {
	told := 0
	for _, s := range a.Steps {
		if s.Kind != OtherOffered {
			continue
		}
		if told++; told == maxRivals || s.Server == e.Server && s.Name == e.Name {
			return true
		}
	}
	return false
}
