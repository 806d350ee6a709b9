package timeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/size"
)

// shimSilent: a shim arrived, or what it starts, and nothing came of it. A machine
// tells nobody that its Secure Boot has refused a program; this is what it looks
// like.
func shimSilent(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || a.kernel || t.Role != RoleLoader || t.Err != "" || t.Loader == "" || still < loaderPatience {
		return Verdict{}, false
	}
	next := a.untilNext(t.Route, "; reset it to try the next route") + "."
	v := Verdict{Blames: t.Route, Hint: "look at the machine's screen" + next}
	switch {
	case t.Loader == boot.Shim && !a.loaderStage.runs:
		v.Cause = ShimRefused
		v.Sentence = fmt.Sprintf("%s was fetched completely, and asked for nothing after that.", fileText(t))
		v.Likely = "the machine's Secure Boot refused it: it trusts neither of Microsoft's certificates for other makers' software by which this shim is signed, or the shim is revoked."
		v.Hint = "look at the machine's screen; allow Microsoft's third-party certificate in its setup, or switch Secure Boot off there" + next
	case t.Loader == boot.Shim:
		v.Cause = LoaderSilent
		v.Sentence = fmt.Sprintf("%s was fetched and runs, but never asked for the loader that it starts.", fileText(t))
		v.Likely = "the shim doesn't find out where it was loaded from, or waits for a key to be enrolled."
	case !a.loaderStage.runs:
		v.Cause = LoaderRefused
		v.Sentence = fmt.Sprintf("%s was fetched by the shim, and asked for nothing after that.", fileText(t))
		v.Likely = "the shim refused it (its screen says \"Security Violation\"): it isn't signed by the shim's maker, or this machine knows it to be revoked; or it has no network here."
		v.Hint = "look at the machine's screen; install the newest shim and GRUB of one distribution" + next
	default:
		v.Cause = LoaderSilent
		v.Sentence = fmt.Sprintf("%s was fetched and runs, but did not ask for its configuration.", fileText(t))
		v.Likely = "it looks for its configuration on a disk of the machine first, and found one there; or it has stopped at an error."
	}
	return v, true
}

// kernelRefused: a GRUB that a shim has started has the kernel, and asks for no
// initrd.
func kernelRefused(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	if !a.resting() || a.latest.Role != RoleKernel || a.latest.Err != "" || still < kernelPatience {
		return Verdict{}, false
	}
	return a.refusedKernel(a.latest)
}

// refusedKernel is the verdict on a kernel that GRUB has fetched. It asks the shim
// about a kernel as soon as it has it, before it fetches the initrds.
func (a Attempt) refusedKernel(kernel Transfer) (Verdict, bool) {
	followed := slices.ContainsFunc(a.Transfers, func(t Transfer) bool { return t.Role.followsKernel() })
	if !kernel.more || followed || !a.startedByGRUB() {
		return Verdict{}, false
	}
	return Verdict{
		Cause:    KernelRefused,
		Sentence: fmt.Sprintf("%s was fetched by GRUB, but no initrd after it.", fileText(kernel)),
		Likely:   "the shim refused the kernel (GRUB says \"bad shim signature\"): with Secure Boot on it must be signed by the maker of shim and GRUB.",
		Hint:     "boot a kernel of the distribution that shim and GRUB are from, or switch Secure Boot off in the machine's setup.",
		Blames:   a.loaderRoute(),
	}, true
}

// refusedProgram is the verdict on an EFI application that firmware has fetched by
// itself: the firmware asks anew sooner than any machine does after a reset, by its
// next boot option. edk2 tells "Access Denied" on the screen only.
func (a Attempt) refusedProgram(next Event) (Verdict, bool) {
	t, gap := a.latest, next.Time.Sub(a.latest.Last)
	if next.Kind != Asked || next.Client.Loader != boot.ROM || gap >= restartGap || !a.startedByFirmware() {
		return Verdict{}, false
	}
	return Verdict{
		Cause:    ProgramRefused,
		Sentence: fmt.Sprintf("%s was fetched completely, and the firmware asked anew %s after that: it did not run it.", fileText(t), size.Length(gap)),
		Likely:   "the machine's Secure Boot refused it: it has no signature, or one by a key that this machine doesn't know. Else the program ended at once.",
		Hint:     "look at the machine's screen; enroll your keys in it (spur loader keys export) and have Spur sign with them (--data), or switch Secure Boot off in its setup.",
		Blames:   t.Route,
	}, true
}

// startedByFirmware tells whether what was fetched last is an EFI application that
// UEFI firmware starts without a loader in between.
func (a Attempt) startedByFirmware() bool {
	t := a.latest
	return t.Role == RoleKernel && t.Done && a.Firmware != boot.BIOS && a.loaderStage.client.Loader == boot.ROM
}
