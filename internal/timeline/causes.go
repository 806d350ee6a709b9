package timeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// speaker names the program that asked last.
func (a Attempt) speaker() string {
	if l := a.hop.client.Loader; l != boot.ROM && l != "" {
		return loaderName(l)
	}
	return "the machine"
}

// wanted is the file that the program that asked last should fetch.
func (a Attempt) wanted() string { return orElse(Clean(a.hop.file), "its boot file") }

// port says where the file has to be asked for.
func (h hop) port() string {
	if h.proto == "http" {
		return "TCP to our HTTP port"
	}
	return "UDP to ports 69 and 4011"
}

// patience is how long the program may take from its address to its first
// file.
func (h hop) patience() time.Duration {
	if h.client.Loader == boot.IPXE {
		return ipxePatience
	}
	return bootPatience
}

// noDHCPServer: we offered a boot file again and again, and nobody was heard
// to offer an address to go with it.
func noDHCPServer(a Attempt, now time.Time, _ time.Duration) (Verdict, bool) {
	h := a.hop
	waited := now.Sub(h.firstOffer)
	waitedLong := waited >= deafPatience || h.audible && waited >= heardPatience
	if h.own || h.offers < 2 || h.moved() || h.other.heard() || !waitedLong {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    NoDHCPServer,
		Sentence: fmt.Sprintf("%s was offered %s %s, but asked no DHCP server for an address.", a.speaker(), a.wanted(), times(h.offers)),
		Likely:   "no DHCP server answered: Spur adds only the boot file, the address has to come from the network's DHCP server.",
		Hint:     "start a DHCP server on this network or check its pool and the cabling (VLAN, relay); or let Spur give out addresses with --dhcp server.",
	}
	switch {
	case a.fetchedAny():
		v.Likely = "the switch port went down when the loader took over the network card, and spanning tree keeps it closed for 30 s."
		v.Hint = "make the switch port an edge port (PortFast), switch off its LACP, or try a loader that uses the firmware's driver (snponly, undionly)."
	case !h.audible:
		v.Likely += " Or one did, which Spur cannot hear from here, and the firmware wants the boot file in another form of offer."
		v.Hint += " If there is one, let the machine ask again: it is offered the next route."
		v.Blames = h.route
	}
	return v, true
}

// offersRefused: the machine was offered an address and a boot file, and takes
// neither. The DHCP server has done its part; another route makes our part of
// the offer in another form.
func offersRefused(a Attempt, now time.Time, _ time.Duration) (Verdict, bool) {
	h := a.hop
	if h.own || h.moved() || !h.other.heard() || h.offers == 0 || now.Sub(h.firstOffer) < refusalPatience {
		return Verdict{}, false
	}
	enough := h.refusals >= 2 || h.refusals == 1 && h.turned
	if silent := now.Sub(h.lastAsk) >= longestWait; !enough && !silent {
		return Verdict{}, false
	}
	v := Verdict{
		Cause: OfferIgnored,
		Sentence: fmt.Sprintf("%s was offered the address %s by %s and %s by us, and took neither; it asked %s.",
			a.speaker(), h.other.addr, h.other.server, a.wanted(), times(h.asks)),
		Likely: "its firmware wants the boot file in another form of offer, or takes only one offer" + h.rivalText() + ".",
		Hint:   "let the machine ask again: it is offered the next route; if none helps, give addresses and boot file together with --dhcp server.",
	}
	if h.refusals > 0 {
		v.Blames = h.route
	}
	return v, true
}

// rivalText says which other server names a boot file, if one was heard to.
func (h hop) rivalText() string {
	switch {
	case !h.rival.heard():
		return ""
	case h.rival.file == "":
		return "; " + h.rival.server.String() + " offers to say what to boot as well"
	}
	return "; " + h.rival.server.String() + " names the boot file " + Clean(h.rival.file)
}

