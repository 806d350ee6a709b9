package timeline

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// An onlooker's timeline is made of what was heard of others: of a machine and of
// servers of which none is ours, in a capture of packets. Offered, BootAsked and
// Answered are about the server that says what to boot, whoever that is.

// JudgeOnlooker is Judge for an onlooker: the same causes, in words that name the
// servers, and what can't happen where we answer ourselves: that nobody says what
// to boot.
func JudgeOnlooker(a Attempt, now time.Time) (Verdict, bool) {
	if v, ok := nobodyBoots(a, now); ok {
		return v, true
	}
	v, ok := Judge(a, now)
	if !ok {
		return Verdict{}, false
	}
	return a.overheard(v), true
}

// nobodyBoots: the machine asks, and no server says what to boot.
func nobodyBoots(a Attempt, now time.Time) (Verdict, bool) {
	h := a.loaderStage
	if h.asks == 0 || h.offers > 0 || h.fetched || h.bootAsked || a.Stage.lives() || now.Sub(a.Last) < quietEnough && now.Sub(a.Moved) < heardPatience {
		return Verdict{}, false
	}
	switch {
	case h.rival.isSet() && h.rival.addr.IsValid():
		return Verdict{
			Cause:    NoBootOffer,
			Sentence: fmt.Sprintf("%s was offered the address %s by %s, which says that it is a boot server (option 60, %s) and names no boot file.", a.program(), h.rival.addr, h.rival.server, Clean(h.rival.class)),
			Likely:   "that DHCP server has the option left over from a boot server that is gone (Windows Deployment Services), so that the firmware asks it on port 4011 in vain.",
			Hint:     "remove option 60 from that DHCP server, or switch the boot server on again.",
		}, true
	case h.other.isSet() || h.addressed():
		return Verdict{
			Cause:    NoBootOffer,
			Sentence: fmt.Sprintf("%s %s, but nobody said what to boot.", a.program(), a.addressFrom()),
			Likely:   "no boot server answered, and the DHCP server names neither next-server nor boot file to such a machine.",
			Hint:     "start a boot server on this network, such as spur boot beside that DHCP server; or see why the one that is there stays silent: its interface, a firewall, a relay that doesn't bring it the machine's requests.",
		}, true
	}
	return Verdict{
		Cause:    NoDHCPServer,
		Sentence: fmt.Sprintf("%s asked %s, and nobody answered.", a.program(), times(h.asks)),
		Likely:   fmt.Sprintf("no %s is on this network (VLAN, relay, cabling), or it has no address left; or the capture was made where its answers don't pass.", h.dhcp().server),
		Hint:     fmt.Sprintf("start a %s or check its pool and its log; capture on the server itself.", h.dhcp().server),
	}, true
}

// quietEnough is how long a program is silent that has given up: longer than the
// longest wait of firmware.
const quietEnough = longestWait + 5*time.Second

// addressFrom says which address the program has, or could have.
func (a Attempt) addressFrom() string {
	h := a.loaderStage
	switch {
	case h.addressed() && a.Address.IsValid():
		return fmt.Sprintf("took the address %s from %s", a.Address, h.chosen())
	case h.addressed():
		return "took its address from " + h.chosen()
	}
	return fmt.Sprintf("was offered the address %s by %s", h.other.addr, h.other.server)
}

// bootServer is who says what to boot.
func (a Attempt) bootServer() string {
	if a.loaderStage.ours.IsValid() {
		return a.loaderStage.ours.String()
	}
	return "the boot server"
}

