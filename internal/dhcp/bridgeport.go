package dhcp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
)

// bridgePorts names, by the index of a port, the bridge or bond that it is a
// port of. A port hands what it receives to its master before a packet socket
// for IPv4 sees it: listening on it would be silence.
func bridgePorts() (map[int]string, error) {
	links, err := netlink.LinkList()
	// A list that was interrupted by a change is followed by another look.
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("ask which interfaces are ports: %w", err)
	}
	masters := map[int]string{}
	for _, l := range links {
		if takesPortFrames(l.Type()) {
			masters[l.Attrs().Index] = l.Attrs().Name
		}
	}
	ports := map[int]string{}
	for _, l := range links {
		if master, ok := masters[l.Attrs().MasterIndex]; ok {
			ports[l.Attrs().Index] = master
		}
	}
	return ports, nil
}

// takesPortFrames tells whether a master of this kind takes its ports' frames.
// A VRF doesn't.
func takesPortFrames(kind string) bool {
	return slices.Contains([]string{"bridge", "bond", "team", "openvswitch"}, kind)
}