// offerIgnored: the machine has an address, or could have one of us, and does
// not come for its file.
func offerIgnored(a Attempt, now time.Time, still time.Duration) (Verdict, bool) {
	h := a.hop
	v := Verdict{Cause: OfferIgnored}
	switch {
	case h.fetched || h.bootAsked || h.answered:
		return Verdict{}, false
	case h.own && !h.addressed():
		if h.offers < 2 || now.Sub(h.firstOffer) < heardPatience {
			return Verdict{}, false
		}
		v.Sentence = fmt.Sprintf("%s was offered the address %s and %s %s, but requested no address.", a.speaker(), a.Address, a.wanted(), times(h.offers))
		v.Likely = "our offer does not reach the machine, or there is a second DHCP server and the machine prefers that one's."
		v.Hint = "see that no firewall on this host drops UDP from port 67, that Spur listens on the machine's interface, and that there is no second DHCP server; if there is one, use --dhcp proxy."
		if h.other.heard() {
			v.Likely = "there is a second DHCP server, " + h.other.server.String() + ", which offered " + h.other.addr.String() + h.rivalText() + "."
			v.Hint = "switch off one of the two, or use --dhcp proxy so that Spur adds to the other one's offer."
		}
		return v, true
	case !h.addressed() || h.offers == 0 || still < h.patience():
		return Verdict{}, false
	case h.chose.IsValid() && h.own && h.chose != h.ours && !h.leased:
		v.Sentence = fmt.Sprintf("%s took its address from %s and never asked us for %s.", a.speaker(), h.chose, a.wanted())
		v.Likely = "our offer was not taken: the other DHCP server, " + h.chose.String() + ", was quicker."
		v.Hint = "switch off one of the two DHCP servers, or use --dhcp proxy so that Spur adds to the other one's offer."
	case h.leased || h.chose == h.ours:
		v.Sentence = fmt.Sprintf("%s took its address from us, but never asked for %s.", a.speaker(), a.wanted())
		v.Likely = "a firewall on this host drops " + h.port() + ", or the firmware heard another boot server's offer as well and follows that one" + h.rivalText() + "."
		v.Hint = "open the ports, and see whether another boot server answers on this network."
	case h.near.IsValid() && h.near != h.ours:
		v.Sentence = fmt.Sprintf("%s took the address %s, but was told to fetch %s from %s.", a.speaker(), a.Address, a.wanted(), h.ours)
		v.Likely = fmt.Sprintf("it cannot reach %s: it is on the network of our address %s.", h.ours, h.near)
		v.Hint = fmt.Sprintf("reset the machine: Spur knows its network now; or name the address to tell machines with --server-address %s.", h.near)
	default:
		v.Sentence = fmt.Sprintf("%s took its address from %s, but never asked us for %s.", a.speaker(), h.chose, a.wanted())
		// Another route makes the offer in another form.
		v.Blames = a.Route
		v.Likely, v.Hint = a.elsewhere()
	}
	return v, true
}

// elsewhere says why a machine with an address of another server's does not
// come to us, by what was heard of the others.
func (a Attempt) elsewhere() (likely, hint string) {
	h := a.hop
	const last = "if the firmware takes only one offer, use --dhcp server."
	blocked := "a firewall drops " + h.port() + ", or the firmware takes only one offer."
	switch {
	case h.rival.heard() && h.rival.file != "":
		return "it follows another boot server" + h.rivalText() + ". Or " + blocked,
			"remove next-server and boot file (options 66, 67) from " + h.rival.server.String() + ", open the ports on this host; " + last
	case h.rival.heard() && h.rival.addr.IsValid():
		// Microsoft's DHCP server, where WDS was once on the same host.
		return "the DHCP server " + h.rival.server.String() + " says that it is a boot server (option 60, " + Clean(h.rival.class) + "), so the firmware asks that one on port 4011. Or " + blocked,
			"remove option 60 from that DHCP server, or switch on the boot server there; " + last
	case h.rival.heard():
		return "it follows another boot server" + h.rivalText() + ". Or " + blocked,
			"switch off the boot server " + h.rival.server.String() + ", open the ports on this host; " + last
	case h.other.heard() && h.other.server == h.chose:
		return blocked, "open the ports on this host; " + last
	}
	return "it follows another boot server: " + h.chose.String() + " may name its own next-server or boot file. Or " + blocked,
		"remove next-server and boot file (options 66, 67) from that DHCP server, open the ports on this host; " + last
}

// fileNotFetched: we told the file on port 4011, and no transfer followed.
func fileNotFetched(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	h := a.hop
	if h.fetched || !h.bootAsked && !h.answered || still < h.patience() {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    BootFileNotFetched,
		Sentence: fmt.Sprintf("%s was told on port 4011 to fetch %s, but did not start to.", a.speaker(), a.wanted()),
		Likely:   "a firewall on this host drops " + h.port() + ", or another TFTP server has the port.",
		Hint:     "open the ports on this host.",
	}
	if !h.answered {
		v.Sentence = a.speaker() + " asked for its boot file on port 4011, but got no answer."
		v.Likely = "no route for this machine, or the answer was lost."
		v.Hint = "see what the log says about this request; spur explain shows the machine's routes."
	}
	return v, true
}

