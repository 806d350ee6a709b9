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
	// Menu: option 43 has a boot server and a menu of one item that needs no
	// key; the ROM asks for the item on port 4011.
	Menu
)

// discovery is how this client finds its boot file in a proxy's reply of this
// shape.
func (r Request) discovery(s Shape) Discovery {
	switch {
	case r.Class != PXEClient || r.IPXE != nil:
		return BootServer
	case s.Discovery != Usual:
		return s.Discovery
	case r.Arch().BIOS():
		return InOffer
	}
	return BootServer
}

// vendorOptions is option 43 of a reply: see the package's story.
func (r Request) vendorOptions(d Discovery, server []byte) []byte {
	var v []byte
	switch {
	case d == InOffer:
		v = append(v, subDiscoveryControl, 1, useBootFile)
	case d == Menu && r.BootItem == nil:
		v = menu(server)
	}
	if r.BootItem != nil {
		// A boot server repeats the item that it answers for (PXE 2.1 table 2-9).
		v = append(append(v, subBootItem, uint8(len(r.BootItem))), r.BootItem...)
	}
	if v == nil {
		return nil
	}
	return append(v, subEnd)
}

// menu is a menu of one item (PXE 2.1 table 2-1): a boot server of a type that
// is free for use, its address, what a screen calls it, and a prompt that waits
// for no key.
func menu(server []byte) []byte {
	v := []byte{subDiscoveryControl, 1, noBroadcast | noMulticast}
	v = append(append(v, subBootServers, uint8(3+len(server)), menuType>>8, menuType&0xff, 1), server...)
	v = append(append(v, subMenu, uint8(3+len(menuItem)), menuType>>8, menuType&0xff, uint8(len(menuItem))), menuItem...)
	return append(append(v, subPrompt, uint8(1+len(menuItem)), 0), menuItem...)
}
