package store

import "encoding/binary"

// The layout of pages (bbolt's internal/common, page.go), in bytes: a header,
// then elements of a fixed size, then the keys and values that they point to.
const (
	pageHeader    = 16
	elementHeader = 16
	// bucketHeader is in front of a bucket's value: the page of its tree, or
	// 0 where the only page of a small bucket follows; and a sequence number.
	bucketHeader = 16

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	// bucketFlag marks an element of a leaf whose value is a bucket.
	bucketFlag = 0x01
	// manyFree in place of the count of a free list says that the count is
	// the first number of the list.
	manyFree = 0xFFFF
)

// page is a page together with those that it overflows into.
type page struct {
	id       uint64
	kind     uint16
	count    int
	overflow uint64 // number of pages
	data     []byte // with the header
}

// parsePage reads the header at the beginning of b.
func parsePage(b []byte) (page, error) {
	if len(b) < pageHeader {
		return page{}, damaged("a page has %d bytes", len(b))
	}
	order := binary.NativeEndian
	return page{
		id: order.Uint64(b), kind: order.Uint16(b[8:]),
		count: int(order.Uint16(b[10:])), overflow: uint64(order.Uint32(b[12:])), data: b,
	}, nil
}

// element is a record or a bucket of a leaf, or a child of a branch.
type element struct {
	key, value []byte
	bucket     bool
	child      uint64
}

// elements returns what a leaf or branch holds. Together it is no larger than
// the page, so that bbolt, which copies what it changes, stays in bounds too.
func (p page) elements() ([]element, error) {
	room := len(p.data) - pageHeader - p.count*elementHeader
	if room < 0 {
		return nil, damaged("page %d is too short for %d elements", p.id, p.count)
	}
	all := make([]element, p.count)
	for i := range all {
		e, err := p.element(i)
		if err != nil {
			return nil, err
		}
		if room -= len(e.key) + len(e.value); room < 0 {
			return nil, damaged("the elements of page %d lie upon each other", p.id)
		}
		all[i] = e
	}
	return all, nil
}

func (p page) element(i int) (element, error) {
	at := uint64(pageHeader + i*elementHeader)
	head, order := p.data[at:], binary.NativeEndian
	var e element
	var from, key, value uint64
	if p.kind == branchPage {
		from, key = at+uint64(order.Uint32(head)), uint64(order.Uint32(head[4:]))
		e.child = order.Uint64(head[8:])
	} else {
		e.bucket = order.Uint32(head)&bucketFlag != 0
		from, key = at+uint64(order.Uint32(head[4:])), uint64(order.Uint32(head[8:]))
		value = uint64(order.Uint32(head[12:]))
	}
	if key == 0 || key > KeyMost || from+key+value > uint64(len(p.data)) {
		return element{}, damaged("element %d of page %d is out of bounds", i, p.id)
	}
	e.key, e.value = p.data[from:from+key], p.data[from+key:from+key+value]
	return e, nil
}

// free returns the numbers on a free list.
func (p page) free() ([]uint64, error) {
	count, list := uint64(p.count), p.data[pageHeader:]
	if p.count == manyFree && len(list) >= 8 {
		count, list = binary.NativeEndian.Uint64(list), list[8:]
	}
	if count > uint64(len(list)/8) {
		return nil, damaged("the list of free pages is too short for %d", count)
	}
	ids := make([]uint64, count)
	for i := range ids {
		ids[i] = binary.NativeEndian.Uint64(list[8*i:])
	}
	return ids, nil
}
