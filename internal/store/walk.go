package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// walk reads every page of a database once. So it ends, and takes no more
// memory than the file is long, whatever is in the file.
type walk struct {
	file io.ReaderAt
	meta meta
	used []bool // pages that have been come across
}

// checkPages returns the first thing that is wrong with the pages: trees that
// are no trees, pages that are used twice or not at all, elements out of
// bounds or order, and whatever a store does not write.
func checkPages(file io.ReaderAt, m meta) error {
	w := walk{file: file, meta: m, used: make([]bool, m.end)}
	if err := w.take(0, 2); err != nil { // the meta pages
		return err
	}
	if err := w.tree(m.root, limits{}, w.bucket); err != nil {
		return err
	}
	if err := w.freelist(); err != nil {
		return err
	}
	for id, used := range w.used {
		if !used {
			return damaged("page %d is neither used nor free", id)
		}
	}
	return nil
}

// take marks n pages as used.
func (w *walk) take(id, n uint64) error {
	end := uint64(len(w.used))
	if id >= end || n > end-id {
		return damaged("pages %d to %d of %d are used", id, id+n-1, end)
	}
	for i := id; i < id+n; i++ {
		if w.used[i] {
			return damaged("page %d is used twice", i)
		}
		w.used[i] = true
	}
	return nil
}

// read returns a page, with those that it overflows into.
func (w *walk) read(id uint64) (page, error) {
	if id >= w.meta.end {
		return page{}, damaged("page %d of %d is used", id, w.meta.end)
	}
	at := int64(id) * w.meta.pageSize
	b := make([]byte, w.meta.pageSize)
	if _, err := w.file.ReadAt(b, at); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	p, err := parsePage(b)
	if err != nil {
		return page{}, err
	}
	if p.id != id {
		return page{}, damaged("page %d says that it is page %d", id, p.id)
	}
	if err := w.take(id, 1+p.overflow); err != nil || p.overflow == 0 {
		return p, err
	}
	p.data = make([]byte, int64(1+p.overflow)*w.meta.pageSize)
	if _, err := w.file.ReadAt(p.data, at); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	return p, nil
}

// limits are what keys of a page must lie between. The first of them is the
// lower one: bbolt finds a page in its parent by its first key, and puts it
// there twice if that isn't the parent's. Nil is no limit.
type limits struct{ low, high []byte }

// contain tells whether keys are in order and within the limits.
func (l limits) contain(all []element) bool {
	if l.low != nil && (len(all) == 0 || !bytes.Equal(all[0].key, l.low)) {
		return false
	}
	before := l.low
	for i, e := range all {
		order := bytes.Compare(before, e.key)
		if order > 0 || order == 0 && i > 0 || l.high != nil && bytes.Compare(e.key, l.high) >= 0 {
			return false
		}
		before = e.key
	}
	return true
}

// tree walks a tree of pages, and calls leaf for each element of its leaves.
func (w *walk) tree(root uint64, within limits, leaf func(element) error) error {
	p, err := w.read(root)
	if err != nil {
		return err
	}
	if p.kind != branchPage {
		return w.leaf(p, within, leaf)
	}
	children, err := p.elements()
	if err != nil {
		return err
	}
	if len(children) == 0 || !within.contain(children) {
		return damaged("branch %d is empty or out of order", p.id)
	}
	for i, e := range children {
		below := limits{low: e.key, high: within.high}
		if i+1 < len(children) {
			below.high = children[i+1].key
		}
		if err := w.tree(e.child, below, leaf); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) leaf(p page, within limits, visit func(element) error) error {
	if p.kind != leafPage {
		return damaged("page %d is of the kind %#x", p.id, p.kind)
	}
	all, err := p.elements()
	if err != nil {
		return err
	}
	if !within.contain(all) {
		return damaged("page %d is out of order", p.id)
	}
	for _, e := range all {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// bucket walks a bucket of the top level: there is nothing else.
func (w *walk) bucket(e element) error {
	if !e.bucket || len(e.value) < bucketHeader {
		return damaged("%.40q is no bucket", e.key)
	}
	if root := binary.NativeEndian.Uint64(e.value); root != 0 {
		return w.tree(root, limits{}, record)
	}
	p, err := parsePage(e.value[bucketHeader:])
	if err != nil {
		return err
	}
	if p.id != 0 || p.overflow != 0 {
		return damaged("the bucket %.40q is not within its page", e.key)
	}
	return w.leaf(p, limits{}, record)
}

// record checks an element of a bucket.
func record(e element) error {
	if e.bucket || len(e.value) > ValueMost {
		return damaged("%.40q is no record", e.key)
	}
	return nil
}

func (w *walk) freelist() error {
	p, err := w.read(w.meta.freelist)
	if err != nil {
		return err
	}
	if p.kind != freelistPage {
		return damaged("page %d is no list of free pages", p.id)
	}
	ids, err := p.free()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := w.take(id, 1); err != nil {
			return err
		}
	}
	return nil
}
