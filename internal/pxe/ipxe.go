package pxe

import "fmt"

// Features is what iPXE says about itself in option 175
// (https://ipxe.org/howto/dhcpd, src/include/ipxe/features.h).
type Features struct {
	PXE, ISCSI, AOE, HTTP, HTTPS, TFTP, FTP, DNS bool // 16 to 23
	BzImage, Multiboot, SLAM, SRP                bool // 24 to 27
	NBI, PXEImage, ELF, COMBOOT, EFI             bool // 32 to 36
	FCOE, VLAN, Menu, SDI, NFS                   bool // 37 to 41
	// Version is like "1.21.1"; empty if it wasn't sent.
	Version string
	// Bus is the network card's bus type, vendor and device ("bus-id", five
	// bytes); zero if it wasn't sent.
	Bus Bus
}

// Bus is iPXE's name of a network card: Type 1 is PCI.
type Bus struct {
	Type           uint8
	Vendor, Device uint16
}

// String is the way lspci writes it.
func (b Bus) String() string { return fmt.Sprintf("%04x:%04x", b.Vendor, b.Device) }

// Codes in option 175.
const (
	ipxePriority = 1
	ipxeNoProxy  = 176
	ipxeBus      = 177
	ipxeVersion  = 235
)

// priority is a signed byte. iPXE's settings of equal priority, which is 0
// where nobody says it, come from the DHCP server first.
const priority = 1

// ipxeOptions is option 175 of a reply to iPXE: our boot file is taken, and not
// one that the DHCP server names besides. In the reply of a DHCP server of ours
// it also says that there is no proxy to wait for.
func ipxeOptions(alone bool) []byte {
	v := []byte{ipxePriority, 1, priority}
	if alone {
		v = append(v, ipxeNoProxy, 1, 1)
	}
	return v
}

// features reads option 175. A client that has it is iPXE, or gPXE before.
func features(v []byte) *Features {
	if len(v) == 0 {
		return nil
	}
	sub := suboptions(v)
	f := &Features{}
	for code, flag := range map[uint8]*bool{
		16: &f.PXE, 17: &f.ISCSI, 18: &f.AOE, 19: &f.HTTP, 20: &f.HTTPS, 21: &f.TFTP, 22: &f.FTP, 23: &f.DNS,
		24: &f.BzImage, 25: &f.Multiboot, 26: &f.SLAM, 27: &f.SRP,
		32: &f.NBI, 33: &f.PXEImage, 34: &f.ELF, 35: &f.COMBOOT, 36: &f.EFI,
		37: &f.FCOE, 38: &f.VLAN, 39: &f.Menu, 40: &f.SDI, 41: &f.NFS,
	} {
		if n := sub[code]; len(n) > 0 && n[0] != 0 {
			*flag = true
		}
	}
	if b := sub[ipxeBus]; len(b) == 5 {
		f.Bus = Bus{b[0], uint16(b[1])<<8 | uint16(b[2]), uint16(b[3])<<8 | uint16(b[4])}
	}
	if n := sub[ipxeVersion]; len(n) == 3 {
		f.Version = fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2])
	}
	return f
}
