package pxe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Menu is what a ROM lets a person choose from before it boots (PXE 2.1 table
// 2-1). The first item is the one that is taken without a key.
type Menu struct {
	Items []MenuItem
	// Prompt is shown while the ROM waits for the key that shows the menu, F8.
	Prompt string
	// Timeout is for how many seconds it waits: with 0 it takes the first item at
	// once, with 255 it shows the menu at once and waits for good.
	Timeout uint8
}

// MenuItem leads to the boot servers of one type.
type MenuItem struct {
	Type  BootType
	Title string
	// Servers are asked one by one. Without any, whoever answers a multicast or a
	// broadcast for the type is taken.
	Servers []netip.Addr
}

// DiscoveryGroup is the multicast group in which boot servers are looked for. The
// menu names it; this is the one that boot servers have used from Intel's on.
func DiscoveryGroup() netip.Addr { return netip.AddrFrom4([4]byte{224, 0, 1, 2}) }

// Bounds of a menu. edk2 shows 24 items (PXEBC_MENU_MAX_NUM) of 70 characters
// (PXEBC_DISPLAY_MAX_LINE), and writes a NUL behind the last one, into a buffer of
// just that size (PxeBcSelectBootMenu). All of a menu is in one option 43, since
// ROMs of before RFC 3396 take the second one for another menu.
const (
	maxItems  = 24
	maxTitle  = 69
	maxOption = 255
)

// ErrMenu is wrapped by the errors of a menu that can't be sent.
var ErrMenu = errors.New("a PXE menu can't have it")

// ErrMenuType is that of two items which a ROM couldn't tell apart.
var ErrMenuType = errors.New("a ROM asks by the type alone")

// Check tells what of a menu can't be sent.
func (m Menu) Check() error {
	if n := len(m.Items); n == 0 || n > maxItems {
		return fmt.Errorf("%d items: %w: it has 1 to %d", n, ErrMenu, maxItems)
	}
	if err := checkShown("prompt", m.Prompt); err != nil {
		return err
	}
	seen := map[BootType]string{}
	for _, item := range m.Items {
		if err := checkShown("title", item.Title); err != nil {
			return err
		}
		if other, twice := seen[item.Type]; twice {
			return fmt.Errorf("%q and %q are both for boot servers of type %s: %w: %w", other, item.Title, item.Type, ErrMenu, ErrMenuType)
		}
		seen[item.Type] = item.Title
		if len(item.Servers) > maxOption/4 || slices.ContainsFunc(item.Servers, func(a netip.Addr) bool { return !a.Is4() }) {
			return fmt.Errorf("%q: %w: boot servers have IPv4 addresses, and few", item.Title, ErrMenu)
		}
	}
	if n := len(m.encode()) + 1; n > maxOption {
		return fmt.Errorf("%d bytes of items: %w: option 43 has %d, and ROMs take no longer one", n, ErrMenu, maxOption)
	}
	return nil
}

// checkShown refuses what a ROM can't show: it knows no characters but ASCII's.
func checkShown(what, text string) error {
	switch {
	case text == "":
		return fmt.Errorf("a %s without text: %w", what, ErrMenu)
	case len(text) > maxTitle:
		return fmt.Errorf("the %s %q of %d characters: %w: ROMs show %d", what, text, len(text), ErrMenu, maxTitle)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return fmt.Errorf("the %s %q: %w: ROMs show ASCII only", what, text, ErrMenu)
	}
	return nil
}

// discovered tells whether an item leads to servers that have to be looked for.
func (m Menu) discovered() bool {
	return slices.ContainsFunc(m.Items, func(i MenuItem) bool { return i.Type != LocalBoot && len(i.Servers) == 0 })
}

// encode writes a menu's part of option 43. The list of servers names every type,
// if need be without an address: edk2 fails where a list lacks the type that was
// chosen (PxeBcExtractDiscoverInfo).
func (m Menu) encode() []byte {
	var servers, menu []byte
	for _, item := range m.Items {
		menu = append(binary.BigEndian.AppendUint16(menu, uint16(item.Type)), uint8(len(item.Title)))
		menu = append(menu, item.Title...)
		if item.Type == LocalBoot {
			continue
		}
		servers = append(binary.BigEndian.AppendUint16(servers, uint16(item.Type)), uint8(len(item.Servers)))
		for _, a := range item.Servers {
			servers = append(servers, a.AsSlice()...)
		}
	}
	v := []byte{subDiscoveryControl, 1, noBroadcast | noMulticast}
	if m.discovered() {
		v = append([]byte{subDiscoveryControl, 1, 0, subDiscoveryGroup, 4}, DiscoveryGroup().AsSlice()...)
	}
	if servers != nil {
		v = append(append(v, subBootServers, uint8(len(servers))), servers...)
	}
	v = append(append(v, subMenu, uint8(len(menu))), menu...)
	return append(append(v, subPrompt, uint8(1+len(m.Prompt)), m.Timeout), m.Prompt...)
}

// oneItem is the menu of the discovery [MenuDiscovery]: one item, which needs no key.
func oneItem(server netip.Addr) Menu {
	return Menu{Items: []MenuItem{{Type: OwnType, Title: "Spur", Servers: []netip.Addr{server}}}, Prompt: "Spur"}
}

// ReadMenu reads the menu in option 43 of an offer; ok is false where there is
// none. Of one that is cut off it is what came before that.
func ReadMenu(option43 []byte) (m Menu, ok bool) {
	sub := suboptions(option43)
	servers := bootServers(sub[subBootServers])
	for v := sub[subMenu]; len(v) >= 3 && len(v) >= 3+int(v[2]); v = v[3+int(v[2]):] {
		t := BootType(binary.BigEndian.Uint16(v))
		m.Items = append(m.Items, MenuItem{Type: t, Title: string(v[3 : 3+int(v[2])]), Servers: servers[t]})
	}
	if v := sub[subPrompt]; len(v) > 0 {
		m.Timeout, m.Prompt = v[0], string(v[1:])
	}
	return m, len(m.Items) > 0
}

// bootServers reads PXE_BOOT_SERVERS.
func bootServers(v []byte) map[BootType][]netip.Addr {
	all := map[BootType][]netip.Addr{}
	for len(v) >= 3 && len(v) >= 3+4*int(v[2]) {
		t, n := BootType(binary.BigEndian.Uint16(v)), int(v[2])
		for i := range n {
			all[t] = append(all[t], netip.AddrFrom4([4]byte(v[3+4*i:])))
		}
		v = v[3+4*n:]
	}
	return all
}
