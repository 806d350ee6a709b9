package iso_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// udfImage writes images of UDF 2.60 with what no program of Debian's writes: a metadata
// partition, and every form of allocation descriptors.
type udfImage struct {
	blocks   [][]byte // of the image
	half     uint32   // blocks of the metadata partition in the first of its pieces
	nextData uint32   // block of the physical partition
	nextMeta uint32   // block of the metadata partition
	unique   uint64
	length   uint32 // blocks of the physical partition
}

const (
	udfBlock     = 2048
	udfStart     = 272 // of the partition, in the image
	udfLength    = 1600
	udfMetaFirst = 20 // of the metadata file, in the partition
	udfMetaOther = 700
	udfMetaSize  = 300
)

// newUDF is an image of a partition of that many blocks, the first udfLength of which can
// be written.
func newUDF(length uint32) *udfImage {
	return &udfImage{blocks: make([][]byte, udfStart+udfLength+1), nextData: 1100, unique: 16, half: 60, length: length}
}

func (u *udfImage) bytes() []byte {
	var b bytes.Buffer
	for _, block := range u.blocks {
		b.Write(block)
		b.Write(make([]byte, udfBlock-len(block)))
	}
	return b.Bytes()
}

// tagged puts the tag before a descriptor's body.
func tagged(kind uint16, location uint32, body []byte) []byte {
	b := append(make([]byte, 16), body...)
	binary.LittleEndian.PutUint16(b, kind)
	binary.LittleEndian.PutUint16(b[2:], 3)
	crc := uint16(0)
	for _, c := range body {
		crc ^= uint16(c) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	binary.LittleEndian.PutUint16(b[8:], crc)
	binary.LittleEndian.PutUint16(b[10:], uint16(len(body)))
	binary.LittleEndian.PutUint32(b[12:], location)
	for i, c := range b[:16] {
		if i != 4 {
			b[4] += c
		}
	}
	return b
}

func le(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// ostaName writes a name in 8 bits where these do.
func ostaName(name string) []byte {
	narrow := []byte{8}
	for _, r := range name {
		if r > 0xff {
			wide := []byte{16}
			for _, unit := range utf16.Encode([]rune(name)) {
				wide = binary.BigEndian.AppendUint16(wide, unit)
			}
			return wide
		}
		narrow = append(narrow, byte(r))
	}
	return narrow
}

func dString(name string, size int) []byte {
	b := make([]byte, size)
	n := copy(b, ostaName(name))
	b[size-1] = byte(n)
	return b
}

func entity(name string, suffix ...byte) []byte {
	b := make([]byte, 32)
	copy(b[1:], name)
	copy(b[24:], suffix)
	return b
}

var udfStamp = le(uint16(1<<12), int16(2026), byte(3), byte(4), byte(5), byte(6), byte(7), byte(0), byte(0), byte(0))

// metaBlock is where in the image a block of the metadata partition is.
func (u *udfImage) metaBlock(n uint32) uint32 {
	if n < u.half {
		return udfStart + udfMetaFirst + n
	}
	return udfStart + udfMetaOther + n - u.half
}

// data stores bytes in the physical partition, or in that of the metadata.
func (u *udfImage) data(meta bool, b []byte) (block uint32) {
	next, at := &u.nextData, func(n uint32) uint32 { return udfStart + n }
	if meta {
		next, at = &u.nextMeta, u.metaBlock
	}
	block = *next
	for part := range slices.Chunk(b, udfBlock) {
		u.blocks[at(*next)] = part
		*next++
	}
	return block
}

// entry stores a file entry in the metadata partition.
func (u *udfImage) entry(kind byte, extended bool, form uint16, size int, allocation []byte) (block uint32) {
	block = u.nextMeta
	u.nextMeta++
	u.blocks[u.metaBlock(block)] = u.fileEntry(block, kind, extended, form, size, allocation)
	return block
}

func (u *udfImage) fileEntry(block uint32, kind byte, extended bool, form uint16, size int, allocation []byte) []byte {
	u.unique++
	blocks := uint64((size + udfBlock - 1) / udfBlock)
	head := le(uint32(0), uint16(4), uint16(0), uint16(1), byte(0), kind, uint32(0), uint16(0), form,
		^uint32(0), ^uint32(0), uint32(0x14a5), uint16(1), byte(0), byte(0), uint32(0), uint64(size))
	stamps, tag := slices.Concat(le(blocks), udfStamp, udfStamp, udfStamp), uint16(261)
	if extended {
		stamps, tag = slices.Concat(le(uint64(size), blocks), udfStamp, udfStamp, udfStamp, udfStamp), 266
	}
	rest := le(uint32(1))
	if extended {
		rest = append(rest, make([]byte, 4+16)...)
	}
	rest = slices.Concat(rest, make([]byte, 16), entity("*spur"), le(u.unique, uint32(0), uint32(len(allocation))), allocation)
	return tagged(tag, block, slices.Concat(head, stamps, rest))
}

// identifiers are the entries of a directory.
func identifiers(self uint32, files map[string]uint32, dirs map[string]uint32) []byte {
	one := func(name []byte, flags byte, block uint32) []byte {
		body := slices.Concat(le(uint16(1), flags, byte(len(name)), uint32(udfBlock), block, uint16(1)), make([]byte, 6), le(uint16(0)), name)
		body = append(body, make([]byte, -(16+len(body))&3)...)
		return tagged(257, self, body)
	}
	all := one(nil, 0x0a, self)
	all = append(all, one(ostaName("deleted"), 4, 1<<20)...)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, one(ostaName(name), 0, files[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(dirs)) {
		all = append(all, one(ostaName(name), 2, dirs[name])...)
	}
	return all
}

// directory stores a directory: in its entry, or apart from it.
func (u *udfImage) directory(files, dirs map[string]uint32) uint32 {
	list := identifiers(u.nextMeta, files, dirs)
	if len(list) < 1000 {
		return u.entry(4, true, 3, len(list), list)
	}
	block := u.nextMeta
	u.nextMeta++
	at := u.data(true, list)
	u.blocks[u.metaBlock(block)] = u.fileEntry(block, 4, false, 0, len(list), le(uint32(len(list)), at))
	return block
}

// longAD is a long allocation descriptor into the physical partition.
func longAD(kind uint32, size int, block uint32) []byte {
	return le(kind<<30|uint32(size), block, uint16(0), make([]byte, 6))
}

// finish writes what leads to the root directory.
func (u *udfImage) finish(root uint32) []byte {
	set := u.nextMeta
	u.nextMeta++
	charset := append([]byte{0}, make([]byte, 63)...)
	copy(charset[1:], "OSTA Compressed Unicode")
	u.blocks[u.metaBlock(set)] = tagged(256, set, slices.Concat(udfStamp, le(uint16(3), uint16(3), uint32(1), uint32(1), uint32(0), uint32(0)), charset, dString("SPUR", 128), charset, dString("SPUR", 32),
		make([]byte, 64), le(uint32(udfBlock), root, uint16(1), make([]byte, 6)), entity("*OSTA UDF Compliant", 0x60, 2), make([]byte, 16+16+32)))
	pieces := le(u.half*udfBlock, uint32(udfMetaFirst))
	if u.half < udfMetaSize {
		pieces = append(pieces, le((udfMetaSize-u.half)*udfBlock, uint32(udfMetaOther))...)
	}
	for i, kind := range []byte{250, 251} {
		u.blocks[udfStart+i] = u.fileEntry(uint32(i), kind, true, 0, udfMetaSize*udfBlock, pieces)
	}
	for i, id := range []string{"BEA01", "NSR03", "TEA01"} {
		u.blocks[16+i] = append([]byte("\x00"+id), 1)
	}
	for _, at := range []uint32{32, 48} {
		u.volume(at, set, charset)
	}
	u.blocks[64] = tagged(9, 64, slices.Concat(udfStamp, le(uint32(1)), make([]byte, 8), le(u.unique), make([]byte, 24), le(uint32(2), uint32(0), uint32(0), uint32(0), u.length, u.length)))
	anchor := slices.Concat(le(uint32(16*udfBlock), uint32(32), uint32(16*udfBlock), uint32(48)), make([]byte, 480))
	last := uint32(len(u.blocks) - 1)
	u.blocks[256], u.blocks[last] = tagged(2, 256, anchor), tagged(2, last, anchor)
	return u.bytes()
}

// volume writes a sequence of volume descriptors.
func (u *udfImage) volume(at, set uint32, charset []byte) {
	primary := slices.Concat(le(uint32(1), uint32(0)), dString("SPUR_TEST", 32), le(uint16(1), uint16(1), uint16(3), uint16(3), uint32(1), uint32(1)), dString("0123456789abcdefSPUR", 128), charset, charset,
		make([]byte, 16+32), udfStamp, entity("*spur"), make([]byte, 64+4+2+22))
	partition := slices.Concat(le(uint32(2), uint16(1), uint16(0)), entity("+NSR03"), make([]byte, 128), le(uint32(1), uint32(udfStart), u.length), entity("*spur"), make([]byte, 128+156))
	meta := slices.Concat([]byte{2, 64, 0, 0}, entity("*UDF Metadata Partition", 0x60, 2), le(uint16(1), uint16(0), uint32(0), uint32(1), ^uint32(0), uint32(32), uint16(1), make([]byte, 6)))
	maps := slices.Concat([]byte{1, 6, 1, 0, 0, 0}, meta)
	logical := slices.Concat(le(uint32(3)), charset, dString("SPUR_TEST", 128), le(uint32(udfBlock)), entity("*OSTA UDF Compliant", 0x60, 2), le(uint32(udfBlock), set, uint16(1), make([]byte, 6)),
		le(uint32(len(maps)), uint32(2)), entity("*spur"), make([]byte, 128), le(uint32(udfBlock), uint32(64)), maps)
	for i, d := range [][]byte{tagged(1, at, primary), tagged(5, at+1, partition), tagged(6, at+2, logical), tagged(8, at+3, make([]byte, 496))} {
		u.blocks[at+uint32(i)] = d
	}
}

// everyForm is an image with every form of a file's place, and what the files are. With
// common it has no more than what 7-Zip knows, which shows that this is UDF.
func everyForm(common bool) (image []byte, files map[string]string) {
	u := newUDF(udfLength)
	if common {
		u.half = udfMetaSize
	}
	text := func(name string, size int) string { return string(content(name, size)) }
	files = map[string]string{
		"embedded": "hello\n", "empty": "", "in two parts": text("two", 3*udfBlock+100), "ünïcode/☃ snow": text("snow", 5000), "metadata": text("meta", 5000),
	}
	top, inner, many := map[string]uint32{}, map[string]uint32{}, map[string]uint32{}
	top["embedded"] = u.entry(5, true, 3, 6, []byte("hello\n"))
	top["empty"] = u.entry(5, false, 0, 0, nil)
	two := []byte(files["in two parts"])
	second := u.data(false, two[2*udfBlock:])
	first := u.data(false, two[:2*udfBlock])
	top["in two parts"] = u.entry(5, true, 1, len(two), append(longAD(0, 2*udfBlock, first), longAD(0, udfBlock+100, second)...))
	inner["☃ snow"] = u.entry(5, false, 1, 5000, longAD(0, 5000, u.data(false, []byte(files["ünïcode/☃ snow"]))))
	top["metadata"] = u.entry(5, false, 0, 5000, le(uint32(5000), u.data(true, []byte(files["metadata"]))))
	if !common {
		files["sparse"] = text("a", udfBlock) + strings.Repeat("\x00", 2*udfBlock) + text("b", 10)
		a, b := u.data(false, []byte(text("a", udfBlock))), u.data(false, []byte(text("b", 10)))
		top["sparse"] = u.entry(5, true, 1, len(files["sparse"]), slices.Concat(longAD(0, udfBlock, a), longAD(2, udfBlock, 0), longAD(1, udfBlock, 3), longAD(0, 10, b)))
		files["continued"], files["extended"] = text("continued", 5*udfBlock+1), text("extended", 3000)
		top["continued"] = u.continued([]byte(files["continued"]))
		top["extended"] = u.entry(5, true, 2, 3000, le(uint32(3000), uint32(3000), uint32(3000), u.data(false, []byte(files["extended"])), uint16(0), uint16(0)))
		parts := slices.Concat([]byte{3, 0, 0, 0}, []byte{5, 8, 0, 0}, ostaName("ünïcode"), []byte{5, 13, 0, 0}, ostaName("☃ snow"))
		inner["link"] = u.entry(12, true, 3, len(parts), parts)
	}
	for i := range 100 {
		name := strings.Repeat("x", i) + " of many"
		many[name] = u.entry(5, true, 3, i, content("many", i))
		files["many/"+name] = text("many", i)
	}
	dirs := map[string]uint32{"ünïcode": u.directory(inner, nil), "many": u.directory(many, nil)}
	return u.finish(u.directory(top, dirs)), files
}

// continued stores a file whose last allocation descriptors are in a block of their own.
func (u *udfImage) continued(b []byte) uint32 {
	short := func(kind uint32, size int, block uint32) []byte { return le(kind<<30|uint32(size), block) }
	second := u.data(true, b[udfBlock:3*udfBlock])
	first := u.data(true, b[:udfBlock])
	third := u.data(true, b[3*udfBlock:])
	more := u.nextMeta
	u.nextMeta++
	list := append(short(0, 2*udfBlock, second), short(0, len(b)-3*udfBlock, third)...)
	u.blocks[u.metaBlock(more)] = tagged(258, more, slices.Concat(le(uint32(0), uint32(len(list))), list))
	return u.entry(5, true, 0, len(b), append(short(0, udfBlock, first), short(3, udfBlock, more)...))
}
