package scsi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spurboot/spur/block"
)

// Unit is a logical unit: a device and how it shows itself. Its fields don't
// change while it is used.
type Unit struct {
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

	once      sync.Once
	caps      block.Caps
	blockSize int
	readOnly  bool
	serial    string
	id        [8]byte // NAA 3, locally assigned

	// atomic makes COMPARE AND WRITE and ORWRITE one step: they lock it, plain
	// writes share it.
	atomic sync.RWMutex

	mu       sync.Mutex
	nexuses  []*Nexus
	size     int64
	holder   *Nexus // of a RESERVE(6)
	ejected  bool
	mode     modeState
	reserves reservations
}

// Check says what is wrong with the unit's fields.
func (u *Unit) Check() error {
	switch {
	case u == nil || u.Device == nil:
		return errors.New("has no device")
	case u.BlockSize != 0 && u.BlockSize != 512 && u.BlockSize != 4096:
		return errors.New("block size must be 512 or 4096")
	}
	if size, unit := u.Device.Size(), int64(cmp.Or(u.BlockSize, 512)); size%unit != 0 {
		return fmt.Errorf("its size of %d bytes is no multiple of the block size, %d: its last %d bytes could not be reached", size, unit, size%unit)
	}
	return nil
}

// open prepares what all nexuses share; the first of them gives the unit its name
// where it has none.
func (u *Unit) open(first *Nexus) {
	u.caps, u.size = u.Device.Caps(), u.Device.Size()
	u.blockSize = cmp.Or(u.BlockSize, 512)
	u.readOnly = u.ReadOnly || u.caps.ReadOnly
	name := sha256.Sum256(fmt.Appendf(nil, "%s,%d", first.Target, first.LUN))
	u.serial = cmp.Or(u.Serial, hex.EncodeToString(name[:8]))
	sum := sha256.Sum256([]byte(u.serial))
	copy(u.id[:], sum[:])
	// Every other NAA begins with an OUI, which is somebody's (SPC-4 section
	// 7.8.6.6).
	u.id[0] = 0x30 | u.id[0]&0x0f
	u.mode = defaultMode
	u.loadReservations()
}

func (u *Unit) allNexuses() []*Nexus {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.nexuses)
}

// Reset is a logical unit reset (SAM-5 section 6.3.3). It returns when the
// commands of all nexuses are over.
func (u *Unit) Reset() {
	for _, n := range u.allNexuses() {
		n.Abort()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.holder = nil
	u.mode = defaultMode
	for _, n := range u.nexuses {
		n.prevents = false
		n.attend(senseReset)
	}
}

// writable says why the medium can't be written.
func (u *Unit) writable() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.readOnly || u.mode.writeProtect {
		return fails(senseReadOnly)
	}
	return nil
}

func (u *Unit) writesThrough() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.mode.writeCache
}

// isReady says whether there is a medium.
func (u *Unit) isReady() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.ejected && u.blocks() > 0
}

// thin says whether space can be given back (SBC-3 section 4.7.3).
func (u *Unit) thin() bool { return u.caps.Trim && !u.readOnly }

// blocks is the number of logical blocks.
func (u *Unit) blocks() uint64 { return uint64(u.Device.Size()) / uint64(u.blockSize) }

// extent turns blocks into bytes, after a check that they are on the medium
// (SBC-3 section 4.14).
func (u *Unit) extent(lba, count uint64) (off int64, n int64, err error) {
	if total := u.blocks(); lba > total || count > total-lba {
		return 0, 0, fails(senseRange)
	}
	return int64(lba) * int64(u.blockSize), int64(count) * int64(u.blockSize), nil
}
