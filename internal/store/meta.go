package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// meta is what a meta page of the database says (bbolt's internal/common,
// meta.go). There are two, at pages 0 and 1, written in turns.
type meta struct {
	pageSize int64
	root     uint64 // page of the top level's tree
	freelist uint64
	end      uint64 // number of pages
	txid     uint64 // of the transaction that wrote it
}

const (
	metaMagic   = 0xED0CDAED
	metaVersion = 2
	// metaLength is the length of a meta page's contents; the last eight
	// bytes are the checksum of the others.
	metaLength = 64
	// leastPage and mostPage bound the size of pages: it is that of the
	// memory of the computer where the database was made.
	leastPage, mostPage = 1 << 10, 64 << 10
)

// readMeta returns what the valid meta page says that was written last.
func readMeta(file io.ReaderAt, size int64) (meta, error) {
	m, valid, err := metaAt(file, 0)
	if err != nil {
		return meta{}, err
	}
	// Where the first is broken, the second may be at any page size.
	least, most := int64(leastPage), int64(mostPage)
	if valid {
		least, most = m.pageSize, m.pageSize
	}
	for at := least; at <= most; at *= 2 {
		second, ok, err := metaAt(file, at)
		if err != nil {
			return meta{}, err
		}
		if ok && second.pageSize == at && (!valid || second.txid > m.txid) {
			m, valid = second, true
			break
		}
	}
	if !valid {
		return meta{}, damaged("it has no valid meta page")
	}
	if pages := uint64(size / m.pageSize); m.end > pages {
		return meta{}, damaged("it has %d of %d pages", pages, m.end)
	}
	return m, nil
}

// metaAt reads the meta page at an offset; ok says whether there is one.
func metaAt(file io.ReaderAt, at int64) (m meta, ok bool, err error) {
	page := make([]byte, pageHeader+metaLength)
	if n, err := file.ReadAt(page, at); err == io.EOF && n < len(page) {
		return meta{}, false, nil
	} else if err != nil && err != io.EOF {
		return meta{}, false, fmt.Errorf("read a meta page: %w", err)
	}
	b := page[pageHeader:]
	order := binary.NativeEndian
	sum := fnv.New64a()
	sum.Write(b[:metaLength-8])
	if order.Uint32(b) != metaMagic || order.Uint32(b[4:]) != metaVersion || order.Uint64(b[56:]) != sum.Sum64() {
		return meta{}, false, nil
	}
	m = meta{
		pageSize: int64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		end: order.Uint64(b[40:]), txid: order.Uint64(b[48:]),
	}
	size := m.pageSize
	return m, size >= leastPage && size <= mostPage && size&(size-1) == 0, nil
}