// transferStalled: a transfer is under way and does not move.
func transferStalled(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	if still < stallPatience || !a.hop.fetched {
		return Verdict{}, false
	}
	for _, t := range a.Transfers {
		if t.reported && t.Running() {
			return Verdict{
				Cause:    TransferStalled,
				Sentence: fmt.Sprintf("%s stands still after %s; the rest should have followed.", fileText(t), portion(t)),
				Likely:   "the firmware's network stack hangs (large HTTP transfers do that to some), or the connection is lost.",
				Hint:     "reset the machine; if it happens again, try another route, and look for errors on the switch port.",
				Blames:   t.blamed(),
			}, true
		}
	}
	return Verdict{}, false
}

// blamed is the route of a loader that did not arrive. A kernel that does not
// arrive says nothing against the loader that asks for it.
func (t Transfer) blamed() string {
	if t.Role == RoleLoader {
		return t.Route
	}
	return ""
}

// transferAborted: a transfer broke off and nothing came after it.
func transferAborted(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || t.Err == "" || still < resumePatience {
		return Verdict{}, false
	}
	return a.broken(t, ", and was not asked for again."), true
}

// broken is the verdict on a transfer that broke off; what came of that ends
// the sentence.
func (a Attempt) broken(t Transfer, then string) Verdict {
	if t.refusal != "" {
		return a.refused(t)
	}
	v := Verdict{
		Cause:    TransferAborted,
		Sentence: failedText(t) + then,
		Likely:   "packets are lost (a bad cable, an MTU that something on the way does not carry), or the machine was reset.",
		Hint:     "look for errors on the switch port, and for a firewall that drops UDP after the first packet.",
		Blames:   t.blamed(),
	}
	switch {
	case t.Bytes == 0 && t.Proto == "http":
		v.Likely = "the machine was reset, or the answer does not reach it."
		v.Hint = "look at the machine's screen, and for errors on the switch port."
	case t.Bytes == 0:
		v.Likely = "the answer does not reach the machine, or it was reset."
		v.Hint = "see that no firewall drops UDP from high ports, and look for errors on the switch port."
	case t.Proto == "http":
		v.Likely = "the connection was lost, or the machine has not enough memory for the file."
		v.Hint = "look at the machine's screen; give it more memory or a smaller initrd, and look for errors on the switch port."
	}
	return v
}

// refused is the verdict on a file that we did not send. What we know of it
// leaves nothing to guess.
func (a Attempt) refused(t Transfer) Verdict {
	v := Verdict{
		Cause:    FileMissing,
		Sentence: a.speaker() + " " + failedText(t) + ".",
		Likely:   "this says it all; the machine and its network have no part in it.",
		Hint:     "put the file where it is looked for, or correct its name in what names it; then let the machine boot again.",
		Blames:   t.blamed(),
	}
	if t.refusal != NoSuchFile {
		v.Cause, v.Sentence = FileRefused, failedText(t)+"."
		v.Hint = "see to it here or, where the file is a URL, at its server; then let the machine boot again."
	}
	return v
}

// chainloadLoop: the loader is told to load itself.
func chainloadLoop(a Attempt, _ time.Time, _ time.Duration) (Verdict, bool) {
	for _, t := range a.Transfers {
		if t.Role == RoleLoader && t.loads >= loopLoads {
			return Verdict{
				Cause:    ChainloadLoop,
				Sentence: fmt.Sprintf("%s was fetched %d times without asking for a script in between.", fileText(t), t.loads),
				Likely:   "the network's DHCP server names the loader to everyone, so that the loader is told to load itself.",
				Hint:     "remove the boot file (option 67) from that DHCP server and let Spur name it, or make it an exception for clients with user class iPXE.",
			}, true
		}
	}
	return Verdict{}, false
}

