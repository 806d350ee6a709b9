package timeline

import "github.com/spurboot/spur/internal/boot"

// asked folds a DISCOVER: the first of a program is a step, a repetition is
// counted.
func (a Attempt) asked(e Event) (Attempt, []Step) {
	h := a.hop
	if h.asks > 0 && !h.moved() && sameProgram(h.client, e.Client) {
		a.hop = h.askedAgain(e)
		return a.again(Asked), nil
	}
	first := h.asks == 0
	a.hop = hop{client: e.Client, asks: 1, lastAsk: e.Time, audible: e.Audible}
	if a.fetchedAny() {
		a = a.forward(e, Loading)
	} else {
		a = a.forward(e, Asking)
	}
	return a.tell(a.step(e, askedText(e.Client, first)))
}

func sameProgram(a, b boot.Client) bool { return a.Loader == b.Loader && a.Proto == b.Proto }

// offered folds our offer; the same offer again is counted.
func (a Attempt) offered(e Event) (Attempt, []Step) {
	h := &a.hop
	a.silence = silence{}
	same := h.offers > 0 && h.file == e.Name && h.route == e.Route
	if h.offers > 0 && h.route != e.Route {
		// Another route is another try: what was wrong with the last one is over.
		h.turned, h.offers, h.refusals, a.Verdict = true, 0, 0, nil
	}
	if h.offers++; h.offers == 1 {
		h.firstOffer = e.Time
	}
	h.file, h.proto, h.ours, h.route = e.Name, e.Proto, e.Server, e.Route
	h.since.boot = true
	if h.own = e.Peer.IsValid(); h.own {
		a.Address = e.Peer
	}
	if same {
		return a.again(Offered), nil
	}
	if a.Stage == Asking || a.Stage == LeftAlone {
		a = a.forward(e, Offering)
	}
	e.Route = orElse(e.Route, a.Route)
	return a.tell(a.step(e, offeredText(e)))
}

// addressed folds the choice of an address and our own lease of it, which are
// one step for who reads about it.
func (a Attempt) addressed(e Event) (Attempt, []Step) {
	if a.Stage.lives() {
		return a, nil // the running system renews its lease
	}
	h := &a.hop
	known := h.addressed() && (e.Kind == Leased || h.chose == e.Server)
	if e.Kind == Leased {
		h.leased = true
	} else {
		h.chose, h.near = e.Server, e.Near
	}
	if e.Peer.IsValid() {
		a.Address = e.Peer
	}
	if known {
		if e.Kind == Leased {
			return a, nil // it follows the choice
		}
		return a.again(Chose), nil
	}
	if a.Stage == Asking || a.Stage == Offering || a.Stage == LeftAlone {
		a = a.forward(e, Addressed)
	} else {
		a = a.forward(e, a.Stage)
	}
	return a.tell(a.step(e, addressText(e)))
}

// boot folds the exchange on port 4011 (PXE 2.1 section 2.2.4).
func (a Attempt) boot(e Event) (Attempt, []Step) {
	h := &a.hop
	known := e.Kind == BootAsked && h.bootAsked || e.Kind == Answered && h.answered && h.file == e.Name
	if e.Kind == BootAsked {
		h.bootAsked = true
	} else {
		h.answered, h.file, h.proto = true, e.Name, e.Proto
	}
	if known {
		return a.again(e.Kind), nil
	}
	if a.fetchedAny() {
		a = a.forward(e, a.Stage)
	} else {
		a = a.forward(e, Answering)
	}
	e.Route = orElse(e.Route, a.Route)
	return a.tell(a.step(e, bootText(e)))
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
		return a.again(e.Kind), nil
	}
	a = a.forward(e, stage)
	return a.tell(a.step(e, aliveText(e, a)))
}
