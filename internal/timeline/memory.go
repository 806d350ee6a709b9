package timeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/size"
)

const (
	// needsMuch is what a machine may well lack of which nobody knows how much memory it
	// has.
	needsMuch = 512 << 20
	// shortPatience: a machine with less memory than it needs has stopped when it is
	// silent for so long; others have lifePatience.
	shortPatience = time.Minute
	// loaderMost is more than any loader has that is no more than one, in bytes.
	loaderMost = 16 << 20
)

// needs is how much memory the machine needs for what it boots, in bytes; 0 where that is
// not known. Where nobody has said, it is what it loads at least.
func (a Attempt) needs() int64 {
	if a.Needs > 0 {
		return a.Needs
	}
	var sum int64
	for _, t := range a.Transfers {
		if (t.Role == RoleKernel || t.Role.followsKernel()) && !t.pieces {
			sum = min(sum+max(t.Bytes, t.Total), maxBytes)
		}
	}
	return sum
}

// short tells whether the machine has less memory than it needs.
func (a Attempt) short() bool { return a.Memory > 0 && a.needs() > a.Memory }

// loadsAll tells whether the latest loader has what the machine boots in it, such as a GRUB
// with a disk (memdisk): it is larger than a loader.
func (a Attempt) loadsAll() bool {
	return a.latest.Role == RoleLoader && a.latest.Bytes > loaderMost && a.Needs > a.latest.Bytes
}

// needsText says how much that is.
func (a Attempt) needsText() string {
	if a.Needs > 0 {
		return "about " + Size(a.Needs)
	}
	return "more than " + Size(a.needs())
}

// told folds how much memory the machine says that it has. It is news where that is too
// little, before the boot comes to nothing by it.
func (a Attempt) told(e Event) (Attempt, []Step) {
	if e.Bytes == 0 || e.Bytes == a.Memory {
		return a, nil
	}
	if a.Memory = e.Bytes; !a.short() {
		return a, nil
	}
	s := a.step(e, fmt.Sprintf("has %s of memory, and what it boots needs %s", Size(a.Memory), a.needsText()))
	s.Needs = a.needs()
	return a.addStep(s)
}

// withMemory is a verdict in which the machine's memory has its part: where it is too
// small that is the cause, and where nobody knows how large it is, and much is needed,
// the likely one. A transfer of something else has nothing to do with it.
func (a Attempt) withMemory(v Verdict) Verdict {
	if !slices.Contains([]Cause{TransferAborted, TransferStalled, KernelLoop, BootLoop, NeverUp, NoSignOfLife, LoaderSilent}, v.Cause) {
		return v
	}
	transfer := v.Cause == TransferAborted || v.Cause == TransferStalled
	switch {
	case transfer && a.latest.Role != RoleKernel && !a.latest.Role.followsKernel():
	case a.short():
		v.Cause, v.Info = NotEnoughMemory, false
		v.Likely = fmt.Sprintf("the machine has %s of memory, and what it boots needs %s.", Size(a.Memory), a.needsText())
		v.Hint = giveMemory + "."
	case a.Memory == 0 && v.Cause == LoaderSilent && a.loadsAll():
		v.Likely = fmt.Sprintf("the machine has too little memory: %s has in it what it boots, which needs %s. Or %s", fileText(a.latest), a.needsText(), v.Likely)
		v.Hint = fmt.Sprintf("%s; %s", giveMemory, v.Hint)
	case a.Memory > 0 || a.needs() < needsMuch || v.Cause == LoaderSilent || v.Cause == TransferStalled:
	case v.Info:
		v.Likely = fmt.Sprintf("%s Or it has less memory than it needs, which is %s.", v.Likely, a.needsText())
	default:
		v.Likely = fmt.Sprintf("the machine has too little memory: what it boots needs %s. Or %s", a.needsText(), v.Likely)
		v.Hint = fmt.Sprintf("%s; %s", giveMemory, v.Hint)
	}
	return v
}

const giveMemory = "give the machine more memory, or have it boot something smaller (of an initrd, one without what the machine doesn't need; of an ISO image, its system with its root mounted, where spur image show lists --root nfs, nbd or iscsi)"

// startedOverShort looks at an attempt that the machine gives up at the time at: it had
// all that it asked for, and too little memory for it.
func (a Attempt) startedOverShort(at time.Time) (Verdict, bool) {
	if a.Stage != HandedOver || !a.short() || a.latest.Err != "" || at.Sub(a.Moved) >= lifePatience {
		return Verdict{}, false
	}
	return a.withMemory(Verdict{
		Cause:    BootLoop,
		Sentence: fmt.Sprintf("the machine fetched all it asked for, %s last, and started over after %s.", fileText(a.latest), size.Length(at.Sub(a.Moved))),
	}), true
}

// outOfMemory: the system runs with less memory than it needs, and fell silent once a file that
// it fetched had broken off, or it had lost what it mounted. What a system reads of that isn't
// told: one that is silent may be well.
func (a Attempt) outOfMemory(now time.Time) (Verdict, bool) {
	silent := now.Sub(a.Last)
	if a.Stage != Running || !a.short() || silent < shortPatience {
		return Verdict{}, false
	}
	text := a.brokenFile()
	if text == "" && silent >= lifePatience {
		text = a.rootLost
	}
	if text == "" {
		return Verdict{}, false
	}
	return a.withMemory(Verdict{
		Cause:    NoSignOfLife,
		Sentence: fmt.Sprintf("%s; the machine was not heard of in the %s since.", text, size.Length(silent)),
	}), true
}

// brokenFile says how the last file broke off that the machine's system fetched; "" where that
// came through, or has begun again.
func (a Attempt) brokenFile() string {
	var last Transfer
	for _, t := range a.Transfers {
		if !t.Last.Before(last.Last) {
			last = t
		}
	}
	if last.Err == "" || last.Bytes == 0 || last.refusal != "" {
		return ""
	}
	return failedText(last)
}
