package timeline

import (
	"time"

	"github.com/spurboot/spur/internal/boot"
)

const (
	// quietGap ends an attempt that got nowhere. A PXE ROM repeats its
	// DISCOVER after 4, 8, 16 and 32 s (PXE 2.1; mPxeDhcpTimeout in edk2's
	// PxeBcDhcp4.c), each with a second of jitter (RFC 2131 section 4.1), so
	// after twice the longest pause it is no repetition.
	quietGap = 64 * time.Second
	// restartGap is less than any machine takes from its reset to its first
	// DISCOVER. A program that asks again sooner is still the same one: its
	// address was refused, or a script said dhcp.
	restartGap = 10 * time.Second
)

// Begins tells whether e is the first event of a machine's next boot, rather
// than the continuation of a. Only the program that a boot starts with can
// begin another: when a loader asks, that is the chain going on.
func (a Attempt) Begins(e Event) bool {
	if a.Stage == "" {
		return true
	}
	if e.Kind != Asked && e.Kind != Ignored {
		return false
	}
	gap := e.Time.Sub(a.Last)
	switch {
	case e.Client.Loader == "":
		return gap >= quietGap
	case a.Stage.lives(), gap >= quietGap:
		return true
	case a.Loader != "" && e.Client.Loader != a.Loader && e.Client.Loader != boot.ROM:
		return false
	case e.Client.Loader == boot.ROM && a.gaveUpHTTPS(e.Client):
		return true // the firmware's next boot option
	case e.Client.Loader == boot.Apple && !a.fetchedAny():
		return false // somebody looks at the images that the Mac was shown
	case !a.progressed():
		return false
	case a.isRPi() && a.fetchedAny() && (e.Client.Firmware == boot.UEFI || a.latest.startsRPi() && gap < restartGap):
		return false // UEFI firmware that it has loaded, or what its ROM has
	case a.loaderStage.fetched && a.latest.Role == RoleLoader && e.Client.Loader == a.loaderStage.client.Loader && e.Client.Features == a.loaderStage.client.Features:
		// The program that fetched a loader speaks again: the loader did not
		// take over. (One that did is another program, or an iPXE that can do
		// more than the one in the ROM.)
		return true
	case e.Client.Loader == boot.ROM && a.fetchedAny():
		return true
	}
	return gap >= restartGap
}

// progressed tells whether the boot got beyond offers.
func (a Attempt) progressed() bool { return a.loaderStage.moved() || a.fetchedAny() }

// fetchedAny tells whether anything was fetched.
func (a Attempt) fetchedAny() bool { return len(a.Transfers) > 0 }

// lives tells whether a boot at this stage has done what a route can do: it
// has its kernel.
func (s Stage) lives() bool { return s == HandedOver || s == Running || s == IsUp }
