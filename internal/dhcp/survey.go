package dhcp

import (
	"net"
	"slices"

	"github.com/vishvananda/netlink"

	"github.com/spurboot/spur/internal/nic"
)

// Survey is what one look at the host's interfaces shows.
type Survey struct {
	// Serving are the interfaces that can serve clients, in the kernel's order.
	Serving []Interface
	// Reasons say, by name, why another one that is there can't.
	Reasons map[string]error
}

// Look looks at the named interfaces, or, without names, at all. One that is
// not there, or can't serve, is no error.
func Look(names []string) (s Survey, err error) {
	s.Reasons, err = nic.Links(names, net.FlagBroadcast, func(l netlink.Link) error {
		one, why := look(l)
		if why == nil {
			s.Serving = append(s.Serving, one)
		}
		return why
	})
	return s, err
}

// named finds an interface that can serve by its name.
func (s Survey) named(name string) (Interface, bool) {
	for _, i := range s.Serving {
		if i.Name == name {
			return i, true
		}
	}
	return Interface{}, false
}

// ChangeKind is what happened to an interface.
type ChangeKind string

// The kinds of changes.
const (
	Came        ChangeKind = "came"        // can serve now
	Went        ChangeKind = "went"        // can't serve any more
	Remade      ChangeKind = "remade"      // was removed, and made again under its name
	Readdressed ChangeKind = "readdressed" // has other addresses
)

// Change is one interface that is not what it was.
type Change struct {
	Kind ChangeKind
	// Interface is what it is now, or, if it went, what it was.
	Interface Interface
	// Reason is why it can't serve; nil if it is gone altogether.
	Reason error
}

// Changes compares two looks.
func Changes(before, now Survey) []Change {
	var all []Change
	for _, was := range before.Serving {
		if _, here := now.named(was.Name); !here {
			all = append(all, Change{Went, was, now.Reasons[was.Name]})
		}
	}
	for _, is := range now.Serving {
		was, here := before.named(is.Name)
		switch {
		case !here:
			all = append(all, Change{Kind: Came, Interface: is})
		case was.Index != is.Index:
			all = append(all, Change{Kind: Remade, Interface: is})
		case !slices.Equal(was.Addrs, is.Addrs):
			all = append(all, Change{Kind: Readdressed, Interface: is})
		}
	}
	return all
}
