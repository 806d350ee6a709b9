package timeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/size"
)

// maxFailed bounds the routes remembered as failed on one machine; no ladder
// has more rungs.
const maxFailed = 32

// machine is what is remembered of one machine.
type machine struct {
	mac       boot.MAC
	count     int       // attempts so far
	attempts  []Attempt // oldest first; the last one is current
	given     []Cause   // verdicts given on the current attempt
	failed    []string  // routes that failed, oldest first
	shapes    shapes    // of offers
	pace      int64     // of large files, bytes a second at most; 0 for no bound
	chosen    uint32    // the NetBoot image that a Mac has chosen; 0 for none
	kept      Learned   // over a restart
	fetched   bool      // a file, and not only asked
	sender    boot.MAC  // of the packets that are believed; the zero value until one came
	heard     time.Time // of the latest event
	own       *machine  // what its own packets have shown, while another's are believed; or nil
	unstarted unstartedKernel
}

// unstartedKernel counts boots in a row that came no further than one kernel.
type unstartedKernel struct {
	kernel string
	boots  int
}

// current is the machine's latest attempt; the zero value before its first.
func (m *machine) current() Attempt {
	if len(m.attempts) == 0 {
		return Attempt{}
	}
	return m.attempts[len(m.attempts)-1]
}

// begin makes room for a new attempt and opens it.
func (m *machine) begin(e Event, limit int) {
	if len(m.attempts) >= limit {
		m.attempts = slices.Delete(m.attempts, 0, len(m.attempts)-limit+1)
	}
	m.count++
	m.given = nil
	m.attempts = append(m.attempts, Attempt{MAC: e.MAC, Number: m.count})
}

// ended looks at an attempt that the machine gives up at the time at. One that
// had its kernel for a moment only, and was not heard to run, was in vain.
func (m *machine) ended(a Attempt, at time.Time) (Verdict, bool) {
	name, ok := a.kernelName()
	if !ok || a.Stage != HandedOver || at.Sub(a.Moved) >= lifePatience {
		m.unstarted = unstartedKernel{}
		return Verdict{}, false
	}
	if m.unstarted.kernel != name {
		m.unstarted = unstartedKernel{kernel: name}
	}
	if m.unstarted.boots++; m.unstarted.boots < loopKernels {
		return Verdict{}, false
	}
	return a.kernelStuck(BootLoop, fmt.Sprintf("the machine fetched kernel %s and started over, for the %s time.", Clean(name), ordinal(m.unstarted.boots))), true
}

// neverUp looks at an attempt that the machine gives up at the time at, whose
// system was to say that it is up, and had the time to. It runs in vain if its
// network card doesn't work after the loader, which another loader may mend. heard:
// some machine has said so, so that it is no fault of the system.
func neverUp(a Attempt, at time.Time, heard bool) (Verdict, bool) {
	if !heard || !a.saysUp || a.Stage != HandedOver || at.Sub(a.Moved) < lifePatience {
		return Verdict{}, false
	}
	return Verdict{
		Cause:    NeverUp,
		Sentence: fmt.Sprintf("the machine had all that it asked for, and started over after %s; its system has never said that it is up.", size.Length(at.Sub(a.Moved))),
		Likely:   "the kernel stopped, or the system can't use the network card in the state in which the loader left it.",
		Hint:     "look at the machine's screen" + a.untilNext(a.loaderRoute(), "; it is offered the next route") + ".",
		Blames:   a.loaderRoute(),
	}, true
}

// kernelName is the kernel that an attempt fetched last.
func (a Attempt) kernelName() (string, bool) {
	for i := len(a.Transfers) - 1; i >= 0; i-- {
		if t := a.Transfers[i]; t.Role == RoleKernel && t.Times > 0 {
			return t.Name, true
		}
	}
	return "", false
}

// blame remembers that a route failed, the latest as the last; of too many, the
// oldest is forgotten.
func (m *machine) blame(route string) {
	if route == "" {
		return
	}
	m.clear([]string{route})
	if len(m.failed) >= maxFailed {
		m.failed = slices.Delete(m.failed, 0, 1)
	}
	m.failed = append(m.failed, route)
}

// clear forgets the failures of routes that brought the machine to its kernel.
func (m *machine) clear(routes []string) {
	m.failed = slices.DeleteFunc(m.failed, func(r string) bool { return slices.Contains(routes, r) })
}
