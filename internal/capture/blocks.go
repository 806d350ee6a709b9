package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The blocks of pcapng that have a part in packets (draft-ietf-opsawg-pcapng, section 4).
const (
	blockInterface    = 1
	blockPacket       = 2 // obsolete
	blockSimplePacket = 3
	blockEnhanced     = 6
	blockSection      = 0x0a0d0d0a
)

// Bounds of blocks, and of what a section describes.
const (
	maxBlock      = 512 << 10 // libpcap's largest packet has 256 KiB
	maxInterfaces = 256
)

// What stands around the packet of a block: type, length, the fields before it, and the
// length again.
const (
	beforePacket       = 28
	beforeSimplePacket = 12
	afterPacket        = 4
)

// blocks are those of a pcapng file that packets need, each whole and without options but
// for those of interfaces: a reader of pcapng keeps what else is there for as long as it
// finds no packet, and follows an option's length out of its block.
type blocks struct {
	from       *bufio.Reader
	order      binary.ByteOrder // of the section
	interfaces int              // of the section
	rest       []byte           // of a block that is being read
	err        error            // how the file ended
}

// Read reads the next bytes of the next block.
func (b *blocks) Read(p []byte) (int, error) {
	for len(b.rest) == 0 && b.err == nil {
		b.rest, b.err = b.next()
	}
	if len(b.rest) == 0 {
		return 0, b.err
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// next reads a block; nil for one that is left out.
func (b *blocks) next() ([]byte, error) {
	head, err := b.from.Peek(12)
	switch {
	case len(head) == 0:
		return nil, err
	case err != nil:
		return nil, unexpected(err)
	}
	if b.order == nil || binary.BigEndian.Uint32(head) == blockSection {
		if err := b.section(head); err != nil {
			return nil, err
		}
	}
	kind, size := b.order.Uint32(head), int64(b.order.Uint32(head[4:]))
	if size < 12 {
		return nil, fmt.Errorf("a block of %d bytes", size)
	}
	if !slices.Contains([]uint32{blockSection, blockInterface, blockPacket, blockSimplePacket, blockEnhanced}, kind) {
		_, err := io.CopyN(io.Discard, b.from, size)
		return nil, unexpected(err)
	}
	if size > maxBlock {
		return nil, fmt.Errorf("a block of %d bytes, where none with a packet has more than %d", size, maxBlock)
	}
	block := make([]byte, size)
	if _, err := io.ReadFull(b.from, block); err != nil {
		return nil, unexpected(err)
	}
	return b.plain(kind, block)
}

// errCutOff is the end of a file within a block. Where one begins, the reader of pcapng
// takes a plain io.ErrUnexpectedEOF for the end.
var errCutOff = fmt.Errorf("a block is cut off: %w", io.ErrUnexpectedEOF)

func unexpected(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutOff
	}
	return err
}

// section begins one, which says in which order its bytes are.
func (b *blocks) section(head []byte) error {
	const magic = 0x1a2b3c4d
	b.interfaces = 0
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(head[8:]) == magic {
			b.order = order
			return nil
		}
	}
	return errors.New("a section without an order of bytes")
}

// plain is a block without what packets don't need.
func (b *blocks) plain(kind uint32, block []byte) ([]byte, error) {
	body := block[:len(block)-afterPacket]
	switch kind {
	case blockSection:
		return b.cut(body, 24)
	case blockInterface:
		if b.interfaces++; b.interfaces > maxInterfaces {
			return nil, fmt.Errorf("it has more than %d interfaces", maxInterfaces)
		}
		return block, nil
	case blockSimplePacket:
		if len(body) < beforeSimplePacket {
			return nil, fmt.Errorf("a packet in a block of %d bytes", len(block))
		}
		there := uint32(len(body) - beforeSimplePacket)
		b.order.PutUint32(body[8:], min(b.order.Uint32(body[8:]), there))
		return block, nil
	}
	if len(body) < beforePacket {
		return nil, fmt.Errorf("a packet in a block of %d bytes", len(block))
	}
	return b.cut(body, beforePacket+int64(b.order.Uint32(body[20:])))
}

// cut ends a block behind so many bytes, at a multiple of four.
func (b *blocks) cut(body []byte, size int64) ([]byte, error) {
	if size > int64(len(body)) {
		return nil, fmt.Errorf("a block of %d bytes, which says that it has %d", len(body)+afterPacket, size+afterPacket)
	}
	short := append(slices.Clip(body[:size]), make([]byte, -size&3)...)
	b.order.PutUint32(short[4:], uint32(len(short)+afterPacket))
	return append(short, short[4:8]...), nil
}
