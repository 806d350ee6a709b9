package pxe

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Boot is what a machine is told to boot.
type Boot struct {
	// Server is the address of ours that the machine fetches from: siaddr,
	// sname and option 66, and the server identifier of a proxy's replies.
	Server netip.Addr
	// File is the boot file: a TFTP path for a PXE ROM, a URI for HTTP Boot,
	// either for iPXE.
	File string
	// RootPath is option 17, for a disk over the network; may be empty.
	RootPath string
	// Shape is the form of the reply, for ROMs that don't take the usual one.
	Shape Shape
	// Menu is shown to a PXE client that has chosen nothing yet; nil for none.
	Menu *Menu
	// Chosen: a person has chosen in front of the machine, and its loader, which
	// asks anew, is to show nobody's menu again.
	Chosen bool
	// Options are further options to send, by code: 209 and 210 for PXELINUX
	// for example. They don't replace the ones that this package writes.
	Options map[uint8][]byte
}

// What a boot file's name may be long: the field file holds 127 bytes and a
// NUL (RFC 2131 section 2), an option 255.
const (
	maxFile = 127
	maxURI  = 255
)

// Errors of a [Boot] that can't be sent.
var (
	ErrTooLong  = errors.New("name too long for DHCP")
	ErrNoServer = errors.New("no IPv4 address of ours to name as the boot server")
)

// check refuses what firmware would cut off without a word.
func (b Boot) check(r Request) error {
	limit := maxFile
	if (r.Class == HTTPClient || r.IPXE != nil) && !b.Shape.FieldOnly {
		limit = maxURI // both read option 67 and don't need the field
		if b.Shape.Padded {
			limit--
		}
	}
	switch {
	case !b.Server.Is4():
		return fmt.Errorf("%w: %s", ErrNoServer, b.Server)
	case len(b.File) > limit:
		return fmt.Errorf("boot file %.40q… of %d bytes: %w: at most %d", b.File, len(b.File), ErrTooLong, limit)
	case b.Menu != nil && b.Menu.Check() != nil:
		return b.Menu.Check()
	case len(b.RootPath) > maxURI:
		return fmt.Errorf("root path %.40q… of %d bytes: %w: at most %d", b.RootPath, len(b.RootPath), ErrTooLong, maxURI)
	}
	return nil
}

// write puts the boot file and where it is into a reply, in all the places
// where firmware looks. U-Boot looks at siaddr and file alone, and complains on its
// screen about each option that it doesn't know.
func (b Boot) write(reply *dhcpv4.DHCPv4, r Request) {
	if r.Speaker == RPi {
		b.writeRaspberryPi(reply)
		return
	}
	for code, v := range b.Options {
		if _, there := reply.Options[code]; !there {
			reply.Options[code] = v
		}
	}
	reply.ServerIPAddr = b.Server.AsSlice()
	if len(b.File) <= maxFile {
		reply.BootFileName = b.File
	}
	if !b.Shape.FieldOnly && r.Speaker != UBoot {
		b.writeOptions(reply)
	}
	if b.RootPath != "" {
		reply.Options[optRootPath] = []byte(b.RootPath)
	}
}

// writeOptions puts the server and the boot file into the places that BOOTP
// doesn't have.
func (b Boot) writeOptions(reply *dhcpv4.DHCPv4) {
	server := b.Server.String()
	reply.ServerHostName = server
	reply.Options[optServer] = []byte(server)
	switch {
	case b.File == "":
	case b.Shape.Padded:
		reply.Options[optFile] = append([]byte(b.File), 0)
	default:
		reply.Options[optFile] = []byte(b.File)
	}
}
