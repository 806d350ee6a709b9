package outlook

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Outlook is what is known of boots before a machine asks.
type Outlook struct {
	Host    route.Host
	Proxied bool // IPv4 addresses come from a DHCP server on another host
	IPv6    bool // machines that ask over IPv6 reach us
	Kinds   Kinds
	// Identify says what a file of this host is; nil: loader.IdentifyFile.
	Identify func(path string) (route.Identity, error)
}

// Target is what machines are booted into.
type Target struct {
	Payload boot.Payload
	Others  []ForArch // in its place, for machines of some architectures
	Items   []Item    // of a menu: all that are ours, Payload among them; none without a menu
}

// ForArch is what machines of one architecture boot.
type ForArch struct {
	Arch    boot.Arch
	Payload boot.Payload
	Found   bool // on the medium of the target, and not named for them: it need not boot
}

// Item is what machines boot by one item of a menu.
type Item struct {
	Title   string
	Payload boot.Payload
	Others  []ForArch // in its place, for machines of some architectures
}

// Asks is a client as its request will show it.
func (o Outlook) Asks(c boot.Client) boot.Client {
	c.Proxied = o.Proxied && !c.IPv6
	return c
}

// overEach are clients over each version of IP by which they can ask: of UEFI
// firmware, each, and no iPXE says over IPv6 what it can't do.
func (o Outlook) overEach(clients []boot.Client) []boot.Client {
	all := slices.Clone(clients)
	for _, c := range clients {
		if o.IPv6 && c.Firmware == boot.UEFI && c.Proto != boot.BSDP && (c.Loader != boot.IPXE || c.Features == boot.UsualIPXE) {
			c.IPv6 = true
			all = append(all, c)
		}
	}
	return all
}
