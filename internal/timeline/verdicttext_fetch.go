package timeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/size"
)

// transferStalled: a transfer is under way and does not move.
func transferStalled(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	if still < stallPatience || !a.loaderStage.fetched {
		return Verdict{}, false
	}
	for _, t := range a.Transfers {
		if t.reported && t.Running() {
			return a.stillText(t), true
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
	if t.stalled {
		return a.stillText(t)
	}
	v := Verdict{
		Cause:    TransferAborted,
		Sentence: failedText(t) + then,
		Likely:   "packets are lost (a bad cable, an MTU that something on the way does not carry), or the machine was reset.",
		Hint:     "look for errors on the switch port, and for a firewall that drops UDP after the first packet.",
		Blames:   t.blamed(),
	}
	switch {
	case t.Bytes == 0 && t.overTCP():
		v.Likely = "the machine was reset, or the answer does not reach it."
		v.Hint = "look at the machine's screen, and for errors on the switch port."
	case t.Bytes == 0:
		v.Likely = "the answer does not reach the machine, or it was reset."
		v.Hint = "see that no firewall drops UDP from high ports, and look for errors on the switch port."
	case t.overTCP() && a.Memory > a.needs():
		v.Likely = "the connection was lost, or the machine was reset."
		v.Hint = "look at the machine's screen, and for errors on the switch port."
	case t.overTCP():
		v.Likely = "the connection was lost, or the machine has not enough memory for the file."
		v.Hint = "look at the machine's screen; give it more memory or a smaller initrd, and look for errors on the switch port."
	}
	return v
}

// overTCP tells whether a transfer is one over HTTP or HTTPS.
func (t Transfer) overTCP() bool { return t.Proto == "http" || t.Proto == "https" }

// refused is the verdict on a file that we did not send. What we know of it
// leaves nothing to guess.
func (a Attempt) refused(t Transfer) Verdict {
	v := Verdict{
		Cause:    FileMissing,
		Sentence: a.program() + " " + failedText(t) + ".",
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
		if t.Role.followsKernel() && t.Err != "" {
			return a.broken(t, fmt.Sprintf("; the machine has started over %s.", times(kernel.Times-1))), true
		}
	}
	if v, ok := a.refusedKernel(kernel); ok {
		return v, true
	}
	return a.kernelStuck(KernelLoop, fmt.Sprintf("%s was fetched %d times, and its loader comes back for it.", fileText(kernel), kernel.Times)), true
}

// kernelStuck is the verdict on a kernel that does not start. The loader counts
// as failed: another one may bring the kernel further.
func (a Attempt) kernelStuck(cause Cause, sentence string) Verdict {
	next := a.untilNext(a.loaderRoute(), "; reset the machine to try the next route")
	v := a.aboutMultiboot(Verdict{
		Cause:    cause,
		Sentence: sentence,
		Likely:   "the kernel does not start on this machine: it is for other firmware (on UEFI it needs an EFI stub) or another processor, it is damaged, or memory is short.",
		Hint:     "look at the machine's screen, where loader and kernel say why; spur explain says what is known of a kernel.",
		Blames:   a.loaderRoute(),
	})
	v.Hint = strings.TrimSuffix(v.Hint, ".") + next + "."
	return v
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

// kernelNotFetched: the script arrived, and nothing of what it names.
func kernelNotFetched(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || a.kernel || t.Role != RoleScript || t.waits || t.Err != "" || still < kernelPatience {
		return Verdict{}, false
	}
	if a.loaderStage.notFound.refusal != "" {
		return a.refused(a.loaderStage.notFound), true
	}
	v := Verdict{
		Cause:    KernelNotFetched,
		Sentence: fmt.Sprintf("%s was fetched, but no kernel after it.", fileText(t)),
		Likely:   "the script waits (a menu, a prompt), it stopped at an error, or a firewall drops TCP to our HTTP port.",
		Hint:     "look at the machine's screen: the loader says there what it does; open the HTTP port on this host.",
	}
	switch {
	case a.startedByGRUB():
		v.Likely = "GRUB stopped at an error, or a firewall drops what it sends to our HTTP port."
	case a.isRPi():
		v = a.rpiWithoutKernel(v)
	case a.byUBoot():
		v = a.uBootWithoutKernel(v)
	}
	return v, true
}

// startedByGRUB tells whether the loader that was fetched last is a GRUB that a
// shim has started.
func (a Attempt) startedByGRUB() bool {
	for i := len(a.Transfers) - 1; i >= 0; i-- {
		if t := a.Transfers[i]; t.Role == RoleLoader {
			return t.Loader == boot.GRUB
		}
	}
	return false
}

// noSignOfLife: all went well as far as we can see, which is not far.
func noSignOfLife(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	patience := lifePatience
	if a.short() {
		patience = shortPatience
	}
	if !a.resting() || t.Err != "" || still < patience {
		return Verdict{}, false
	}
	if !a.kernel && !t.Role.followsKernel() && t.Role != RoleFile && t.Role != RoleKernel {
		return Verdict{}, false
	}
	v := Verdict{
		Cause:    NoSignOfLife,
		Sentence: fmt.Sprintf("the machine fetched all it asked for, %s last; it is handed over, and was not heard of in the %s since.", fileText(t), size.Length(still)),
		Likely:   "it runs and has no reason to tell; or its kernel stopped, which its screen would show.",
		Hint:     "add {{ UP }} to the command line, in a place where the system fetches it as a URL, to be told when it is up.",
		Info:     true,
	}
	switch {
	case a.byUBoot() && a.loaderStage.client.Firmware == boot.UEFI:
		v = a.uBootGaveUp(v)
	case a.startedByFirmware():
		v.Likely = "it runs and has no reason to tell; or its kernel stopped, or Secure Boot refused it, which its screen would show."
	}
	if a.content == boot.KindMultiboot || a.content == boot.KindXen && !a.startedByFirmware() {
		v = a.aboutMultiboot(v)
	}
	return v, true
}
