package daemon

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
)

// servingInterfaces are the interfaces that serve over IPv4. One that serves over
// IPv6 alone isn't among them, but is no reason to fail; its address is waited for.
func (c Config) servingInterfaces(ctx context.Context) (all []dhcp.Interface, err error) {
	whenAddressed(ctx, func() bool {
		all, err = c.servingNow()
		return err == nil || slices.ContainsFunc(c.Interfaces, missing)
	})
	return all, err
}

func missing(name string) bool {
	_, err := net.InterfaceByName(name)
	return err != nil
}

func (c Config) servingNow() ([]dhcp.Interface, error) {
	all, err := dhcp.Interfaces(c.Interfaces)
	if err == nil {
		return all, nil
	}
	now, errNow := dhcp.Look(c.Interfaces)
	alone, err6 := c.onlyOver6(now.Serving)
	if errNow != nil || err6 != nil || len(alone) == 0 {
		return nil, err
	}
	for _, name := range c.Interfaces {
		named := func(i dhcp.Interface) bool { return i.Name == name }
		if !slices.ContainsFunc(now.Serving, named) && !slices.ContainsFunc(alone, named) {
			return nil, err
		}
	}
	return now.Serving, nil
}

// addressWait is how long an address of this host is waited for that its kernel
// is still looking for on the wire: for a second, and before the link-local one
// for one more (RFC 4862 section 5.4).
const addressWait = 3 * time.Second

// whenAddressed tries until it has gone well, or this host must have the addresses
// that it was given.
func whenAddressed(ctx context.Context, try func() bool) {
	ctx, cancel := context.WithTimeout(ctx, addressWait)
	defer cancel()
	for !try() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// onlyOver6 are the interfaces that have an IPv6 address by which files can be
// fetched, and aren't among those that serve over IPv4.
func (c Config) onlyOver6(over4 []dhcp.Interface) ([]dhcp.Interface, error) {
	now, err := dhcp6.Look(c.Interfaces)
	if err != nil {
		return nil, fmt.Errorf("look for interfaces with IPv6: %w", err)
	}
	var alone []dhcp.Interface
	for _, i := range now.Serving {
		known := slices.ContainsFunc(over4, func(o dhcp.Interface) bool { return o.Index == i.Index })
		if len(i.Addrs) > 0 && !known {
			alone = append(alone, dhcp.Interface{Index: i.Index, Name: i.Name, MAC: i.MAC, Addrs: i.Addrs})
		}
	}
	return alone, nil
}

// withIPv6 adds the interfaces that serve over IPv6 alone, on which files are
// served, but no DHCPv4.
func (c Config) withIPv6(over4 []dhcp.Interface) []dhcp.Interface {
	alone, err := c.onlyOver6(over4)
	if err != nil {
		return over4
	}
	return slices.Concat(over4, alone)
}
