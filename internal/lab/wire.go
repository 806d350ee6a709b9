package lab

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// bridge is the name of the switch's device within its namespace.
const bridge = "br0"

// A Wire is an Ethernet segment: a bridge in a namespace of its own, without
// an address, that says nothing by itself.
type Wire struct {
	lab   *Lab
	name  string
	space *namespace
	index int // of the bridge
	ports int
	mtu   int // in bytes; 0 is Ethernet's usual one
}

// Wire makes a wire. Its name is part of the namespace's, spur-<pid>-<n>-<name>.
func (l *Lab) Wire(name string) (*Wire, error) {
	if err := l.take(name); err != nil {
		return nil, err
	}
	space, err := l.namespace(name)
	if err != nil {
		return nil, err
	}
	// The switch has no IPv6 of its own: no router solicitations, no
	// multicast reports between the packets of a test.
	for _, where := range []string{"all", "default"} {
		if err := space.sysctl("ipv6/conf/"+where+"/disable_ipv6", "1"); err != nil {
			return nil, err
		}
	}
	off := false
	attrs := netlink.NewLinkAttrs()
	attrs.Name = bridge
	if err := space.links.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &off}); err != nil {
		return nil, fmt.Errorf("wire %s: %w", name, err)
	}
	if err := space.up(bridge); err != nil {
		return nil, err
	}
	link, err := space.links.LinkByName(bridge)
	if err != nil {
		return nil, fmt.Errorf("wire %s: %w", name, err)
	}
	return &Wire{lab: l, name: name, space: space, index: link.Attrs().Index}, nil
}

// Name is the name the wire was made with.
func (w *Wire) Name() string { return w.name }

// SetMTU sets the longest packet, in bytes, of what is plugged in from now on.
func (w *Wire) SetMTU(mtu int) { w.mtu = mtu }

// port names the next port of the switch.
func (w *Wire) port() string {
	w.lab.mu.Lock()
	defer w.lab.mu.Unlock()
	w.ports++
	return fmt.Sprintf("port%d", w.ports)
}

// plug puts a link of the wire's namespace into the bridge and brings it up.
func (w *Wire) plug(port string) error {
	link, err := w.space.links.LinkByName(port)
	if err != nil {
		return fmt.Errorf("wire %s: %w", w.name, err)
	}
	if w.mtu != 0 {
		if err := w.space.links.LinkSetMTU(link, w.mtu); err != nil {
			return fmt.Errorf("wire %s: %w", w.name, err)
		}
	}
	if err := w.space.links.LinkSetMasterByIndex(link, w.index); err != nil {
		return fmt.Errorf("wire %s: %w", w.name, err)
	}
	return w.space.up(port)
}

// tap opens a port of the wire whose other end is ours.
func (w *Wire) tap() (*tap, error) {
	port := w.port()
	t, err := openTap(w.space, port)
	if err != nil {
		return nil, err
	}
	if err := w.plug(port); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}
