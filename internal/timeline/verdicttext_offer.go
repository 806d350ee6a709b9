package timeline

import (
	"fmt"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// program names the program that asked last.
func (a Attempt) program() string {
	if l := a.loaderStage.client.Loader; l != boot.ROM && l != "" {
		return loaderName(l)
	}
	return "the machine"
}

// wanted is the file that the program that asked last should fetch.
func (a Attempt) wanted() string { return orElse(Clean(a.loaderStage.file), "its boot file") }

// port says where the file has to be asked for.
func (h loaderStage) port() string {
	switch h.proto {
	case "http":
		return "TCP to our HTTP port"
	case "https":
		return "TCP to our HTTPS port"
	}
	return "UDP to ports 69 and 4011"
}

// dhcpWords are what differs where a verdict speaks of DHCPv4 or DHCPv6.
type dhcpWords struct {
	server, port string // that gives addresses
	bootFile     string // as such a server may name it
	options      string // in which it does
	own          string // how Spur gives addresses instead
}

// dhcp are the words for what the program asked by.
func (h loaderStage) dhcp() dhcpWords {
	if h.client.IPv6 {
		return dhcpWords{"DHCPv6 server", "547", "boot file", "boot file URL (option 59)", "--dhcp server and an IPv6 --pool"}
	}
	return dhcpWords{"DHCP server", "67", "next-server or boot file", "next-server and boot file (options 66, 67)", "--dhcp server"}
}

// chosen is the server whose address the program took.
func (h loaderStage) chosen() string {
	if !h.chose.IsValid() {
		return "another " + h.dhcp().server
	}
	return h.chose.String()
}

// patience is how long the program may take from its address to its first
// file.
func (h loaderStage) patience() time.Duration {
	if h.client.Loader == boot.IPXE || h.client.Loader == boot.GPXE {
		return ipxePatience
	}
	return bootPatience
}

// noDHCPServer: we offered a boot file again and again, and nobody was heard
// to offer an address to go with it.
func noDHCPServer(a Attempt, now time.Time, _ time.Duration) (Verdict, bool) {
	h := a.loaderStage
	waited := now.Sub(h.firstOffer)
	waitedLong := waited >= deafPatience || h.audible && waited >= heardPatience
	if h.offeredAddress || h.offers < 2 || h.moved() || h.other.isSet() || !waitedLong {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    NoDHCPServer,
		Sentence: fmt.Sprintf("%s was offered %s %s, but asked no %s for an address.", a.program(), a.wanted(), times(h.offers), h.dhcp().server),
		Likely:   fmt.Sprintf("no %s answered: Spur adds only the boot file, the address has to come from the network's %s.", h.dhcp().server, h.dhcp().server),
		Hint:     fmt.Sprintf("start a %s on this network or check its pool and the cabling (VLAN, relay); or let Spur give out addresses with %s.", h.dhcp().server, h.dhcp().own),
	}
	switch {
	case a.fetchedAny():
		v.Likely = "the switch port went down when the loader took over the network card, and spanning tree keeps it closed for 30 s."
		v.Hint = "make the switch port an edge port (PortFast), switch off its LACP, or try a loader that uses the firmware's driver (snponly, undionly)."
	case !h.audible:
		v.Likely += " Or one did, which Spur cannot hear from here, and the firmware wants the boot file in another form of offer."
		if next := a.nextTry(); next != "" {
			v.Hint += " If there is one, let the machine ask again: it is offered " + next + "."
		}
		v.Blames, v.Refused = h.blamed()
	}
	return v, true
}

// blamed is what else would help a program that does not take our offer: another
// shape of it, or another route where the offer has no others.
func (h loaderStage) blamed() (route, shape string) {
	if h.shape != "" {
		return "", h.shape
	}
	return h.route, ""
}

// enoughRefusals is how often a program refuses what it is offered until that
// is a verdict. One that is offered several shapes is given the time to see some:
// PXE ROMs ask four times (PXE 2.1 section 2.2.3).
func (h loaderStage) enoughRefusals() bool {
	if len(h.shapes) > 1 {
		return h.refusals >= 3
	}
	return h.refusals >= 2 || h.refusals == 1 && h.routeChanged
}

// offersRefused: the machine was offered an address and a boot file, and takes
// neither. The DHCP server has done its part; another route makes our part of
// the offer in another form.
func offersRefused(a Attempt, now time.Time, _ time.Duration) (Verdict, bool) {
	h := a.loaderStage
	if h.offeredAddress || h.moved() || !h.other.isSet() || h.offers == 0 || now.Sub(h.firstOffer) < refusalPatience {
		return Verdict{}, false
	}
	silent := now.Sub(h.lastAsk) >= longestWait
	if !h.enoughRefusals() && !silent {
		return Verdict{}, false
	}
	v := Verdict{
		Cause: OfferIgnored,
		Sentence: fmt.Sprintf("%s was offered the address %s by %s and %s by us, and took neither; it asked %s.%s",
			a.program(), h.other.addr, h.other.server, a.wanted(), times(h.asks), h.shapesText()),
		Likely: "its firmware wants the boot file in another form of offer, or takes only one offer" + h.rivalText() + ".",
		Hint:   "give addresses and boot file together with --dhcp server.",
	}
	if next := a.nextTry(); next != "" {
		v.Hint = "let the machine ask again: it is offered " + next + "; if none helps, " + v.Hint
	}
	if a.isRPi() {
		return a.rpiNotFetched(v), true
	}
	// While the ROM goes on asking, it may still take the shape offered last.
	if h.refusals > 0 && (silent || h.shape == "") {
		v.Blames, v.Refused = h.blamed()
	}
	return v, true
}

// nextTry is what another try of the machine leads to, "" where that is the same again.
func (a Attempt) nextTry() string {
	if a.loaderStage.shape != "" {
		return "the next shape of offer"
	}
	return a.untilNext(a.loaderStage.route, "the next route")
}

// rivalText says which other server names a boot file, if one was heard to.
func (h loaderStage) rivalText() string {
	switch {
	case !h.rival.isSet():
		return ""
	case h.rival.file == "":
		return "; " + h.rival.server.String() + " offers to say what to boot as well"
	}
	return "; " + h.rival.server.String() + " names the boot file " + Clean(h.rival.file)
}

// offerIgnored: the machine has an address, or could have one of us, and does
// not come for its file.
func offerIgnored(a Attempt, now time.Time, still time.Duration) (Verdict, bool) {
	h := a.loaderStage
	v := Verdict{Cause: OfferIgnored}
	switch {
	case h.fetched || h.bootAsked || h.answered:
		return Verdict{}, false
	case h.offeredAddress && !h.addressed():
		if h.offers < 2 || now.Sub(h.firstOffer) < heardPatience {
			return Verdict{}, false
		}
		v.Sentence = fmt.Sprintf("%s was offered the address %s and %s %s, but requested no address.", a.program(), a.Address, a.wanted(), times(h.offers))
		v.Likely = fmt.Sprintf("our offer does not reach the machine, or there is a second %s and the machine prefers that one's.", h.dhcp().server)
		v.Hint = "see that no firewall on this host drops UDP from port " + h.dhcp().port + ", that Spur listens on the machine's interface, and that there is no second " + h.dhcp().server + "; if there is one, use --dhcp proxy."
		if h.other.isSet() {
			v.Likely = "there is a second DHCP server, " + h.other.server.String() + ", which offered " + h.other.addr.String() + h.rivalText() + "."
			v.Hint = "switch off one of the two, or use --dhcp proxy so that Spur adds to the other one's offer."
		}
		return v, true
	case !h.addressed() || h.offers == 0 || still < h.patience()+h.menuPatience() || h.menuPatience() < 0:
		return Verdict{}, false
	case h.chose.IsValid() && h.offeredAddress && h.chose != h.ours && !h.leased:
		v.Sentence = fmt.Sprintf("%s took its address from %s and never asked us for %s.", a.program(), h.chose, a.wanted())
		v.Likely = "our offer was not taken: the other DHCP server, " + h.chose.String() + ", was quicker."
		v.Hint = "switch off one of the two DHCP servers, or use --dhcp proxy so that Spur adds to the other one's offer."
	case h.leased || h.chose == h.ours:
		v.Sentence = fmt.Sprintf("%s took its address from us, but never asked for %s.", a.program(), a.wanted())
		v.Likely = "a firewall on this host drops " + h.port() + ", or the firmware heard another boot server's offer as well and follows that one" + h.rivalText() + "."
		v.Hint = "open the ports, and see whether another boot server answers on this network."
	case h.ourNear.IsValid() && h.ourNear != h.ours:
		v.Sentence = fmt.Sprintf("%s took the address %s, but was told to fetch %s from %s.", a.program(), a.Address, a.wanted(), h.ours)
		v.Likely = fmt.Sprintf("it cannot reach %s: it is on the network of our address %s.", h.ours, h.ourNear)
		v.Hint = fmt.Sprintf("reset the machine: Spur knows its network now; or name the address to tell machines with --server-address %s.", h.ourNear)
	default:
		v.Sentence = fmt.Sprintf("%s took its address from %s, but never asked us for %s.", a.program(), h.chosen(), a.wanted())
		v.Blames, v.Refused = h.blamed()
		v.Likely, v.Hint = a.elsewhere()
	}
	if h.menu != nil {
		// Another way is offered with the same menu.
		v.Blames, v.Refused = "", ""
		v.Likely = "somebody looks at the menu on its screen. Or " + v.Likely
	}
	switch {
	case h.proto == "https":
		v = h.trustsNobody(v)
	case a.isRPi():
		v = a.rpiNotFetched(v)
	}
	return v, true
}

// elsewhere says why a machine with an address of another server's does not
// come to us, by what was heard of the others.
func (a Attempt) elsewhere() (likely, hint string) {
	h := a.loaderStage
	last := "if the firmware takes only one offer, use " + h.dhcp().own + "."
	blocked := "a firewall drops " + h.port() + ", or the firmware takes only one offer."
	switch {
	case h.rival.isSet() && h.rival.file != "":
		return "it follows another boot server" + h.rivalText() + ". Or " + blocked,
			"remove next-server and boot file (options 66, 67) from " + h.rival.server.String() + ", open the ports on this host; " + last
	case h.rival.isSet() && h.rival.addr.IsValid():
		// Microsoft's DHCP server, where WDS was once on the same host.
		return "the DHCP server " + h.rival.server.String() + " says that it is a boot server (option 60, " + Clean(h.rival.class) + "), so the firmware asks that one on port 4011. Or " + blocked,
			"remove option 60 from that DHCP server, or switch on the boot server there; " + last
	case h.rival.isSet():
		return "it follows another boot server" + h.rivalText() + ". Or " + blocked,
			"switch off the boot server " + h.rival.server.String() + ", open the ports on this host; " + last
	case h.other.isSet() && h.other.server == h.chose:
		return blocked, "open the ports on this host; " + last
	}
	return "it follows another boot server: " + h.chosen() + " may name its own " + h.dhcp().bootFile + ". Or " + blocked,
		"remove " + h.dhcp().options + " from that " + h.dhcp().server + ", open the ports on this host; " + last
}

// fileNotFetched: we told the file on port 4011, and no transfer followed.
func fileNotFetched(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	h := a.loaderStage
	if h.fetched || !h.bootAsked && !h.answered || still < h.patience() {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    BootFileNotFetched,
		Sentence: fmt.Sprintf("%s was told on port 4011 to fetch %s, but did not start to.", a.program(), a.wanted()),
		Likely:   "a firewall on this host drops " + h.port() + ", or another TFTP server has the port.",
		Hint:     "open the ports on this host.",
	}
	if h.client.Loader == boot.Apple {
		v.Sentence = fmt.Sprintf("%s was told to fetch %s, but did not start to.", a.program(), a.wanted())
	}
	if !h.answered {
		v.Sentence = a.program() + " asked for its boot file on port 4011, but got no answer."
		v.Likely = "no route for this machine, or the answer was lost."
		v.Hint = "see what the log says about this request; spur explain shows the machine's routes."
	}
	return v, true
}

// nothingToBoot: the machine asks, and we can't tell. What asks repeats itself
// within silencePatience; who fails may be well again by then.
func nothingToBoot(a Attempt, now time.Time) (Verdict, bool) {
	s := a.silence
	if s.kind != NoAnswer || now.Sub(s.since) < silencePatience {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    NothingToBoot,
		Sentence: a.program() + " asked what to boot, and got no answer: " + Clean(s.reason) + ".",
		Likely:   "this says it all; the machine and its network have no part in it.",
		Hint:     orElse(Clean(s.hint), "see what the log says about it."),
	}
	if s.script != "" {
		v.Sentence = a.program() + " came for its script, which has nothing to boot: " + Clean(s.reason) + "."
		v.Likely = "this says it all; the machine's screen shows it too."
	}
	return v, true
}
