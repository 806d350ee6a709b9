package fat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrNone is wrapped by the error about what is no FAT file system.
var ErrNone = errors.New("no FAT file system")

// ErrDamaged is wrapped by errors about one that can't be believed.
var ErrDamaged = errors.New("damaged FAT file system")

// FileSystem is a FAT file system.
type FileSystem struct {
	r    io.ReaderAt
	size int64
	// Bits are 12, 16 or 32: how long the numbers of clusters are.
	Bits int
	// BootCode is what its first sector has for a BIOS to start, behind the parameters.
	BootCode []byte
	// Bytes is how large it says it is, which may be more than there is of it.
	Bytes int64
	// Heads and SectorsPerTrack are the geometry that it says its disk has; 0 for none.
	Heads, SectorsPerTrack int

	table    int64 // where the first table is
	root     int64 // where the root folder is, with 12 and 16 bits
	rootSize int64
	first    uint32 // the root folder's cluster, with 32
	data     int64  // where cluster 2 is
	cluster  int64  // bytes of one
	clusters uint32
}

// bootSector is what the first sector says (section 3).
type bootSector struct{ b []byte }

func (s bootSector) u16(at int) int64 { return int64(binary.LittleEndian.Uint16(s.b[at:])) }
func (s bootSector) u32(at int) int64 { return int64(binary.LittleEndian.Uint32(s.b[at:])) }

// or is the first number, or the second where that is 0: fields that grew have another
// place.
func or(a, b int64) int64 {
	if a != 0 {
		return a
	}
	return b
}

// Open reads the parameters of the file system that begins where r does.
func Open(r io.ReaderAt, size int64) (*FileSystem, error) {
	s := bootSector{make([]byte, 512)}
	if n, err := r.ReadAt(s.b, 0); n < len(s.b) {
		if err == io.EOF {
			err = ErrNone
		}
		return nil, err
	}
	sector, perCluster, reserved, tables := s.u16(11), int64(s.b[13]), s.u16(14), int64(s.b[16])
	entries, sectors, perTable := s.u16(17), or(s.u16(19), s.u32(32)), or(s.u16(22), s.u32(36))
	jump := s.b[0] == 0xEB || s.b[0] == 0xE9
	switch {
	case !jump, sector < 512, sector > 4096, sector&(sector-1) != 0, perCluster == 0, perCluster&(perCluster-1) != 0, reserved == 0, tables == 0, tables > 4, sectors == 0, perTable == 0, s.b[21] < 0xF0:
		return nil, ErrNone
	}
	f := &FileSystem{r: r, size: size, Bytes: sectors * sector, cluster: sector * perCluster, SectorsPerTrack: int(s.u16(24)), Heads: int(s.u16(26))}
	f.table = reserved * sector
	f.root = f.table + tables*perTable*sector
	f.rootSize = entries * 32
	f.data = f.root + (f.rootSize+sector-1)/sector*sector
	count := (sectors*sector - f.data) / f.cluster
	if count <= 0 || count > 1<<28 || f.data >= size {
		return nil, fmt.Errorf("%w: it has %d sectors, and its data begin at %d of %d bytes", ErrDamaged, sectors, f.data, size)
	}
	f.clusters = uint32(count)
	f.Bits, f.BootCode = 32, s.b[90:510] // section 3.5 says by what they are told apart
	switch {
	case count < 4085:
		f.Bits = 12
	case count < 65525:
		f.Bits = 16
	default:
		f.first = uint32(s.u32(44))
	}
	if f.Bits < 32 {
		f.BootCode = s.b[62:510]
	}
	return f, nil
}

// next is the cluster after another one in a chain; ok is false at its end.
func (f *FileSystem) next(cluster uint32) (next uint32, ok bool, err error) {
	at, b := f.table+int64(cluster)*int64(f.Bits)/8, make([]byte, 4)
	if n, err := f.r.ReadAt(b, at); n < 2 || n < 4 && f.Bits == 32 {
		return 0, false, err
	}
	value := binary.LittleEndian.Uint32(b)
	switch f.Bits {
	case 12:
		value = value >> (4 * (cluster & 1)) & 0xFFF
	case 16:
		value &= 0xFFFF
	default:
		value &= 0x0FFFFFFF
	}
	if value >= 0x0FFFFFF8&(1<<f.Bits-1) {
		return 0, false, nil
	}
	return value, true, nil
}

// chain reads the beginning of what lies in a chain of clusters, at most that many bytes.
func (f *FileSystem) chain(cluster uint32, most int64) ([]byte, error) {
	var content []byte
	for range most/f.cluster + 1 {
		if cluster < 2 || cluster-2 >= f.clusters {
			return nil, fmt.Errorf("%w: there is no cluster %d", ErrDamaged, cluster)
		}
		part, err := f.read(f.data+int64(cluster-2)*f.cluster, min(f.cluster, most-int64(len(content))))
		if err != nil {
			return nil, err
		}
		content = append(content, part...)
		next, ok, err := f.next(cluster)
		if err != nil || !ok || int64(len(content)) >= most {
			return content, err
		}
		cluster = next
	}
	return content, nil
}

// read reads that many bytes at a place.
func (f *FileSystem) read(at, n int64) ([]byte, error) {
	if at+n > f.size {
		return nil, fmt.Errorf("%w: it ends before byte %d", ErrDamaged, at+n)
	}
	b := make([]byte, n)
	if got, err := f.r.ReadAt(b, at); int64(got) < n {
		return nil, err
	}
	return b, nil
}
