package fat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Laid is a file system that is laid out for files of which only the sizes are known: parts
// that follow each other without gaps, from its first byte to its last.
type Laid struct {
	Parts []Part
	Size  int64 // in bytes
}

// Part is a run of bytes of a file system: of Bytes, or all of a file, or zeros.
type Part struct {
	Bytes []byte // nil for a file or zeros
	File  int    // the index of a file, from 0 on; -1 for none
	Size  int64  // in bytes
}

// Content is a file to be laid out: its name, of the form of FAT's short names (BOOTX64.EFI),
// and its size in bytes.
type Content struct {
	Name string
	Size int64
}

// ErrTooLarge says that files have no place in a file system of 16 bits.
var ErrTooLarge = errors.New("they don't fit into a FAT16 file system, which has less than 2 GiB")

// What is chosen among what a file system of 16 bits can be (sections 3.1 and 3.5): between
// 4085 and 65524 clusters make it one, of 32 KiB at most.
const (
	sector          = 512
	entry           = 32 // bytes of one in a folder
	rootEntries     = 512
	tables          = 2
	clustersLeast   = 4096
	clustersMost    = 65524
	largestCluster  = 32 << 10
	attributeFolder = 0x10
	attributeFile   = 0x20
	endOfChain      = 0xffff
	date            = 1<<5 | 1 // 1 January 1980, the first that there is
)

// plainName is what a name must be that needs no long one.
var plainName = regexp.MustCompile(`^[A-Z0-9_-]{1,8}(\.[A-Z0-9_-]{1,3})?$`)

// Layout lays files out in a file system of 16 bits, in one folder, by its path of short
// names (EFI/BOOT). Each file lies in one piece. The same names and sizes give the same
// bytes.
func Layout(folder string, files []Content) (Laid, error) {
	names := strings.Split(folder, "/")
	for _, name := range names {
		if !plainName.MatchString(name) {
			return Laid{}, fmt.Errorf("%q is no short name of FAT", name)
		}
	}
	for _, f := range files {
		if !plainName.MatchString(f.Name) || f.Size < 0 || f.Size >= 1<<32 {
			return Laid{}, fmt.Errorf("%q of %d bytes can't be a file of FAT with a short name", f.Name, f.Size)
		}
	}
	l := plan(len(names), files)
	switch {
	case l.clusters > clustersMost:
		return Laid{}, ErrTooLarge
	case 2+len(files) > int(l.cluster/entry):
		return Laid{}, fmt.Errorf("%d files are too many for a folder of %d bytes", len(files), l.cluster)
	}
	return l.lay(names, files), nil
}

// planned is a file system's geometry.
type planned struct {
	cluster  int64 // bytes of one
	clusters int64 // that it has
}

// plan takes the largest clusters of which there are enough: reading has fewer steps then.
func plan(folders int, files []Content) planned {
	l := planned{cluster: largestCluster}
	for ; ; l.cluster /= 2 {
		l.clusters = int64(folders)
		for _, f := range files {
			l.clusters += l.of(f.Size)
		}
		if l.clusters >= clustersLeast {
			return l
		}
		if l.cluster == sector {
			l.clusters = clustersLeast
			return l
		}
	}
}

// of is how many clusters a file of a size takes.
func (l planned) of(size int64) int64 { return (size + l.cluster - 1) / l.cluster }

// table is how large one of the two tables is, in sectors.
func (l planned) table() int64 { return (2*(l.clusters+2) + sector - 1) / sector }

// sectors is how many there are in all.
func (l planned) sectors() int64 {
	return 1 + tables*l.table() + rootEntries*entry/sector + l.clusters*(l.cluster/sector)
}

