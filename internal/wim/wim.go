package wim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic is what a WIM begins with.
const Magic = "MSWIM\x00\x00\x00"

// ErrNone is wrapped by the error about what is no WIM.
var ErrNone = errors.New("it is no Windows image")

// Bounds of what is read. The XML of the largest media has some 50 KiB, the folders of a
// Windows 4 MiB.
const (
	xmlMost    = 4 << 20
	tableMost  = 64 << 20
	treeMost   = 64 << 20
	imagesMost = 1000
)

// WIM is a file with images of Windows.
type WIM struct {
	Images []Image
	// Boot is the index of the image that boots, from 1 on; 0 for none.
	Boot int
	// Part and Parts: it is one of several files that belong together.
	Part, Parts int

	r      io.ReaderAt
	size   int64
	header header
}

// The places of what is in a header, which has headerSize bytes.
const (
	headerSize  = 208
	flagsAt     = 16
	chunkAt     = 20
	partAt      = 40
	partsAt     = 42
	imagesAt    = 44
	tableAt     = 48
	xmlAt       = 72
	bootTreeAt  = 96
	bootIndexAt = 120
)

// header is what is needed of it later.
type header struct {
	flags, chunk    uint32
	table, bootTree resource
}

// Open reads the header of a WIM and what its XML says.
func Open(r io.ReaderAt, size int64) (*WIM, error) {
	b := make([]byte, headerSize)
	if n, err := r.ReadAt(b, 0); n < len(b) && !errors.Is(err, io.EOF) {
		return nil, err
	} else if b = b[:n]; !bytes.HasPrefix(b, []byte(Magic)) {
		return nil, ErrNone
	}
	if len(b) < headerSize {
		return nil, errors.New("it is cut off in its header")
	}
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	w := &WIM{
		Boot: int(u32(b[bootIndexAt:])), Part: int(u16(b[partAt:])), Parts: int(u16(b[partsAt:])), r: r, size: size,
		header: header{u32(b[flagsAt:]), u32(b[chunkAt:]), resourceAt(b[tableAt:]), resourceAt(b[bootTreeAt:])},
	}
	if n := u32(b[imagesAt:]); n > imagesMost || uint32(w.Boot) > n {
		return nil, fmt.Errorf("it is damaged: it says that it has %d images, of which number %d boots", n, w.Boot)
	}
	return w, w.readXML(resourceAt(b[xmlAt:]))
}

// Image is the image of an index.
func (w *WIM) Image(index int) (Image, bool) {
	for _, i := range w.Images {
		if i.Index == index {
			return i, true
		}
	}
	return Image{}, false
}
