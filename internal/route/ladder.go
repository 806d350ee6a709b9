package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Ladder holds the ways of a client to its payload, best first.
type Ladder struct {
	Routes   []Route
	Rejected []Rejected
	// Keys: there is no rung because Secure Boot wants signatures, and keys of the
	// operator's own would give them.
	Keys bool
}

// Rejected is an entry that is for the client but can't be taken.
type Rejected struct {
	Name string
	Why  string
	near nearness
}

// Aside tells whether it is a way by a loader of Spur's, for a payload that brings its
// own.
func (r Rejected) Aside() bool { return r.near == aside }

// nearness says how little an entry lacks to be taken.
type nearness int

// What an entry may lack, the most first.
const (
	unasked   nearness = iota // another loader was asked for
	aside                     // another entry is there for such payloads
	unsuited                  // the payload or the protocol is the wrong one
	unsigned                  // its loader has no signature, and the machine wants one
	elsewhere                 // a file that no distribution has
	missing                   // a file that the distribution has
	stopped                   // nothing: with Secure Boot all files are there, but wouldn't get along
)

// Pick returns the route to offer now: the best that has not failed on this
// machine, or, when all have failed, the one whose failure is the oldest.
// failed lists the names of failed routes, the oldest first.
func (l Ladder) Pick(failed []string) (Route, bool) {
	if len(l.Routes) == 0 {
		return Route{}, false
	}
	var names []string
	for _, r := range l.Routes {
		names = append(names, r.Name)
	}
	return l.Routes[untried(names, failed)], true
}

// AskingOnce is the ladder with those loaders last that ask what to boot once more when
// they run: what they are told then is a matter of who answers first.
func (l Ladder) AskingOnce() Ladder {
	asksAgain := func(r Route) int {
		if r.Role == NBP && (r.Loader == boot.IPXE || r.Loader == boot.GPXE) {
			return 1
		}
		return 0
	}
	l.Routes = slices.Clone(l.Routes)
	slices.SortStableFunc(l.Routes, func(a, b Route) int { return asksAgain(a) - asksAgain(b) })
	return l
}

// untried is the place of the first name that is not among failed, or, where all
// are, of the one that failed first.
func untried(names, failed []string) int {
	best, bestAge := 0, len(failed)
	for i, name := range names {
		age := slices.Index(failed, name)
		if age == -1 {
			return i
		}
		if age < bestAge {
			best, bestAge = i, age
		}
	}
	return best
}

// notYet says of programs that no row serves what is in the way, or "".
func notYet(l boot.Loader) string {
	switch l {
	case boot.GRUB, boot.PXELINUX:
		return fmt.Sprintf("Spur cannot serve a %s that somebody else started yet", l)
	}
	return ""
}

// Supported lists whom the table of entries has routes for, in the words of
// Obstacle.
func Supported() []string {
	var all []string
	for _, e := range Entries() {
		who := fmt.Sprintf("%s over %s", boot.Client{Firmware: e.Firmware, Arch: e.Arch}.Platform(), strings.ToUpper(string(e.Proto)))
		switch {
		case e.Proto == boot.BSDP:
			who = "Macs over BSDP"
		case e.Firmware == "":
			who = "any machine whose iPXE asks"
		}
		if !slices.Contains(all, who) {
			all = append(all, who)
		}
	}
	return all
}

// Obstacle says in one line why the ladder has no rung: what is in the way of the
// entry that is the nearest to be taken, of several the first.
func (l Ladder) Obstacle(c boot.Client) string {
	if len(l.Routes) > 0 {
		return ""
	}
	if why := notYet(c.Loader); why != "" {
		return why
	}
	if len(l.Rejected) == 0 {
		return fmt.Sprintf("no route for %s over %s yet", c.Platform(), strings.ToUpper(string(c.Proto)))
	}
	nearest := l.nearest()
	if nearest.near == unasked {
		return nearest.Why + ", by which such a machine can't boot"
	}
	if l.Keys {
		return nearest.Why + "; or have Spur sign with keys of yours (spur loader keys)"
	}
	return nearest.Why
}

// nearest is the entry that lacks the least to be taken, of several the first.
func (l Ladder) nearest() Rejected {
	return slices.MaxFunc(l.Rejected, func(x, y Rejected) int { return cmp.Compare(x.near, y.near) })
}

// Unasked tells whether what is in the way is that another loader was asked for than any by
// which the client boots.
func (l Ladder) Unasked() bool {
	return len(l.Routes) == 0 && len(l.Rejected) > 0 && l.nearest().near == unasked
}