// overheard puts a verdict into the words of somebody who looks on.
func (a Attempt) overheard(v Verdict) Verdict {
	v.Blames, v.Refused = "", ""
	switch v.Cause {
	case NoDHCPServer:
		return a.withoutAddress(v)
	case OfferIgnored:
		return a.offerPassedOver(v)
	case BootFileNotFetched:
		v.Sentence = fmt.Sprintf("%s was told by %s on port 4011 to fetch %s, but did not start to.", a.program(), a.bootServer(), a.wanted())
		v.Likely = fmt.Sprintf("a firewall drops %s, or no server has that port on the host that was named.", a.loaderStage.filePort())
		v.Hint = "open the port there, and see that its TFTP or HTTP server runs."
		if !a.loaderStage.answered {
			v.Sentence = fmt.Sprintf("%s asked %s for its boot file on port 4011, but got no answer.", a.program(), a.bootServer())
			v.Likely = "no boot server listens on that port, a firewall drops it, or that server has nothing for such a machine."
			v.Hint = "see the boot server's log; a DHCP server without one should not send option 60."
		}
	case LoaderSilent:
		if a.loaderStage.notFound.Err != "" {
			v.Likely = "nothing lies where this loader looks for its configuration."
			v.Hint = "put the configuration there; the first name that it asks for is the most specific one."
			return v
		}
		v.Sentence = fmt.Sprintf("%s was fetched completely, and the machine was not heard of again.", fileText(a.latest))
		v.Hint = "look at the machine's screen; make the switch port an edge port (PortFast)."
		if a.Firmware != boot.BIOS {
			v.Hint += " Try with Secure Boot off."
		}
	case LeftByMenu:
		v.Sentence = fmt.Sprintf("%s was shown a menu by %s and took the address %s, but was not heard to ask that server for an item of it.", a.program(), a.bootServer(), a.Address)
		v.Likely = "it left for " + a.menuElsewhere() + "; or the menu is on its screen still, or the capture was made where packets to one host alone don't pass."
	case TransferStalled:
		v.Hint = "reset the machine; look for errors on the switch port, and at the server's log."
	case FileRefused:
		v.Hint = "see the log of the server; then let the machine boot again."
		if a.latest.refusal == Redirected {
			v.Likely = "the machine doesn't follow redirects, or the capture was made where what it asked for there doesn't pass."
			v.Hint = "have the server send the file itself, or name that URL to the machine; then let it boot again."
		}
	case KernelNotFetched:
		v.Hint = "look at the machine's screen: the loader says there what it does; see that the server's HTTP port is open."
		v.Likely = "the script waits (a menu, a prompt), it stopped at an error, or a firewall drops what it fetches next."
	case KernelLoop, BootLoop:
		v.Hint = "look at the machine's screen, where loader and kernel say why."
	case NoSignOfLife:
		v.Hint = "look at the machine's screen; what runs need not say so on the network."
	case ChainloadLoop:
		v.Hint = "name the loader to firmware alone: make the boot file depend on the user class (iPXE sends iPXE), or boot by spur boot."
	case ProgramRefused, ShimRefused, LoaderRefused, KernelRefused:
		v.Hint = "look at the machine's screen; give it what its firmware trusts, or switch Secure Boot off in its setup."
	}
	return v
}

// filePort says how the boot file is fetched.
func (h loaderStage) filePort() string {
	switch h.proto {
	case "http":
		return "TCP to the HTTP port"
	case "https":
		return "TCP to the HTTPS port"
	}
	return "UDP to port 69"
}

// withoutAddress is about a machine that knows what to boot and has no address.
func (a Attempt) withoutAddress(v Verdict) Verdict {
	h := a.loaderStage
	v.Sentence = fmt.Sprintf("%s was offered %s %s by %s, but no address by anybody.", a.program(), a.wanted(), times(h.offers), a.bootServer())
	v.Likely = fmt.Sprintf("no %s answered: %s only says what to boot. Or the capture was made where its answers don't pass.", h.dhcp().server, a.bootServer())
	v.Hint = fmt.Sprintf("start a %s on this network, or check its pool and the cabling (VLAN, relay).", h.dhcp().server)
	if a.fetchedAny() {
		v.Likely = "the switch port went down when the loader took over the network card, and spanning tree keeps it closed for 30 s."
		v.Hint = "make the switch port an edge port (PortFast), switch off its LACP, or try a loader that uses the firmware's driver (snponly, undionly)."
	}
	return v
}

// offerPassedOver is about a machine that doesn't take what it was offered.
func (a Attempt) offerPassedOver(v Verdict) Verdict {
	h := a.loaderStage
	switch {
	case h.addressed():
		v.Sentence = fmt.Sprintf("%s took its address from %s, but never asked %s for %s.", a.program(), h.chosen(), a.bootServer(), a.wanted())
		v.Likely = fmt.Sprintf("its firmware takes only one offer, it follows another boot server%s, or a firewall drops %s; or the capture was made where packets to one host alone don't pass.", h.rivalText(), h.filePort())
		v.Hint = "capture on the boot server; see that only one server names a boot file; have one server give address and boot file together."
	case h.offeredAddress:
		v.Sentence = fmt.Sprintf("%s was offered the address %s and %s by %s %s, but requested no address.", a.program(), a.Address, a.wanted(), a.bootServer(), times(h.offers))
		v.Likely = "the offer does not reach the machine, or its firmware wants another form of it" + h.rivalText() + "."
		v.Hint = "capture at the machine's switch port; see that the offer goes to the machine's network and VLAN; spur boot offers the same in other forms, one after the other."
	default:
		v.Sentence = fmt.Sprintf("%s was offered the address %s by %s and %s by %s, and took neither; it asked %s.", a.program(), h.other.addr, h.other.server, a.wanted(), a.bootServer(), times(h.asks))
		v.Likely = "its firmware wants the boot file in another form of offer, or takes only one offer" + h.rivalText() + "."
		v.Hint = "spur boot in the place of that boot server offers the same in other forms, one after the other; or have one server give address and boot file together."
	}
	return v
}

// byServer is " by 10.0.0.2", for an onlooker.
func byServer(e Event) string {
	if !e.Onlooker {
		return ""
	}
	return " by " + serverOr(e.Server, "a server")
}

func serverOr(a netip.Addr, otherwise string) string {
	if a.IsValid() {
		return a.String()
	}
	return otherwise
}
