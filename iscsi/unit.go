package iscsi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"github.com/spurboot/spur/block"
)

// unit is a logical unit at work: what all sessions share of it.
type unit struct {
	lun       *LUN
	dev       block.Device
	caps      block.Caps
	blockSize int
	readOnly  bool
	serial    string
	id        [8]byte // NAA 3, locally assigned

	// atomic makes COMPARE AND WRITE and ORWRITE one step: they lock it, plain
	// writes share it.
	atomic sync.RWMutex

	mu       sync.Mutex
	nexuses  []*nexus
	size     int64
	holder   *nexus // of a RESERVE(6)
	ejected  bool
	mode     modeState
	reserves reservations
}

// open returns the unit at work, the same for all that share the LUN.
func (l *LUN) open(t *Target, number uint64) *unit {
	l.once.Do(func() {
		u := &unit{lun: l, dev: l.Device, caps: l.Device.Caps(), blockSize: l.BlockSize, serial: l.Serial}
		if u.blockSize == 0 {
			u.blockSize = 512
		}
		u.readOnly = l.ReadOnly || u.caps.ReadOnly
		u.size = u.dev.Size()
		sum := sha256.Sum256(fmt.Appendf(nil, "%s,%d", t.Name, number))
		if u.serial == "" {
			u.serial = hex.EncodeToString(sum[:8])
		}
		sum = sha256.Sum256([]byte(u.serial))
		copy(u.id[:], sum[:])
		// Every other NAA begins with an OUI, which is somebody's (SPC-4 section
		// 7.8.6.6).
		u.id[0] = 0x30 | u.id[0]&0x0f
		u.mode = modeState{writeCache: true}
		u.loadReservations()
		l.unit = u
	})
	return l.unit
}

func (u *unit) add(n *nexus) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.nexuses = append(u.nexuses, n)
}

// drop is the loss of an I_T nexus: what it reserved and prevented is free
// again, persistent reservations stay (SAM-5 section 6.3.4).
func (u *unit) drop(n *nexus) {
	n.cancel()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.nexuses = slices.DeleteFunc(u.nexuses, func(other *nexus) bool { return other == n })
	if u.holder == n {
		u.holder = nil
	}
}

// reset is a logical unit reset (SAM-5 section 6.3.3).
func (u *unit) reset() {
	u.mu.Lock()
	all := slices.Clone(u.nexuses)
	u.mu.Unlock()
	for _, n := range all {
		n.abortAll()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.holder = nil
	u.mode = modeState{writeCache: true}
	for _, n := range u.nexuses {
		n.prevents = false
		n.attend(senseReset)
	}
}

// attend establishes a unit attention. The caller holds u.mu.
func (n *nexus) attend(code senseCode) {
	if len(n.attentions) < maxAttentions && !slices.Contains(n.attentions, code) {
		n.attentions = append(n.attentions, code)
	}
}

// attendOthers establishes a unit attention for all but one. The caller holds
// u.mu.
func (u *unit) attendOthers(but *nexus, code senseCode) {
	for _, n := range u.nexuses {
		if n != but {
			n.attend(code)
		}
	}
}

// takeAttention returns the oldest unit attention and clears it.
func (n *nexus) takeAttention() senseCode {
	n.unit.mu.Lock()
	defer n.unit.mu.Unlock()
	n.unit.noticeSize()
	if len(n.attentions) == 0 {
		return senseNone
	}
	code := n.attentions[0]
	n.attentions = slices.Delete(n.attentions, 0, 1)
	return code
}

// noticeSize tells all sessions when the device has another size than before.
// The caller holds u.mu.
func (u *unit) noticeSize() {
	if size := u.dev.Size(); size != u.size {
		u.size = size
		u.attendOthers(nil, senseCapacity)
	}
}

// blocks is the number of logical blocks.
func (u *unit) blocks() uint64 { return uint64(u.dev.Size()) / uint64(u.blockSize) }

// extent turns blocks into bytes, after a check that they are on the medium
// (SBC-3 section 4.14).
func (u *unit) extent(lba, count uint64) (off int64, n int64, err error) {
	if total := u.blocks(); lba > total || count > total-lba {
		return 0, 0, fails(senseRange)
	}
	return int64(lba) * int64(u.blockSize), int64(count) * int64(u.blockSize), nil
}
