package timeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// LargeDownload is from which size a file is sent at the pace of its machine, in
// bytes. Smaller ones fit into what a network stack that loses its way has
// buffers for.
const LargeDownload = 4 << 20

// Paces in bytes a second. Downloads that hang iPXE's UEFI builds on 25 Gbit/s
// cards all went through at 10 Mbit/s (ipxe issue 1545): the lowest is about that.
const (
	firstPace  = 16 << 20
	lowestPace = 1 << 20
)

// stallSign is how long a download has stood still where its end means that it
// had stalled, rather than that somebody reset the machine.
const stallSign = 10 * time.Second

// slower is the pace to try after a stall at this one; false: there is none. 0 is
// no bound.
func slower(pace int64) (int64, bool) {
	switch {
	case pace == 0:
		return firstPace, true
	case pace/4 >= lowestPace:
		return pace / 4, true
	}
	return pace, false
}

// faster is the pace to try after a boot that went well at this one.
func faster(pace int64) int64 {
	if pace >= firstPace {
		return 0
	}
	return pace * 4
}

// quicken has the machine's large downloads sent faster by a step once a boot came to
// its end at its pace without a stall.
func (m *machine) quicken(a Attempt) {
	stalled := slices.Contains(m.given, TransferStalled) || slices.ContainsFunc(a.Transfers, func(t Transfer) bool { return t.stalled })
	if m.pace > 0 && a.pace == m.pace && !stalled {
		m.pace = faster(m.pace)
	}
}

// isElsewhere tells whether an event of a transfer comes from another address than the
// machine's: others may know the names of its files. Of IPv6 a machine has several.
func (a Attempt) isElsewhere(e Event) bool {
	peer := e.Peer.Unmap()
	return peer.Is4() && a.Address.Is4() && peer != a.Address
}

// standsStill tells whether one of the machine's own large downloads isn't through.
func (a Attempt) standsStill() bool {
	return slices.ContainsFunc(a.Transfers, func(t Transfer) bool { return t.large() && !t.elsewhere && !t.Done })
}

// paced folds the pace at which files are sent from now on. It is told when it
// changes.
func (a Attempt) paced(e Event) (Attempt, []Step) {
	if a.pace == e.Bytes {
		return a, nil
	}
	a.pace = e.Bytes
	return a.addStep(a.step(e, fmt.Sprintf("%s is sent at %s/s at most, since a download has stalled",
		fileText(Transfer{Role: e.Role, Name: e.Name}), Size(e.Bytes))))
}

// large tells whether a transfer is one that is sent at a pace.
func (t Transfer) large() bool {
	return (t.Proto == "http" || t.Proto == "https") && t.Total >= LargeDownload
}

// stall notes that a large download broke off after it had stood still.
func (t *Transfer) stall(at time.Time) {
	t.stalled = t.large() && !t.elsewhere && t.refusal == "" && at.Sub(t.Last) >= stallSign
}

// stalledAnew tells whether a large download has stalled with this event.
func stalledAnew(e Event, after Attempt) bool {
	t := progress(e, after)
	return t != nil && e.Kind == FetchFailed && t.stalled
}

// slow has the machine's large downloads sent slower than the one that stalled.
func (m *machine) slow(a Attempt) {
	if pace, ok := slower(a.pace); ok && (m.pace == 0 || pace < m.pace) {
		m.pace = pace
	}
}

// stillText is the verdict on a download that has stalled: the next is slower.
func (a Attempt) stillText(t Transfer) Verdict {
	v := Verdict{
		Cause:    TransferStalled,
		Sentence: fmt.Sprintf("%s stands still after %s; the rest should have followed.", fileText(t), portion(t)),
		Likely:   "the firmware's network stack hangs (large HTTP transfers do that to some), or the connection is lost.",
		Hint:     "reset the machine; if it happens again, " + a.untilNext(a.loaderRoute(), "try another route, and ") + "look for errors on the switch port.",
		Blames:   t.blamed(),
	}
	if !t.large() {
		return v
	}
	pace, ok := slower(a.pace)
	if !ok {
		v.Hint, v.Blames = "reset the machine"+a.untilNext(a.loaderRoute(), " to try the next route")+", and look for errors on the switch port.", a.loaderRoute()
		return v
	}
	v.Hint = fmt.Sprintf("reset the machine: its next downloads are sent at %s/s at most; if they stall too, look for errors on the switch port.", Size(pace))
	return v
}

// Pace is how fast a machine is to be sent large files at most, in bytes a
// second; 0 for no bound.
func (t *Timeline) Pace(mac boot.MAC) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.machines[mac]; ok {
		return e.Value.(*machine).pace
	}
	return 0
}
