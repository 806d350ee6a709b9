package pxe

// Shape is the form of a reply that says what to boot. The zero value is what a
// ROM of its kind is known to take.
type Shape struct {
	Discovery Discovery
	// FieldOnly names the boot file in the BOOTP field file alone, without
	// options 66 and 67.
	FieldOnly bool
	// Padded ends option 67 with a NUL, as Microsoft's DHCP server does.
	Padded bool
}

// Discovery says by which options a PXE ROM finds its boot file. Other clients
// have no such options.
type Discovery uint8

// The ways to a boot file.
const (
	// Usual is InOffer in a proxy's reply to a BIOS ROM, BootServer in one to a
	// UEFI ROM, and neither option 60 nor 43 in a DHCP server's.
	Usual Discovery = iota
	// BootServer: option 60 alone; the ROM asks on port 4011.
	BootServer
	// InOffer: option 43 says that the boot file is the one of this reply.
	InOffer
	// MenuDiscovery: option 43 has a boot server and a menu of one item that needs
	// no key; the ROM asks for the item on port 4011.
	MenuDiscovery
)

// discovery is how this client finds its boot file in a proxy's reply.
func (r Request) discovery(b Boot) Discovery {
	switch {
	case r.Class == PXEClient && r.IPXE != nil && b.Chosen:
		return InOffer
	case r.Class != PXEClient || r.IPXE != nil:
		return BootServer
	case b.Shape.Discovery != Usual:
		return b.Shape.Discovery
	case r.Arch().BIOS():
		return InOffer
	}
	return BootServer
}

// vendorOptions is option 43 of a reply: see the package's story.
func (r Request) vendorOptions(b Boot, d Discovery) []byte {
	var v []byte
	switch {
	case r.Class == PXEClient && r.BootItem == nil && b.Menu != nil:
		v = b.Menu.encode()
	case d == InOffer:
		v = append(v, subDiscoveryControl, 1, useBootFile)
	case d == MenuDiscovery && r.BootItem == nil:
		v = oneItem(b.Server).encode()
	}
	if r.BootItem != nil {
		v = append(v, r.BootItem.suboption()...)
	}
	if v == nil {
		return nil
	}
	return append(v, subEnd)
}
