package pxe

import (
	"encoding/binary"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Class is how a client introduces itself in option 60, up to the first colon.
type Class string

// The classes of machines that boot.
const (
	PXEClient  Class = "PXEClient"
	HTTPClient Class = "HTTPClient"
)

// Speaker is the program that sent a request, as far as it can be told.
type Speaker string

// The speakers. ROM stands for any firmware that says PXEClient or HTTPClient.
const (
	ROM     Speaker = "rom"
	IPXE    Speaker = "ipxe"
	GPXE    Speaker = "gpxe" // what iPXE was called before 2010
	UBoot   Speaker = "u-boot"
	GRUB    Speaker = "grub"
	RPi     Speaker = "raspberry-pi" // the bootloader in its EEPROM or SoC
	Apple   Speaker = "apple"        // NetBoot (BSDP)
	Linux   Speaker = "linux"        // a client of an operating system, no boot request
	Unknown Speaker = ""
)

// NDI is the UNDI version of option 94 (RFC 4578 section 2.2).
type NDI struct{ Type, Major, Minor uint8 }

// Request is what one DHCP message says about the machine that sent it.
type Request struct {
	Type dhcpv4.MessageType
	MAC  net.HardwareAddr
	// UUID is option 97. HasUUID is false if the firmware left it out or sent
	// nothing but zeros or ones, which means "not programmed".
	UUID    [16]byte
	HasUUID bool
	// Archs is option 93 in the client's order, or what option 60 says if the
	// client left 93 out.
	Archs []Arch
	// NDI is zero if neither option 94 nor option 60 tells it.
	NDI NDI
	// Class is the first word of option 60 if it is one of the classes above;
	// ClassID is the whole of it.
	Class   Class
	ClassID string
	// UserClass is option 77, in RFC 3004's form or as the plain string that
	// iPXE and others send.
	UserClass []string
	// IPXE is what iPXE or gPXE says about itself; nil if it is neither.
	IPXE *Features
	// Requested is option 55.
	Requested []uint8
	// BootItem is what a client chose from a menu; nil if it chose nothing.
	BootItem *BootItem
	// Model and Serial are what a board says of itself: "Raspberry Pi 4" and the last
	// eight digits of its serial number; empty where it doesn't.
	Model, Serial string
	Speaker       Speaker
}

// BootItem is a PXE_BOOT_ITEM (PXE 2.1 table 2-1, option 43 sub-option 71).
type BootItem struct {
	Type  BootType
	Layer uint16
}

// Credentials tells whether the client asks for the credentials of a boot file in
// its place. It says in PXE_CREDENTIAL_TYPES which it takes.
func (i BootItem) Credentials() bool { return i.Layer&wantsCredentials != 0 }

// Discovers tells whether a client looks for a boot server: it has an address, and
// asks those of one type which boot file they have, by unicast or multicast to port
// 4011, or by broadcast to port 67 (PXE 2.1 section 2.2.3).
func (r Request) Discovers() bool {
	asks := r.Type == dhcpv4.MessageTypeRequest || r.Type == dhcpv4.MessageTypeInform
	return asks && r.Class == PXEClient && r.BootItem != nil
}

// IsBoot tells whether the sender asks what to boot, rather than for an
// address only.
func (r Request) IsBoot() bool {
	return r.Class != "" || r.IPXE != nil || r.Speaker == UBoot || r.Speaker == Apple
}

// Arch is the client's first architecture; a PXE client that names none is a
// BIOS ROM older than RFC 4578.
func (r Request) Arch() Arch {
	if len(r.Archs) == 0 {
		return ArchBIOS
	}
	return r.Archs[0]
}

// Read reads a request. It takes what it understands and leaves out the rest.
func Read(m *dhcpv4.DHCPv4) Request {
	r := Request{
		Type:      m.MessageType(),
		MAC:       m.ClientHWAddr,
		ClassID:   clean(m.Options[optClass]),
		UserClass: userClass(m.Options[optUserClass]),
		Requested: m.Options[optRequested],
		Archs:     archs(m.Options[optArch]),
		IPXE:      features(m.Options[optIPXE]),
		BootItem:  bootItem(m.Options[optVendor]),
	}
	r.UUID, r.HasUUID = uuid(m.Options[optUUID])
	if v := m.Options[optNDI]; len(v) >= 3 {
		r.NDI = NDI{v[0], v[1], v[2]}
	}
	r.readClass()
	for _, c := range r.UserClass {
		if (c == "iPXE" || c == "gPXE") && r.IPXE == nil {
			r.IPXE = &Features{} // somebody filtered option 175
		}
	}
	switch r.Speaker = r.speaker(); r.Speaker {
	case RPi:
		r.readRaspberryPi()
	case UBoot:
		r.Archs = r.uBootArchs()
	}
	return r
}

// readClass reads "PXEClient:Arch:00007:UNDI:003016" (PXE 2.1 table 2-2). U-Boot's
// bootmeth_efi.c writes the architecture in hexadecimal digits, 0000b for arm64.
func (r *Request) readClass() {
	words := strings.Split(r.ClassID, ":")
	switch c := Class(words[0]); c {
	case PXEClient, HTTPClient:
		r.Class = c
	default:
		return
	}
	for i := 1; i+1 < len(words); i += 2 {
		n, err := strconv.ParseUint(words[i+1], 10, 16)
		if err != nil && words[i] == "Arch" && len(words[i+1]) == 5 {
			n, err = strconv.ParseUint(words[i+1], 16, 16)
		}
		if err != nil {
			continue
		}
		switch {
		case words[i] == "Arch" && len(r.Archs) == 0:
			r.Archs = []Arch{Arch(n)}
		case words[i] == "UNDI" && r.NDI == NDI{} && len(words[i+1]) == 6:
			r.NDI = NDI{1, uint8(n / 1000), uint8(n % 1000)}
		}
	}
}

func (r Request) speaker() Speaker {
	has := func(prefix string) bool { return strings.HasPrefix(r.ClassID, prefix) }
	switch {
	case slices.Contains(r.UserClass, "gPXE"):
		return GPXE
	case r.IPXE != nil:
		return IPXE
	case has("U-Boot"), r.uBootEFI():
		return UBoot
	case has("AAPLBSDPC"):
		return Apple
	case has("GRUB"):
		return GRUB
	case r.Class == PXEClient && r.raspberryPi():
		return RPi
	case r.Class != "":
		return ROM
	case has("udhcp"), has("dhcpcd"), has("Linux"), has("anaconda"):
		return Linux
	}
	return Unknown
}

// uuid reads option 97: a type byte, which is 0, and 16 bytes. Firmware was
// seen that leaves the type byte out.
func uuid(v []byte) ([16]byte, bool) {
	switch {
	case len(v) == 17 && v[0] == 0:
		v = v[1:]
	case len(v) == 16:
	default:
		return [16]byte{}, false
	}
	u := [16]byte(v)
	if strings.Count(string(v), "\x00") == 16 || strings.Count(string(v), "\xff") == 16 {
		return [16]byte{}, false
	}
	return u, true
}

// archs reads option 93: a list, though nearly every client sends one.
func archs(v []byte) []Arch {
	var all []Arch
	for ; len(v) >= 2; v = v[2:] {
		all = append(all, Arch(binary.BigEndian.Uint16(v)))
	}
	return all
}

// userClass reads option 77. RFC 3004 puts a length before each class; iPXE,
// and everything that copied from it, sends a bare string. A value that adds up
// as RFC 3004's is taken for that.
func userClass(v []byte) []string {
	var all []string
	for rest := v; len(rest) > 0; {
		n := int(rest[0])
		if n == 0 || n >= len(rest) {
			return plain(v)
		}
		all = append(all, clean(rest[1:1+n]))
		rest = rest[1+n:]
	}
	return all
}

func plain(v []byte) []string {
	if s := clean(v); s != "" {
		return []string{s}
	}
	return nil
}

// clean takes a string without the NULs that some clients end it with.
func clean(v []byte) string { return strings.TrimRight(string(v), "\x00") }

// bootItem finds PXE_BOOT_ITEM in option 43.
func bootItem(v []byte) *BootItem {
	item := suboptions(v)[subBootItem]
	if len(item) != 4 {
		return nil
	}
	return &BootItem{BootType(binary.BigEndian.Uint16(item)), binary.BigEndian.Uint16(item[2:])}
}

// suboption is the item as a boot server repeats it (PXE 2.1 table 2-9).
func (i BootItem) suboption() []byte {
	v := binary.BigEndian.AppendUint16([]byte{subBootItem, 4}, uint16(i.Type))
	return binary.BigEndian.AppendUint16(v, i.Layer)
}
