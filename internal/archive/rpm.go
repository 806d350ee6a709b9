package archive

import (
	"encoding/binary"
	"errors"
	"io"
)

// An RPM has a lead, two headers of the same form, the first of which ends at a
// multiple of 8, and a compressed cpio archive (RPM, docs/manual/format_v4.md).
const (
	rpmMagic       = "\xed\xab\xee\xdb"
	rpmLead        = 96
	rpmHeaderMagic = "\x8e\xad\xe8\x01"
	rpmIntro       = 16
	rpmHeaderMost  = 256 << 20
)

func (w *walk) rpm(r io.ReaderAt, size int64) error {
	at := int64(rpmLead)
	for range 2 {
		at = (at + 7) &^ 7
		intro := make([]byte, rpmIntro)
		if n, _ := r.ReadAt(intro, at); n < len(intro) || string(intro[:4]) != rpmHeaderMagic {
			return errors.New("it is cut off or damaged: a header of its RPM makes no sense")
		}
		rows, data := int64(binary.BigEndian.Uint32(intro[8:])), int64(binary.BigEndian.Uint32(intro[12:]))
		if 16*rows+data > rpmHeaderMost {
			return errors.New("it is damaged: a header of its RPM is too large")
		}
		at += rpmIntro + 16*rows + data
	}
	if at >= size {
		return errors.New("it is cut off: its RPM has no payload")
	}
	return w.stream("payload", io.NewSectionReader(r, at, size-at), true)
}
