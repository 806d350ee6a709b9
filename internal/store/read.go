package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
)

// The layout of a bbolt file (its internal/common), in the byte order of the
// computer: pages of one size, each with a header, after which come the headers
// of its elements, then the keys and values that those lead to.
type (
	pageHeader struct {
		ID          uint64
		Kind, Count uint16
		Overflow    uint32 // how many pages belong to it besides
	}
	branchElement struct {
		From, Key uint32 // from the beginning of this header, in bytes
		Child     uint64
	}
	leafElement struct{ Kind, From, Key, Value uint32 }
	// bucketHeader is in front of a bucket's value. Where Root is 0, the page of
	// a small bucket follows it.
	bucketHeader struct{ Root, Sequence uint64 }
	// metaHeader is on the pages 0 and 1, which are written by turns. Sum is of
	// what is in front of it.
	metaHeader struct {
		Magic, Version, PageSize, Flags                   uint32
		Root, Sequence, Freelist, Pages, Transaction, Sum uint64
	}
)

const (
	headerSize           = 16 // of pages, elements and buckets
	branchPage, leafPage = 1, 2
	metaMagic            = 0xED0CDAED
	metaVersion          = 2
	// A page is as large as one of the memory of the computer where the file
	// was made.
	leastPage, mostPage = 1 << 10, 64 << 10
)

// errDamaged is what openError knows a damaged file by.
var errDamaged = errors.New("inconsistent database")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

func parse(b []byte, header any) error {
	if _, err := binary.Decode(b, binary.NativeEndian, header); err != nil {
		return damaged("a page is cut off")
	}
	return nil
}

// reader reads the records of a bbolt file, each page once: so it ends, and
// takes no more memory than the file is long, whatever is in the file. bbolt
// itself follows a cycle of pages until the memory is used up, and ends the
// process over a page that isn't there.
type reader struct {
	file     io.ReaderAt
	pageSize int64
	read     []bool // pages that were read
	room     int    // for keys and values that weren't read yet, in bytes
	sum      uint32 // of the records, and 0 with what sumKey has
	records  map[string]stored
	revision int64
}

// readFile returns what is in a file, and the store's revision.
func readFile(f *os.File) (map[string]stored, int64, error) {
	info, err := f.Stat()
	r := reader{file: f, records: map[string]stored{}}
	if err != nil || info.Size() == 0 {
		return r.records, 0, err
	}
	meta, ok := readMeta(f)
	if !ok {
		return nil, 0, damaged("it has no valid meta page")
	}
	r.pageSize, r.room = int64(meta.PageSize), int(info.Size())
	r.read = make([]bool, info.Size()/r.pageSize)
	if err = r.tree(meta.Root, r.bucket); err == nil && r.sum != 0 {
		err = damaged("records are missing, or old")
	}
	return r.records, r.revision, err
}

// readMeta returns the valid meta page that was written last.
func readMeta(file io.ReaderAt) (metaHeader, bool) {
	first, ok := metaAt(file, 0)
	// Where the first is broken, the second may be at any page size.
	least, most := uint32(leastPage), uint32(mostPage)
	if ok {
		least, most = first.PageSize, first.PageSize
	}
	for size := least; size <= most; size *= 2 {
		second, valid := metaAt(file, int64(size))
		if valid && second.PageSize == size && (!ok || second.Transaction > first.Transaction) {
			return second, true
		}
	}
	return first, ok
}

func metaAt(file io.ReaderAt, at int64) (m metaHeader, ok bool) {
	b := make([]byte, binary.Size(m))
	if _, err := file.ReadAt(b, at+headerSize); err != nil || parse(b, &m) != nil {
		return m, false
	}
	sum := fnv.New64a()
	sum.Write(b[:len(b)-8])
	return m, m.Magic == metaMagic && m.Version == metaVersion && m.Sum == sum.Sum64() &&
		m.PageSize >= leastPage && m.PageSize <= mostPage && m.PageSize&(m.PageSize-1) == 0
}

