package host

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// chainUse is what chains have of a file that nothing else has use for, a shim or what
// one starts: whether one takes it, over what, or why none does.
type chainUse struct {
	taken bool
	text  string
}

func useInChains(b route.Binary, have route.Binaries) chainUse {
	alone := usedAlone(b, have)
	if outOfChains(b) {
		return chainUse{alone != "", cmp.Or(alone, "others go before it")}
	}
	var over []string
	switch {
	case takenBy(b, have, route.TFTP, true):
		over = append(over, "over TFTP")
	case takenBy(b, have, route.TFTP, false):
		over = append(over, "over TFTP with --dhcp server")
	}
	if takenBy(b, have, route.HTTP, false) {
		over = append(over, "over HTTP")
	}
	if alone != "" {
		alone = "; " + alone
	}
	if over == nil {
		return chainUse{false, "no chain takes it: " + unused(b, have) + alone}
	}
	return chainUse{true, "a chain takes it: " + strings.Join(over, ", ") + alone}
}

// outOfChains tells of a loader that no shim starts in any case.
func outOfChains(b route.Binary) bool {
	return b.Firmware == boot.BIOS || b.Identity.Kind == route.KindRAMDisk || b.Identity.Kind == route.KindWimboot
}

// usedAlone says over what a loader is given out to machines that start it themselves
// and that goes by its kind; "" for none.
func usedAlone(b route.Binary, have route.Binaries) string {
	for _, l := range route.Loaders() {
		if l.Kind != b.Identity.Kind || len(l.Builds) > 0 {
			continue
		}
		for _, proxied := range []bool{true, false} {
			client := chainClient(b, proxied)
			given, ok := have.Given(route.Route{Loader: l.Name, Via: route.TFTP}, client)
			switch {
			case !ok || given.Place() != b.Place():
			case proxied:
				return "given out by itself over TFTP"
			default:
				return "given out by itself over TFTP with --dhcp server"
			}
		}
	}
	return ""
}

// compareUse puts what a chain takes first.
func compareUse(x, y chainUse) int {
	switch {
	case x.taken == y.taken:
		return 0
	case x.taken:
		return -1
	}
	return 1
}

// takenBy tells whether the preferred chain over a protocol has a file in it.
func takenBy(b route.Binary, have route.Binaries, via route.Via, proxied bool) bool {
	for _, l := range []boot.Loader{boot.GRUB, boot.IPXE} {
		chain, why := have.Chain(route.Route{Loader: l, Via: via}, chainClient(b, proxied))
		if why == "" && (chain.Shim.Place() == b.Place() || chain.Second.Place() == b.Place() || chain.MokManager.Place() == b.Place()) {
			return true
		}
	}
	return false
}

// chainClient is a machine that would start a file in a chain.
func chainClient(b route.Binary, proxied bool) boot.Client {
	return boot.Client{Firmware: b.Firmware, Arch: b.Arch, Proto: boot.PXE, Loader: boot.ROM, Proxied: proxied, SecureBoot: true}
}

// unused says why no chain takes a file.
func unused(b route.Binary, have route.Binaries) string {
	if !b.Identity.Signed() {
		return "it isn't signed"
	}
	for _, shim := range have {
		if b.Identity.Kind == route.KindShim || shim.Identity.Kind != route.KindShim || shim.Identity.Arch != b.Identity.Arch {
			continue
		}
		if err := shim.Identity.Refuses(b.Identity); err != nil {
			return fmt.Sprintf("shim %s refuses it: %v", shim.Identity.Version, err)
		}
	}
	if _, why := have.Chain(route.Route{Loader: boot.GRUB, Via: route.TFTP}, chainClient(b, false)); why != "" {
		return why
	}
	return "others go before it"
}
