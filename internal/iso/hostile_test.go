package iso_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/iso"
)

// counted counts what is read.
type counted struct {
	io.ReaderAt
	reads, bytes int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.reads, c.bytes = c.reads+1, c.bytes+int64(len(p))
	return c.ReaderAt.ReadAt(p, off)
}

// walked reads all that an image has, and gives up over what no honest one has. It
// returns the first thing that went wrong.
func walked(t *testing.T, b []byte) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := &counted{ReaderAt: bytes.NewReader(b)}
	image, err := iso.Open(r, int64(len(b)))
	seen := 0
	if err == nil {
		err = fs.WalkDir(image, ".", func(path string, d fs.DirEntry, err error) error {
			if seen++; seen > 70_000 {
				t.Fatal("it has no end")
			}
			if err != nil || d.IsDir() {
				return err
			}
			_, err = image.Stat(path)
			if err == nil && d.Type().IsRegular() {
				_, err = image.Open(path)
			}
			return err
		})
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 128<<20 || r.bytes > 128<<20 {
		t.Errorf("%d MiB of memory, %d reads of %d MiB together", used>>20, r.reads, r.bytes>>20)
	}
	return err
}

// What contradicts itself, has no end or lies elsewhere is an error in bounded time and
// memory.
func TestHostileISO9660(t *testing.T) {
	name := func(n string) []byte { return use("NM", append([]byte{0}, n...)...) }
	for what, tt := range map[string]struct {
		build func(i *isoImage)
		want  error
		says  string
	}{
		"a directory in itself": {func(i *isoImage) { i.dir(isoRoot, false, record("A", isoRoot, 2048, 2)) }, iso.ErrDamaged, "two places"},
		"a directory below itself": {func(i *isoImage) {
			i.dir(isoRoot, false, record("A", 30, 2048, 2))
			i.dir(30, false, record("B", 31, 2048, 2))
			i.dir(31, false, record("C", 30, 2048, 2))
		}, iso.ErrDamaged, "two places"},
		"two doors to each room": {func(i *isoImage) {
			i.dir(isoRoot, false, record("A", 30, 2048, 2))
			for n := uint32(30); n < 90; n++ {
				i.dir(n, false, record("A", n+1, 2048, 2), record("B", n+1, 2048, 2))
			}
		}, iso.ErrDamaged, "two places"},
		"too deep": {func(i *isoImage) {
			i.dir(isoRoot, false, record("A", 30, 2048, 2))
			for n := uint32(30); n < 190; n++ {
				i.dir(n, false, record("A", n+1, 2048, 2))
			}
		}, iso.ErrDamaged, "in each other"},
		"a moved directory in itself": {func(i *isoImage) {
			i.dir(isoRoot, true, record("A", 30, 2048, 0, name("a"), use("CL", numbers(isoRoot)...)))
		}, iso.ErrDamaged, "two places"},
		"a moved directory that is none": {func(i *isoImage) {
			i.dir(isoRoot, true, record("A", 30, 2048, 0, name("a"), use("CL", numbers(33)...)))
		}, iso.ErrDamaged, "isn't where"},
		"a moved directory elsewhere": {func(i *isoImage) {
			i.dir(isoRoot, true, record("A", 30, 2048, 0, name("a"), use("CL", numbers(1<<31)...)))
		}, iso.ErrCutOff, ""},
		"too many entries": {func(i *isoImage) {
			var all [][]byte
			for n := range 65_600 {
				all = append(all, record(fmt.Sprintf("F%06d", n), 30, 0, 0))
			}
			i.dir(isoRoot, false, all...)
		}, iso.ErrDamaged, "65536 entries"},
		"too many parts": {func(i *isoImage) {
			var all [][]byte
			for range 17_000 {
				all = append(all, record("F", 30, 1, 0x80))
			}
			i.dir(isoRoot, false, all...)
		}, iso.ErrDamaged, "parts"},
		"parts that overlap": {func(i *isoImage) {
			i.dir(isoRoot, false, record("F", 30, 4096, 0x80), record("F", 31, 4096, 0))
		}, iso.ErrDamaged, "overlap"},
		"a file elsewhere":      {func(i *isoImage) { i.dir(isoRoot, false, record("F", 1<<20, 5, 0)) }, iso.ErrCutOff, ""},
		"a file too long":       {func(i *isoImage) { i.dir(isoRoot, false, record("F", 30, 1<<31, 0)) }, iso.ErrCutOff, ""},
		"a directory elsewhere": {func(i *isoImage) { i.dir(isoRoot, false, record("D", 1<<20, 2048, 2)) }, iso.ErrCutOff, ""},
		"a directory too long":  {func(i *isoImage) { i.dir(isoRoot, false, record("D", 30, 1<<32-1, 2)) }, iso.ErrCutOff, ""},
		"a root too long":       {func(i *isoImage) { copy(i.blocks[16][156:], record("\x00", isoRoot, 1<<30, 2)) }, iso.ErrDamaged, "more than 16777216"},
		"a root that is a file": {func(i *isoImage) { copy(i.blocks[16][156:], record("\x00", isoRoot, 2048, 0)) }, iso.ErrDamaged, "no directory"},
		"blocks of no size":     {func(i *isoImage) { i.blocks[16][128], i.blocks[16][129] = 0, 0 }, iso.ErrDamaged, "0 bytes"},
		"blocks of three bytes": {func(i *isoImage) { i.blocks[16][128], i.blocks[16][129] = 3, 0 }, iso.ErrDamaged, "3 bytes"},
		"a record too short":    {func(i *isoImage) { i.dir(isoRoot, false, append([]byte{20}, make([]byte, 33)...)) }, iso.ErrDamaged, "20 bytes"},
		"a record over two sectors": {func(i *isoImage) {
			i.dir(isoRoot, false, slices.Repeat([][]byte{record("F", 30, 0, 0)}, 57)...)
			i.blocks[isoRoot][2006] = 60
		}, iso.ErrDamaged, "60 bytes"},
		"a name longer than its record": {func(i *isoImage) {
			r := record("F", 30, 0, 0)
			r[32] = 100
			i.dir(isoRoot, false, r)
		}, iso.ErrDamaged, "doesn't fit"},
		"a continuation that leads to itself": {func(i *isoImage) {
			i.dir(isoRoot, true, record("F", 30, 0, 0, use("CE", numbers(40, 0, 28)...)))
			i.blocks[40] = use("CE", numbers(40, 0, 28)...)
		}, iso.ErrDamaged, "no end"},
		"a continuation elsewhere": {func(i *isoImage) {
			i.dir(isoRoot, true, record("F", 30, 0, 0, use("CE", numbers(1<<20, 0, 28)...)))
		}, iso.ErrCutOff, ""},
		"a long continuation": {func(i *isoImage) {
			i.dir(isoRoot, true, record("F", 30, 0, 0, use("CE", numbers(30, 0, 1<<31)...)))
		}, iso.ErrDamaged, "continuation"},
		"a name without end": {func(i *isoImage) {
			i.dir(isoRoot, true, record("F", 30, 0, 0, use("CE", numbers(40, 0, 2040)...)))
			i.blocks[40] = bytes.Repeat(use("NM", append([]byte{1}, bytes.Repeat([]byte("x"), 99)...)...), 19)
		}, iso.ErrDamaged, "255"},
		"a link without end": {func(i *isoImage) {
			i.dir(isoRoot, true, record("F", 30, 0, 0, name("l"), use("CE", numbers(40, 0, 6144)...)))
			i.blocks[40] = bytes.Repeat(use("SL", append([]byte{1, 1, 97}, bytes.Repeat([]byte("x"), 97)...)...), 58)
		}, iso.ErrDamaged, "4096"},
		"a link with a part too long": {func(i *isoImage) { i.dir(isoRoot, true, record("F", 30, 0, 0, name("l"), use("SL", 0, 0, 200, 'x'))) }, iso.ErrDamaged, "200 bytes"},
		"a link to itself":            {func(i *isoImage) { i.dir(isoRoot, true, record("F", 30, 0, 0, name("l"), use("SL", 0, 0, 1, 'l'))) }, fs.ErrInvalid, "symbolic links"},
		"a packed file": {func(i *isoImage) {
			i.dir(isoRoot, true, record("F", 30, 9, 0, name("f"), use("ZF", make([]byte, 12)...)))
		}, fs.ErrInvalid, "zisofs"},
	} {
		t.Run(what, func(t *testing.T) {
			i := newISO(3000)
			i.dir(isoRoot, false)
			tt.build(i)
			if err := walked(t, i.bytes()); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Names that lead elsewhere aren't there, and what is wrong with one file is no harm to
// others.
func TestStrangeNames(t *testing.T) {
	i := newISO(100)
	name := func(n string) []byte { return use("NM", append([]byte{0}, n...)...) }
	i.dir(isoRoot, true, record("A", 30, 3, 0, name("../up")), record("B", 30, 3, 0, name("..")), record("C", 30, 3, 0, name("nul\x00")),
		record("D", 30, 3, 0, name("good")), record("E", 1<<20, 3, 0, name("gone")), record("F", 30, 3, 0, name("latin-\xe9")), record("G", 30, 3, 0, name("good")))
	i.blocks[30] = []byte("yes")
	b := i.bytes()
	image, err := iso.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := image.ReadDir(".")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"gone", "good", "latin-\uFFFD"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
	if b, err := fs.ReadFile(image, "good"); string(b) != "yes" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := image.Open("gone"); !errors.Is(err, iso.ErrCutOff) {
		t.Error(err)
	}
}

// The same of UDF. Each case changes a block of a good image, whose checksums are put
// right afterwards.
func TestHostileUDF(t *testing.T) {
	good, _ := everyForm(false)
	if err := walked(t, good); err != nil {
		t.Fatal(err)
	}
	u32 := binary.LittleEndian.PutUint32
	// change changes all blocks that are descriptors of a kind.
	change := func(b []byte, kind uint16, with func(block []byte)) {
		for block := range slices.Chunk(b, udfBlock) {
			if binary.LittleEndian.Uint16(block) == kind && block[3] == 0 && block[2] == 3 {
				with(block)
				mend(block)
			}
		}
	}
	fileType := func(block []byte, kind byte) bool { return block[27] == kind }
	for what, tt := range map[string]struct {
		change func(b []byte)
		want   error
		says   string
	}{
		"a root in itself": {func(b []byte) {
			change(b, 266, func(block []byte) { // the first entry of each directory leads to the root
				if !fileType(block, 4) {
					return
				}
				root := uint32(0)
				change(b, 256, func(set []byte) { root = binary.LittleEndian.Uint32(set[404:]) })
				for at := 216; at < udfBlock-40; at += 4 {
					if binary.LittleEndian.Uint16(block[at:]) == 257 && block[at+18] == 2 {
						u32(block[at+24:], root)
						size := 38 + int(block[at+19])
						copy(block[at:], tagged(257, binary.LittleEndian.Uint32(block[at+12:]), bytes.Clone(block[at+16:at+size+(-size&3)])))
					}
				}
			})
		}, iso.ErrDamaged, "two places"},
		"a file larger than the image": {func(b []byte) { change(b, 266, func(block []byte) { block[63] = 1 }) }, iso.ErrDamaged, "larger"},
		"descriptors that lead to themselves": {func(b []byte) {
			change(b, 258, func(block []byte) {
				u32(block[24:], 3<<30|udfBlock)
				copy(block[28:32], block[12:16])
			})
		}, iso.ErrDamaged, "no end"},
		"a sequence that leads to itself": {func(b []byte) {
			for _, at := range []int{32, 48} {
				copy(b[at*udfBlock:], tagged(3, uint32(at), le(uint32(1), uint32(16*udfBlock), uint32(at), make([]byte, 484))))
			}
		}, iso.ErrDamaged, "no end"},
		"no volume":              {func(b []byte) { clear(b[32*udfBlock : 64*udfBlock]) }, iso.ErrDamaged, "no volume"},
		"many partitions":        {func(b []byte) { change(b, 6, func(block []byte) { u32(block[268:], 1<<31) }) }, iso.ErrDamaged, "partitions"},
		"maps too long":          {func(b []byte) { change(b, 6, func(block []byte) { block[441] = 200 }) }, iso.ErrDamaged, "cut off"},
		"a map of length 0":      {func(b []byte) { change(b, 6, func(block []byte) { block[441] = 0 }) }, iso.ErrDamaged, "cut off"},
		"a partition elsewhere":  {func(b []byte) { change(b, 5, func(block []byte) { u32(block[188:], 1<<30) }) }, iso.ErrCutOff, ""},
		"a partition of nothing": {func(b []byte) { change(b, 5, func(block []byte) { u32(block[192:], 0) }) }, iso.ErrDamaged, "outside"},
		"a description too long": {func(b []byte) { change(b, 266, func(block []byte) { u32(block[208:], 1<<31) }) }, iso.ErrDamaged, "longer"},
		"another strategy":       {func(b []byte) { change(b, 266, func(block []byte) { block[21] = 0x10 }) }, fs.ErrInvalid, "strategy"},
		"wrong checksums": {func(b []byte) {
			for block := range slices.Chunk(b, udfBlock) {
				if binary.LittleEndian.Uint16(block) == 266 {
					block[100]++
				}
			}
		}, iso.ErrDamaged, "266"},
		"other blocks": {func(b []byte) { change(b, 6, func(block []byte) { u32(block[212:], 512) }) }, iso.ErrDamaged, "2048"},
	} {
		t.Run(what, func(t *testing.T) {
			b := bytes.Clone(good)
			tt.change(b)
			if err := walked(t, b); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An image that ends anywhere is an error, or has what lies before its end.
func TestCutOff(t *testing.T) {
	udf, _ := everyForm(false)
	plain := newISO(200)
	plain.dir(isoRoot, true, record("A", 30, 2048, 2, use("NM", 0, 'a')), record("B", 150, 5000, 0, use("NM", 0, 'b')))
	plain.dir(30, false, record("C", 180, 10, 0, use("NM", 0, 'c')))
	for _, b := range [][]byte{udf, plain.bytes()} {
		for n := 0; n < len(b); n += 2048*3 + 511 {
			if err := walked(t, b[:n]); err != nil && !errors.Is(err, iso.ErrCutOff) && !errors.Is(err, iso.ErrDamaged) && !errors.Is(err, iso.ErrNotDisc) {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	}
}