// pages reads n pages, from id on; only the first may be behind the end.
func (r *reader) pages(id, n uint64) ([]byte, error) {
	if id >= uint64(len(r.read)) {
		return nil, damaged("it ends before page %d", id)
	}
	b := make([]byte, int64(n)*r.pageSize)
	if _, err := r.file.ReadAt(b, int64(id)*r.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return b, nil
}

// tree calls visit for all elements of the leaves from a page on.
func (r *reader) tree(id uint64, visit func(leafElement, []byte, []byte) error) error {
	var h pageHeader
	page, err := r.pages(id, 1)
	if err == nil {
		err = parse(page, &h)
	}
	if err != nil {
		return err
	}
	n := 1 + uint64(h.Overflow)
	if h.ID != id || n > uint64(len(r.read))-id || slices.Contains(r.read[id:id+n], true) {
		return damaged("page %d is used twice, cut off, or says that it is page %d", id, h.ID)
	}
	for i := range n {
		r.read[id+i] = true
	}
	if n > 1 {
		if page, err = r.pages(id, n); err != nil {
			return err
		}
	}
	return r.page(page, visit)
}

// page calls visit for the elements of a page, or of the leaves below it.
func (r *reader) page(page []byte, visit func(e leafElement, key, value []byte) error) error {
	var h pageHeader
	if err := parse(page, &h); err != nil {
		return err
	}
	if h.Kind != branchPage && h.Kind != leafPage {
		return damaged("page %d is of the kind %#x", h.ID, h.Kind)
	}
	for i := range int(h.Count) {
		at := min(headerSize*(1+i), len(page))
		var b branchElement
		var e leafElement
		if h.Kind == branchPage {
			if err := errors.Join(parse(page[at:], &b), r.tree(b.Child, visit)); err != nil {
				return err
			}
			continue
		}
		if err := parse(page[at:], &e); err != nil {
			return err
		}
		from := uint64(at) + uint64(e.From)
		value := from + uint64(e.Key)
		end := value + uint64(e.Value)
		if end > uint64(len(page)) || int(end-from) > r.room {
			return damaged("element %d of page %d is out of bounds", i, h.ID)
		}
		r.room -= int(end - from)
		if err := visit(e, page[from:value], page[value:end]); err != nil {
			return err
		}
	}
	return nil
}

// bucket reads a bucket of the top level: there is nothing else.
func (r *reader) bucket(e leafElement, name, b []byte) error {
	var h bucketHeader
	if err := parse(b, &h); err != nil || e.Kind != 1 {
		return damaged("%.40q is no bucket", name)
	}
	r.room += len(b) // its records are told again
	r.revision = max(r.revision, 1)
	// Before records had revisions, each kind had a bucket of its own.
	visit := func(e leafElement, key, value []byte) error {
		return r.record(e, stored{Record: Record{Key: string(name) + "/" + string(key), Value: bytes.Clone(value), Revision: 1}}, true)
	}
	if string(name) == bucketName {
		r.revision = max(r.revision, int64(h.Sequence))
		visit = r.encoded
	}
	if h.Root != 0 {
		return r.tree(h.Root, visit)
	}
	return r.page(b[headerSize:], visit)
}

func (r *reader) encoded(e leafElement, key, value []byte) error {
	if bytes.Equal(key, sumKey) && len(value) == 4 {
		r.sum ^= binary.BigEndian.Uint32(value)
		return nil
	}
	s, ok := decode(string(key), value)
	r.sum ^= s.sum()
	return r.record(e, s, ok && s.Revision <= r.revision)
}

func (r *reader) record(e leafElement, s stored, ok bool) error {
	if _, twice := r.records[s.Key]; twice || !ok || e.Kind != 0 || checkKey(s.Key) != nil || len(s.Value) > ValueMost {
		return damaged("%.40q is no record", s.Key)
	}
	r.records[s.Key] = s
	return nil
}
