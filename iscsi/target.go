package iscsi

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/spurboot/spur/block"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Targets finds targets. Names are those of RFC 7143 section 4.2.7, such as
// iqn.2026-11.com.example:disk1.
type Targets interface {
	// Target returns the target of a name, nil where there is none. It is the
	// same pointer for as long as a session uses it.
	Target(name string) *Target
	// Names are the targets that a discovery tells the initiator of.
	Names(initiator string) []string
}

// Static makes Targets of a fixed list.
func Static(targets ...*Target) Targets { return staticTargets(targets) }

type staticTargets []*Target

func (s staticTargets) Target(name string) *Target {
	at := slices.IndexFunc(s, func(t *Target) bool { return t.Name == name })
	if at < 0 {
		return nil
	}
	return s[at]
}

func (s staticTargets) Names(initiator string) []string {
	var names []string
	for _, t := range s {
		if t.Allow == nil || t.Allow(initiator, nil) == nil {
			names = append(names, t.Name)
		}
	}
	return names
}

// Target is what initiators log in to: a name and its logical units. Its
// fields don't change while it is served.
type Target struct {
	Name  string
	Alias string
	LUNs  map[uint64]*LUN
	// Allow refuses an initiator by its name or address by an error; nil
	// allows all. addr is nil when a discovery asks.
	Allow func(initiator string, addr net.Addr) error
	// Auth is how initiators prove themselves; nil: they needn't.
	Auth *Auth

	mu       sync.Mutex
	sessions map[sessionKey]*session
}

// LUN is a logical unit: a device and how it shows itself. Its fields don't
// change while it is served.
type LUN struct {
	Device block.Device
	// BlockSize is the logical one, in bytes: 512 (the default) or 4096.
	BlockSize int
	// ReadOnly protects the medium whatever the device could.
	ReadOnly bool
	// Removable makes it a medium that can be ejected.
	Removable bool
	// Rotating: a hard disk rather than flash.
	Rotating bool
	// Vendor (8 bytes), Product (16) and Revision (4) are those of INQUIRY.
	Vendor, Product, Revision string
	// Serial names the unit for good, on whichever path it is seen; it should
	// be given where an initiator has several. Default: made of target and LUN.
	Serial string
	// Reservations keeps persistent reservations over restarts. Nil: an
	// initiator that asks for this (APTPL) is refused.
	Reservations ReservationStore

	once sync.Once
	unit *unit
}

// ReservationStore keeps the persistent reservations of one unit.
type ReservationStore interface {
	// Load returns what was saved last, nil for nothing.
	Load() ([]byte, error)
	// Save returns when the data is durable.
	Save(data []byte) error
}

// Errors of a Target's fields.
var (
	errNoDevice  = errors.New("has no device")
	errBlockSize = errors.New("block size must be 512 or 4096")
)

// Check says what is wrong with the target's fields.
func (t *Target) Check() error {
	if t.Name == "" || len(t.Name) > maxName {
		return fmt.Errorf("target %.40q: a name has 1 to %d bytes", t.Name, maxName)
	}
	for n, l := range t.LUNs {
		if err := l.check(); err != nil {
			return fmt.Errorf("target %s, LUN %d: %w", t.Name, n, err)
		}
		if n > maxLUN {
			return fmt.Errorf("target %s, LUN %d: numbers go up to %d", t.Name, n, maxLUN)
		}
	}
	return nil
}

func (l *LUN) check() error {
	switch {
	case l == nil || l.Device == nil:
		return errNoDevice
	case l.BlockSize != 0 && l.BlockSize != 512 && l.BlockSize != 4096:
		return errBlockSize
	}
	if size, unit := l.Device.Size(), int64(cmp.Or(l.BlockSize, 512)); size%unit != 0 {
		return fmt.Errorf("its size of %d bytes is no multiple of the block size, %d: its last %d bytes could not be reached", size, unit, size%unit)
	}
	return nil
}

// maxLUN is the highest number of flat addressing (SAM-5 section 4.7.7.3).
const maxLUN = 16383

// lunNumber decodes the eight bytes of a LUN: peripheral or flat addressing,
// one level (SAM-5 section 4.7).
func lunNumber(wire uint64) (uint64, bool) {
	if wire&(1<<48-1) != 0 {
		return 0, false
	}
	switch top := wire >> 48; top >> 14 {
	case 0:
		return top & 0xff, top>>8 == 0
	case 1:
		return top & 0x3fff, true
	default:
		return 0, false
	}
}

// lunWire encodes a number the way that initiators expect: peripheral
// addressing up to 255, flat above.
func lunWire(n uint64) uint64 {
	if n < 256 {
		return n << 48
	}
	return (1<<14 | n) << 48
}