// kernelLoop: the kernel arrived again and again, and does not start; or what
// it needs does not arrive, so that the loader starts over.
func kernelLoop(a Attempt, _ time.Time, _ time.Duration) (Verdict, bool) {
	i := slices.IndexFunc(a.Transfers, func(t Transfer) bool { return t.Role == RoleKernel && t.Times >= loopKernels })
	if i < 0 {
		return Verdict{}, false
	}
	kernel := a.Transfers[i]
	for _, t := range a.Transfers {
		if t.Role == RoleInitrd && t.Err != "" {
			return a.broken(t, fmt.Sprintf("; the machine has started over %s.", times(kernel.Times-1))), true
		}
	}
	return a.kernelStuck(KernelLoop, fmt.Sprintf("%s was fetched %d times, and its loader comes back for it.", fileText(kernel), kernel.Times)), true
}

// kernelStuck is the verdict on a kernel that does not start. The loader counts
// as failed: another one may bring the kernel further.
func (a Attempt) kernelStuck(cause Cause, sentence string) Verdict {
	return Verdict{
		Cause:    cause,
		Sentence: sentence,
		Likely:   "the kernel does not start on this machine: it is for other firmware (on UEFI it needs an EFI stub) or another processor, it is damaged, or memory is short.",
		Hint:     "look at the machine's screen, where loader and kernel say why; spur explain says what is known of a kernel; reset the machine to try the next route.",
		Blames:   a.loaderRoute(),
	}
}

// loaderRoute is the route of the loader that was fetched last, else the
// latest: an iPXE in the ROM is no loader of ours.
func (a Attempt) loaderRoute() string {
	for i := len(a.Transfers) - 1; i >= 0; i-- {
		if t := a.Transfers[i]; t.Role == RoleLoader && t.Route != "" {
			return t.Route
		}
	}
	return a.Route
}

// loaderSilent: the loader arrived, and was not heard of again.
func loaderSilent(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || a.kernel || t.Role != RoleLoader || t.Err != "" || still < loaderPatience {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    LoaderSilent,
		Sentence: fmt.Sprintf("%s was fetched completely, but never asked for its script.", fileText(t)),
		Likely:   "the loader does not know this network card, or its own DHCP got no answer (spanning tree on the switch port).",
		Hint:     "look at the machine's screen; reset it to try the next route; make the switch port an edge port (PortFast).",
		Blames:   t.Route,
	}
	switch {
	case a.hop.vain.Err != "":
		v.Sentence = fmt.Sprintf("%s was fetched and runs, but did not find its script; it looked for %s last.", fileText(t), orElse(Clean(a.hop.vain.Name), "a file"))
		v.Likely = "this loader looks for its configuration under names that Spur does not serve to it."
		v.Hint = "look at the machine's screen; reset it to try the next route."
	case a.Firmware != boot.BIOS:
		v.Likely = "Secure Boot refused the loader, it does not know this network card, or its own DHCP got no answer (spanning tree on the switch port)."
		v.Hint = "look at the machine's screen; reset it to try the next route, or switch Secure Boot off in its setup; make the switch port an edge port (PortFast)."
	}
	return v, true
}

// kernelNotFetched: the script arrived, and nothing of what it names.
func kernelNotFetched(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || a.kernel || t.Role != RoleScript || t.Err != "" || still < kernelPatience {
		return Verdict{}, false
	}
	if a.hop.vain.refusal != "" {
		return a.refused(a.hop.vain), true
	}
	return Verdict{
		Cause:    KernelNotFetched,
		Sentence: fmt.Sprintf("%s was fetched, but no kernel after it.", fileText(t)),
		Likely:   "the script waits (a menu, a prompt), it stopped at an error, or a firewall drops TCP to our HTTP port.",
		Hint:     "look at the machine's screen: the loader says there what it does; open the HTTP port on this host.",
	}, true
}

// noSignOfLife: all went well as far as we can see, which is not far.
func noSignOfLife(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || t.Err != "" || still < lifePatience {
		return Verdict{}, false
	}
	if !a.kernel && t.Role != RoleInitrd && t.Role != RoleFile && t.Role != RoleKernel {
		return Verdict{}, false
	}
	return Verdict{
		Cause:    NoSignOfLife,
		Sentence: fmt.Sprintf("the machine fetched all it asked for, %s last; it is handed over, and was not heard of in the %s since.", fileText(t), Length(still)),
		Likely:   "it runs and has no reason to tell; or its kernel stopped, which its screen would show.",
		Hint:     "add {{ UP }} to the command line, in a place where the system fetches it as a URL, to be told when it is up.",
		Info:     true,
	}, true
}
