package timeline

import (
	"net/netip"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Bounds of one attempt. What goes beyond is counted, not kept.
const (
	maxSteps     = 64
	maxTransfers = 32
	maxRoutes    = 8
)

// Stage is how far a boot has come.
type Stage string

// The stages of a boot.
const (
	Asking     Stage = "asking"      // sent DISCOVER
	LeftAlone  Stage = "ignored"     // we stay silent
	Elsewhere  Stage = "elsewhere"   // was led to another boot server
	Offering   Stage = "offered"     // has our offer
	Addressed  Stage = "addressed"   // has an address, or asked for one
	Answering  Stage = "answered"    // was told its boot file on port 4011
	Loading    Stage = "loading"     // fetches a loader or a script
	Fetching   Stage = "fetching"    // fetches kernel and initrds
	HandedOver Stage = "handed-over" // has its kernel
	Running    Stage = "running"     // the system asked for an address
	IsUp       Stage = "up"          // the system said so
)

// Attempt is one boot of one machine. It is a value: Next returns a new one
// and leaves the old one as it was, slices included, so that snapshots need no
// copies. The zero value is a machine that was never heard of.
type Attempt struct {
	MAC boot.MAC `json:"mac"`
	// Number counts the machine's attempts from 1.
	Number int       `json:"number"`
	UUID   boot.UUID `json:"uuid,omitzero"`
	// Platform is firmware and architecture in words: "UEFI x64".
	Platform string `json:"platform,omitempty"`
	// Firmware, Arch, Proto and Loader are of the first program that asked.
	Firmware  boot.Firmware `json:"firmware,omitempty"`
	Arch      boot.Arch     `json:"arch,omitempty"`
	Proto     boot.Proto    `json:"proto,omitempty"`
	Loader    boot.Loader   `json:"loader,omitempty"`
	Interface string        `json:"if,omitempty"`
	// Route is the latest route, Routes are all of this attempt, in order.
	Route  string   `json:"route,omitempty"`
	Routes []string `json:"routes,omitempty"`
	// Address is the machine's address, where it is known.
	Address netip.Addr `json:"address,omitzero"`
	Stage   Stage      `json:"stage"`
	// Needs is about how much memory the machine needs for what it boots, Memory how
	// much it says that it has, in bytes; 0 where that is not known.
	Needs  int64 `json:"needs,omitempty"`
	Memory int64 `json:"memory,omitempty"`
	// Began is the first event, Last the latest, Moved the latest that was
	// progress rather than a repetition.
	Began time.Time `json:"began"`
	Last  time.Time `json:"last"`
	Moved time.Time `json:"moved"`
	// Steps is what happened so far; Omitted steps are missing from its middle.
	Steps     []Step     `json:"steps"`
	Omitted   int        `json:"omitted,omitempty"`
	Transfers []Transfer `json:"transfers,omitempty"`
	// Verdict is what stalls the attempt; nil while it moves.
	Verdict *Verdict `json:"verdict,omitempty"`

	loaderStage loaderStage
	silence     silence
	handshake   handshake
	latest      Transfer // that ended last, well or not
	kernel      bool
	rootLost    string    // how its system lost what it had mounted, in words
	content     boot.Kind // that it was offered last
	xen         bool      // it is the hypervisor
	row         string    // by which it was offered something last
	saysUp      bool      // its system is to say that it is up
	sole        []string  // routes besides which there is no other
	pace        int64     // of large files, bytes a second at most; 0 for no bound
}

// Next folds one event into the attempt. It returns the attempt afterwards and
// the steps that are news: repetitions and the course of a transfer change the
// attempt only. Whether e belongs to this attempt at all, Begins says.
func (a Attempt) Next(e Event) (Attempt, []Step) {
	e = e.bounded()
	a = a.reach(e)
	if e.Time.Before(a.Last) {
		e.Time = a.Last
	}
	a.Last = e.Time
	switch e.Kind {
	case Asked:
		return a.asked(e)
	case Ignored, NoAnswer:
		return a.silent(e)
	case Offered:
		return a.offered(e)
	case OtherOffered:
		return a.otherOffered(e)
	case Chose, Leased:
		return a.addressed(e)
	case Listed:
		return a.listed(e)
	case BootAsked, Answered:
		return a.boot(e)
	case ChoseOther:
		return a.choseOther(e)
	case Awaited, FetchStart, FetchProgress, FetchEnd, FetchFailed, SizeAsked:
		return a.fetch(e)
	case HandshakeFailed:
		return a.handshakeFailed(e)
	case Paced:
		return a.paced(e)
	case Memory:
		return a.told(e)
	case Mounted, Unmounted:
		return a.mount(e)
	case OSAsked, Up:
		return a.alive(e)
	}
	return a, nil
}

// reach opens an attempt with its first event and learns what e tells about
// the machine.
func (a Attempt) reach(e Event) Attempt {
	if a.Stage == "" {
		a.MAC, a.Stage = e.MAC, Asking
		a.Began, a.Last, a.Moved = e.Time, e.Time, e.Time
		a.Number = max(a.Number, 1)
	}
	if c := e.Client; a.Loader == "" && c.Loader != "" {
		a.Platform, a.Firmware, a.Arch = c.Platform(), c.Firmware, c.Arch
		a.Proto, a.Loader = c.Proto, c.Loader
	}
	if a.UUID.IsZero() {
		a.UUID = e.Client.UUID
	}
	if a.Interface == "" {
		a.Interface = clip(e.Client.Interface)
	}
	a.saysUp = a.saysUp || e.SaysUp
	if e.Kind == Offered || e.Kind == Answered {
		a.Needs, a.content, a.xen = e.Needs, e.Content, e.Xen
	}
	return a.onRoute(e.Route)
}

// onRoute notes the route that an event was on.
func (a Attempt) onRoute(name string) Attempt {
	if name == "" {
		return a
	}
	a.Route = name
	if !slices.Contains(a.Routes, name) && len(a.Routes) < maxRoutes {
		a.Routes = append(slices.Clip(a.Routes), name)
	}
	return a
}

// noteSole notes that there is no other route besides that of an offer.
func (a *Attempt) noteSole(e Event) {
	if e.Sole && !slices.Contains(a.sole, e.Route) && len(a.sole) < maxRoutes {
		a.sole = append(slices.Clip(a.sole), e.Route)
	}
}

// untilNext is the words with which a hint ends that has the machine take the next
// route after the one that failed, "" where there is no other.
func (a Attempt) untilNext(failed, words string) string {
	if slices.Contains(a.sole, failed) {
		return ""
	}
	return words
}

// forward notes progress: the boot reached stage, and what stalled it is over.
// A boot never goes back to an earlier stage than its kernel.
func (a Attempt) forward(e Event, stage Stage) Attempt {
	a.Moved, a.Verdict, a.silence, a.handshake = e.Time, nil, silence{}, handshake{}
	switch {
	case a.Stage == IsUp:
	case a.Stage == Running && stage != IsUp:
	case a.Stage == HandedOver && stage == Loading:
	default:
		a.Stage = stage
	}
	return a
}

// addStep adds a step. The middle is left out of a list that grows too long:
// its beginning and its end say the most.
func (a Attempt) addStep(s Step) (Attempt, []Step) {
	a.Steps = slices.Clone(a.Steps)
	if len(a.Steps) >= maxSteps {
		a.Steps = slices.Delete(a.Steps, maxSteps/2, maxSteps/2+1)
		a.Omitted++
	}
	a.Steps = append(a.Steps, s)
	return a, []Step{s}
}

// countRepeat counts a repetition of the latest step of this kind.
func (a Attempt) countRepeat(k Kind) Attempt {
	for i := len(a.Steps) - 1; i >= 0; i-- {
		if a.Steps[i].Kind == k {
			a.Steps = slices.Clone(a.Steps)
			a.Steps[i].Count++
			return a
		}
	}
	return a
}
