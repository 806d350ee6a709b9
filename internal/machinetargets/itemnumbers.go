package machinetargets

import (
	"hash/fnv"
	"io"

	"github.com/spurboot/spur/internal/advice"
)

// ItemNumbers gives targets of a file of machines the numbers by which they are asked for,
// the same for as long as it lasts. They are those of no boot server and of no NetBoot
// image.
type ItemNumbers struct {
	byKey map[string]uint16
	used  map[uint16]bool
}

// NewItemNumbers returns ItemNumbers that has given no number.
func NewItemNumbers() *ItemNumbers { return &ItemNumbers{map[string]uint16{}, map[uint16]bool{}} }

// of is the number of a key: a hash of it, or the next one that is free, so that another
// Spur that reads the same file gives the same.
func (i *ItemNumbers) of(key string) (uint16, error) {
	if n, ok := i.byKey[key]; ok {
		return n, nil
	}
	if len(i.used) == endOfItems-firstItem {
		return 0, advice.New("the file has named more targets since Spur started than it can tell apart", "restart Spur")
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, key) // a hash takes all
	n := firstItem + uint16(h.Sum32()%(endOfItems-firstItem))
	for i.used[n] {
		if n++; n == endOfItems {
			n = firstItem
		}
	}
	i.used[n], i.byKey[key] = true, n
	return n, nil
}

// Crowded tells whether another file of as many targets as there may be has no room.
func (i *ItemNumbers) Crowded() bool { return len(i.used) > targetsMost }

// Keep forgets all items but those of a file.
func (i *ItemNumbers) Keep(m *Machines) {
	for key, n := range i.byKey {
		if _, ok := m.items[n]; !ok {
			delete(i.byKey, key)
			delete(i.used, n)
		}
	}
}

// The numbers are below those of PXE boot servers (pxe.OwnType and up), and above the small
// index of a NetBoot image.
const (
	firstItem  = 0x4000
	endOfItems = 0x8000
)

// targetsMost is how many targets a file may have, so that there are items for the next
// one too.
const targetsMost = (endOfItems - firstItem) / 2

// IsItem tells whether a number is one that ItemNumbers gives.
func IsItem(n uint16) bool { return n >= firstItem && n < endOfItems }