// lay puts boot sector, tables, folders and files behind each other.
func (l planned) lay(names []string, files []Content) Laid {
	table, firsts := l.chains(len(names), files)
	root := make([]byte, rootEntries*entry)
	l.enter(root, names[0], attributeFolder, 2, 0)
	head := [][]byte{l.bootSector(), table, table, root}
	for i := range names {
		head = append(head, l.folder(i, names, files, firsts))
	}
	var all Laid
	for _, b := range head {
		all.add(Part{Bytes: b, File: -1, Size: int64(len(b))})
	}
	for i, f := range files {
		all.add(Part{File: i, Size: f.Size})
		all.add(Part{File: -1, Size: l.of(f.Size)*l.cluster - f.Size})
	}
	all.add(Part{File: -1, Size: l.sectors()*sector - all.Size})
	return all
}

// add appends a part. Zeros of no bytes are left out.
func (l *Laid) add(p Part) {
	if p.Size == 0 && p.File < 0 {
		return
	}
	l.Parts = append(l.Parts, p)
	l.Size += p.Size
}

// chains is the table, and the first cluster of each file; 0 for one without content. The
// folders have the first clusters, one each.
func (l planned) chains(folders int, files []Content) (table []byte, firsts []int64) {
	table = make([]byte, l.table()*sector)
	put := func(cluster, next int64) { binary.LittleEndian.PutUint16(table[2*cluster:], uint16(next)) }
	put(0, 0xfff8)
	put(1, endOfChain)
	next := int64(2)
	take := func(n int64) (first int64) {
		for i := range n {
			put(next+i, next+i+1)
		}
		if n == 0 {
			return 0
		}
		first, next = next, next+n
		put(next-1, endOfChain)
		return first
	}
	for range folders {
		take(1)
	}
	for _, f := range files {
		firsts = append(firsts, take(l.of(f.Size)))
	}
	return table, firsts
}

// folder is the content of folder i on the path: itself and the one that it is in, and the
// next one or the files.
func (l planned) folder(i int, names []string, files []Content, firsts []int64) []byte {
	b := make([]byte, l.cluster)
	above := int64(1 + i)
	if i == 0 {
		above = 0 // the root folder
	}
	l.enter(b, ".", attributeFolder, int64(2+i), 0)
	l.enter(b[entry:], "..", attributeFolder, above, 0)
	if i < len(names)-1 {
		l.enter(b[2*entry:], names[i+1], attributeFolder, int64(3+i), 0)
		return b
	}
	for n, f := range files {
		l.enter(b[(2+n)*entry:], f.Name, attributeFile, firsts[n], f.Size)
	}
	return b
}

// enter writes the entry of a file or a folder (section 6).
func (l planned) enter(b []byte, name string, attribute byte, first, size int64) {
	copy(b, strings.Repeat(" ", 11))
	if base, extension, ok := strings.Cut(name, "."); ok && base != "" {
		copy(b, base)
		copy(b[8:], extension)
	} else {
		copy(b, name)
	}
	b[11] = attribute
	for _, at := range []int{16, 18, 24} { // made, read, changed
		binary.LittleEndian.PutUint16(b[at:], date)
	}
	binary.LittleEndian.PutUint16(b[26:], uint16(first))
	binary.LittleEndian.PutUint32(b[28:], uint32(size))
}

// bootSector says what there is (section 3). It boots nothing on a BIOS.
func (l planned) bootSector() []byte {
	b := make([]byte, sector)
	put16 := func(at int, n int64) { binary.LittleEndian.PutUint16(b[at:], uint16(n)) }
	copy(b, "\xeb\x3c\x90MSWIN4.1")
	put16(11, sector)
	b[13] = byte(l.cluster / sector)
	put16(14, 1) // this one
	b[16] = tables
	put16(17, rootEntries)
	b[21] = 0xf8 // a disk that stays
	put16(22, l.table())
	put16(24, 63)  // sectors of a track
	put16(26, 255) // heads
	if n := l.sectors(); n < 1<<16 {
		put16(19, n)
	} else {
		binary.LittleEndian.PutUint32(b[32:], uint32(n))
	}
	b[36], b[38] = 0x80, 0x29
	copy(b[43:], "NO NAME    FAT16   ")
	copy(b[510:], "\x55\xaa")
	return b
}
