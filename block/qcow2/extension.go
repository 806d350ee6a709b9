package qcow2

import (
	"encoding/binary"
	"fmt"
)

// Header extensions ("Header extensions").
const (
	extensionEnd      = 0
	extensionFormat   = 0xe2792aca
	extensionFeatures = 0x6803f857
	extensionBitmaps  = 0x23852875
	extensionDataFile = 0x44415441
	extensionCrypto   = 0x0537be77
)

const maxExtensions = 64

// extension is a header extension that is kept as it is.
type extension struct {
	kind uint32
	data []byte
}

// parseExtensions reads the extensions and the backing file's name.
func (h *header) parseExtensions(b []byte) error {
	end := min(len(b), 1<<h.clusterBits)
	if h.nameOffset != 0 {
		if h.nameLength > maxName || h.nameOffset > uint64(end) || uint64(h.nameLength) > uint64(end)-h.nameOffset {
			return fmt.Errorf("the backing file's name is outside the header: %w", ErrCorrupt)
		}
		h.name = string(b[h.nameOffset : h.nameOffset+uint64(h.nameLength)])
		end = int(h.nameOffset)
	}
	for at := int(h.length); at+8 <= end; {
		kind, n := binary.BigEndian.Uint32(b[at:]), binary.BigEndian.Uint32(b[at+4:])
		at += 8
		if kind == extensionEnd {
			break
		}
		if int64(n) > int64(end-at) || len(h.others) >= maxExtensions {
			return fmt.Errorf("header extension %#x of %d bytes: %w", kind, n, ErrCorrupt)
		}
		if err := h.take(extension{kind, b[at : at+int(n)]}); err != nil {
			return err
		}
		at += (int(n) + 7) &^ 7
	}
	return nil
}

func (h *header) take(e extension) error {
	switch e.kind {
	case extensionFormat:
		h.format = string(e.data)
	case extensionFeatures:
		// Names of feature bits, for the messages of others.
	case extensionBitmaps:
		h.bitmaps = append([]byte(nil), e.data...)
	case extensionSession:
		copy(h.session[:], e.data)
	case extensionDataFile, extensionCrypto:
		return fmt.Errorf("header extension %#x: %w", e.kind, ErrUnsupported)
	default:
		h.others = append(h.others, extension{e.kind, append([]byte(nil), e.data...)})
	}
	return nil
}

// encode makes the bytes of the header, its extensions and the backing file's
// name. What is not kept is the names of feature bits, so that a usual header
// is one sector, which is written wholly or not at all.
func (h *header) encode() ([]byte, error) {
	ext := h.encodeExtensions()
	length := int(h.length)
	total := length + len(ext) + len(h.name)
	if total > 1<<h.clusterBits || len(h.name) > maxName {
		return nil, fmt.Errorf("a header of %d bytes doesn't fit into a cluster; use a shorter backing file name", total)
	}
	h.nameOffset, h.nameLength = 0, uint32(len(h.name))
	if h.name != "" {
		h.nameOffset = uint64(length + len(ext))
	}
	b := make([]byte, length, total)
	h.put(b)
	b = append(b, ext...)
	return append(b, h.name...), nil
}

func (h *header) put(b []byte) {
	be := binary.BigEndian
	be.PutUint32(b, magic)
	be.PutUint32(b[4:], h.version)
	be.PutUint64(b[8:], h.nameOffset)
	be.PutUint32(b[16:], h.nameLength)
	be.PutUint32(b[20:], h.clusterBits)
	be.PutUint64(b[24:], h.size)
	be.PutUint32(b[36:], h.l1Size)
	be.PutUint64(b[40:], h.l1Offset)
	be.PutUint64(b[48:], h.reftableOffset)
	be.PutUint32(b[56:], h.reftableClusters)
	be.PutUint32(b[60:], h.snapshots)
	be.PutUint64(b[64:], h.snapshotsOffset)
	if h.version < 3 {
		return
	}
	be.PutUint64(b[72:], h.incompat)
	be.PutUint64(b[80:], h.compat)
	be.PutUint64(b[88:], h.autoclear)
	be.PutUint32(b[96:], h.refcountOrder)
	be.PutUint32(b[100:], h.length)
	if h.length > v3Length {
		b[104] = h.compression
	}
}

func (h *header) encodeExtensions() []byte {
	var b []byte
	add := func(kind uint32, data []byte) {
		b = binary.BigEndian.AppendUint32(b, kind)
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		b = append(b, data...)
		b = append(b, make([]byte, -len(data)&7)...)
	}
	if h.session != (session{}) { // first, so that it is in the header's sector
		add(extensionSession, h.session[:])
	}
	if h.format != "" {
		add(extensionFormat, []byte(h.format))
	}
	if h.bitmaps != nil {
		add(extensionBitmaps, h.bitmaps)
	}
	for _, e := range h.others {
		add(e.kind, e.data)
	}
	add(extensionEnd, nil)
	return b
}
