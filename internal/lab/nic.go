package lab

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// A NIC is an interface of a host.
type NIC struct {
	Wire  *Wire
	Addrs []string         // addresses with prefix length: "10.77.0.1/24"
	MAC   net.HardwareAddr // by default one that the kernel draws
	Loss  Loss             // of the cable to this host
}

// On is a NIC on a wire, with addresses such as "10.77.0.1/24".
func On(w *Wire, addrs ...string) NIC { return NIC{Wire: w, Addrs: addrs} }

func (h *Host) attach(name string, nic NIC) error {
	plug := h.veth
	if nic.Loss.Share > 0 {
		plug = h.lossy
	}
	port, err := plug(name, nic)
	if err != nil {
		return err
	}
	link, err := h.space.links.LinkByName(name)
	if err != nil {
		return err
	}
	if nic.MAC != nil {
		if err := h.space.links.LinkSetHardwareAddr(link, nic.MAC); err != nil {
			return fmt.Errorf("address %v of %s: %w", nic.MAC, name, err)
		}
	}
	if err := h.space.up(name); err != nil {
		return err
	}
	for _, a := range nic.Addrs {
		if err := h.AddAddr(name, a); err != nil {
			return err
		}
	}
	if err := h.space.running(name); err != nil {
		return err
	}
	return nic.Wire.space.running(port) // until then the bridge drops what comes
}

// veth joins an interface of the host to a port of the wire by a veth pair.
func (h *Host) veth(name string, nic NIC) (port string, err error) {
	port = nic.Wire.port()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Namespace = name, netlink.NsFd(h.space.handle)
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: port, PeerNamespace: netlink.NsFd(nic.Wire.space.handle)}
	if err := h.space.links.LinkAdd(pair); err != nil {
		return "", fmt.Errorf("cable from %s to wire %s: %w", name, nic.Wire.name, err)
	}
	if !h.lab.options.Offload {
		if err := h.space.finishChecksums(name); err != nil {
			return "", err
		}
	}
	return port, nic.Wire.plug(port)
}

// lossy joins an interface of the host to the wire by a relay of ours.
func (h *Host) lossy(name string, nic NIC) (port string, err error) {
	near, err := openTap(h.space, name)
	if err != nil {
		return "", err
	}
	far, err := nic.Wire.tap()
	if err != nil {
		_ = near.Close()
		return "", err
	}
	h.lab.relay(near, far, newLoss(nic.Loss))
	return far.name, nil
}
