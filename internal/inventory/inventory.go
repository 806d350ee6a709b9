package inventory

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Inventory is a file of machines. It never changes.
type Inventory struct {
	Rows  []Row
	text  source
	index index
}

// Row is one entry of the list: which machines it is about, and what these boot.
type Row struct {
	At Place
	// What of a machine has to fit: one pattern of each list that isn't empty.
	MAC, UUID, Serial []Pattern
	Arch              []boot.Arch
	Firmware          []boot.Firmware

	Target Target
	// Once: a machine boots it once, and is left alone then.
	Once bool
}

// Target is what the command line of spur boot says of one, with paths as they are
// written.
type Target struct {
	Boot     string // KERNEL
	Initrds  []string
	Modules  []string
	Cmdline  string
	As       string
	Entry    string
	DTB      string
	Message  string
	RootPath string
	Root     string
	places   map[string][]Place // of the values of each key
}

// BootKey is the key of what boots.
const BootKey = "boot"

// Place is where value number n of a key is written; for what isn't there that of what
// boots.
func (t Target) Place(key string, n int) Place {
	if all := t.places[key]; n >= 0 && n < len(all) {
		return all[n]
	}
	if all := t.places[BootKey]; len(all) > 0 {
		return all[0]
	}
	return Place{}
}

// Found is what a file says of a machine.
type Found struct {
	// Row is the first that fits; nil for none. Number is its place in the list.
	Row    *Row
	Number int
	// Asks: a row before that one may fit, by the serial number, which the machine
	// hasn't told.
	Asks bool
}

// Find finds what the file says of a machine: the first row that fits counts.
func (i *Inventory) Find(c boot.Client) Found {
	at := i.index.first(i.Rows, c)
	f := Found{Asks: c.Serial == "" && i.index.asks(i.Rows, c, at)}
	if at < len(i.Rows) {
		f.Row, f.Number = &i.Rows[at], at
	}
	return f
}

// ByMAC finds the row that may be about a machine by its MAC, where that isn't known and no
// row before is about the machine by all else; nil for none.
func (i *Inventory) ByMAC(c boot.Client) *Row {
	for n := range i.Rows {
		rest := i.Rows[n]
		rest.MAC = nil
		switch byMAC := len(i.Rows[n].MAC) > 0; {
		case byMAC && rest.fits(c, c.Serial != ""): // a machine is asked for a serial number that it hasn't told
			return &i.Rows[n]
		case !byMAC && rest.fits(c, true):
			return nil
		}
	}
	return nil
}

// fits tells whether a row is about a machine; serial: as far as its serial number
// decides that.
func (r *Row) fits(c boot.Client, serial bool) bool {
	return (len(r.MAC) == 0 || anyFits(r.MAC, c.MAC.String())) &&
		(len(r.UUID) == 0 || !c.UUID.IsZero() && (anyFits(r.UUID, c.UUID.String()) || anyFits(r.UUID, swapped(c.UUID).String()))) &&
		(!serial || len(r.Serial) == 0 || c.Serial != "" && anyFits(r.Serial, canonicalSerial(c.Serial))) &&
		r.IsFor(c)
}

// IsFor tells whether a row is about machines of a client's architecture and firmware.
func (r *Row) IsFor(c boot.Client) bool {
	return (len(r.Arch) == 0 || slices.Contains(r.Arch, c.FirmwareArch())) &&
		(len(r.Firmware) == 0 || slices.Contains(r.Firmware, c.Firmware))
}

// swapped is a UUID with the bytes of its first three fields in the other order. SMBIOS
// has them in little-endian order from version 2.6 on (DSP0134, 7.2.1), and firmware sends
// them in either.
func swapped(u boot.UUID) boot.UUID {
	return boot.UUID{u[3], u[2], u[1], u[0], u[5], u[4], u[7], u[6], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]}
}
