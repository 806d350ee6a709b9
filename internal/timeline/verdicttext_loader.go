package timeline

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// wanting is a file for which a loader asks again and again, in one folder after the
// other, and that isn't there. One that looks for its configuration asks for another
// name each time.
type wanting struct {
	base  string // its name without folders
	first string // under which it was asked for first
	asked int
}

// enoughAsked is how often a loader asks for the same file until it is clear that it
// does not go on without.
const enoughAsked = 2

// askedFor counts a request for a file that wasn't sent.
func (w wanting) askedFor(t Transfer) wanting {
	base := path.Base(t.Name)
	switch {
	case t.refusal != NoSuchFile:
		return wanting{}
	case base != w.base:
		return wanting{base: base, first: t.Name, asked: 1}
	}
	w.asked++
	return w
}

// fileWanting: a loader runs, and asks for nothing but one file that isn't there, such
// as a PXELINUX without its ldlinux.c32.
func fileWanting(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t, w := a.latest, a.loaderStage.wanting
	if !a.resting() || !a.startedByROM(t) || t.Err != "" || w.asked < enoughAsked || still < loaderPatience {
		return Verdict{}, false
	}
	base, program := Clean(w.base), Clean(path.Base(t.Name))
	v := Verdict{
		Cause:    FileMissing,
		Sentence: fmt.Sprintf("%s was fetched and runs, but %s isn't there, for which it asked %s.", fileText(t), base, times(w.asked)),
		Likely:   "the loader can't go on without that file.",
		Hint:     fmt.Sprintf("copy %s beside %s, from the same version of it; then let the machine boot again.", base, program),
		Blames:   t.Route,
	}
	if path.Dir(w.first) != path.Dir(t.Name) {
		v.Hint = fmt.Sprintf("put %s where it is looked for (%s); then let the machine boot again.", base, Clean(w.first))
	}
	return v, true
}

// startedByROM tells whether a file is a loader, or the flat program of a BIOS boot that
// counts as the last thing to be fetched, since nothing is known of what it asks for.
func (a Attempt) startedByROM(t Transfer) bool {
	return t.Role == RoleLoader || t.Role == RoleKernel && a.Firmware == boot.BIOS && a.loaderStage.client.Loader == boot.ROM
}

// loaderSilent: the loader arrived, and was not heard of again.
func loaderSilent(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	t := a.latest
	if !a.resting() || a.kernel || t.Role != RoleLoader || t.Err != "" || still < loaderPatience {
		return Verdict{}, false
	}
	if a.isRPi() {
		return a.rpiSilent(t), true
	}
	next := a.untilNext(t.Route, "; reset it to try the next route")
	v := Verdict{
		Cause:    LoaderSilent,
		Sentence: fmt.Sprintf("%s was fetched completely, but never asked for its %s.", fileText(t), t.follows()),
		Likely:   t.silentFor(),
		Hint:     "look at the machine's screen" + next + t.ownDHCP("; make the switch port an edge port (PortFast)") + ".",
		Blames:   t.Route,
	}
	switch {
	case a.loaderStage.notFound.Err != "":
		v.Sentence = fmt.Sprintf("%s was fetched and runs, but did not find its %s; it looked for %s last.", fileText(t), t.follows(), orElse(Clean(a.loaderStage.notFound.Name), "a file"))
		v.Likely = "this loader looks for its configuration under names that Spur does not serve to it."
		v.Hint = "look at the machine's screen" + next + "."
	case a.Firmware != boot.BIOS:
		v.Likely = "Secure Boot refused the loader, " + v.Likely
		v.Hint += " What Secure Boot refuses boots by a signed shim and GRUB, which spur explain --secure-boot on looks for, by keys of your own (spur loader keys), or with Secure Boot off in the machine's setup."
	}
	return v, true
}

// isIPXE tells by its name whether a loader is an iPXE or gPXE. They have network
// drivers, ask for an address of their own, and follow a script.
func (t Transfer) isIPXE() bool {
	name := strings.ToLower(path.Base(t.Name))
	return slices.ContainsFunc([]string{"ipxe", "gpxe", "undionly", "snp", ".kpxe"}, func(s string) bool { return strings.Contains(name, s) })
}

// follows is what a loader calls that which tells it what to do.
func (t Transfer) follows() string {
	if t.isIPXE() {
		return "script"
	}
	return "configuration"
}

// silentFor says why a loader asks for nothing. One that is no iPXE sends by the
// firmware's driver, from the firmware's address.
func (t Transfer) silentFor() string {
	if t.isIPXE() {
		return "it does not know this network card, or its own DHCP got no answer (spanning tree on the switch port)."
	}
	return "it stopped at an error, or looks for its configuration elsewhere, such as on a disk of the machine."
}

// ownDHCP is a hint for loaders that ask for an address of their own.
func (t Transfer) ownDHCP(hint string) string {
	if t.isIPXE() {
		return hint
	}
	return ""
}
