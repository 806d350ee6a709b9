package nbd

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// terms are what a client and a server have agreed on.
type terms struct {
	mode       mode
	flags      uint16
	size       int64
	minBlock   int
	preferred  int
	maxPayload int
	meta       bool
	metaID     uint32
}

func (t *terms) setSize(n uint64) error {
	if n > 1<<63-1 {
		return fmt.Errorf("an export of %d bytes is too large", n)
	}
	t.size = int64(n)
	return nil
}

// learn takes in the replies to NBD_OPT_GO.
func (t *terms) learn(replies []optionReply) error {
	told := false
	for _, r := range replies {
		if r.kind != repInfo || len(r.data) < 2 {
			continue
		}
		d := r.data[2:]
		switch binary.BigEndian.Uint16(r.data) {
		case infoExport:
			if len(d) != 10 {
				return errMalformed
			}
			told, t.flags = true, binary.BigEndian.Uint16(d[8:])
			if err := t.setSize(binary.BigEndian.Uint64(d)); err != nil {
				return err
			}
		case infoBlockSize:
			if err := t.blockSize(d); err != nil {
				return err
			}
		}
	}
	if !told {
		return errors.New("the server doesn't tell the size of the export")
	}
	t.size -= t.size % int64(t.minBlock) // "Block size constraints": the rest can't be had
	return nil
}

func (t *terms) blockSize(d []byte) error {
	if len(d) != 12 {
		return errMalformed
	}
	least, preferred, most := binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:]), binary.BigEndian.Uint32(d[8:])
	// The bounds of "Block size constraints".
	if least == 0 || least > 64<<10 || least&(least-1) != 0 || preferred&(preferred-1) != 0 || preferred < least || most < least {
		return fmt.Errorf("block sizes %d, %d and %d make no sense", least, preferred, most)
	}
	t.minBlock, t.preferred = int(least), min(max(int(preferred), 512), 32<<20)
	t.maxPayload = min(int(most), 32<<20)
	t.maxPayload -= t.maxPayload % t.minBlock
	return nil
}

// caps are the device's capabilities.
func (t *terms) caps() block.Caps {
	return block.Caps{
		ReadOnly:  t.flags&flagReadOnly != 0,
		BlockSize: t.preferred,
		Trim:      t.flags&flagTrim != 0,
		Zero:      t.flags&flagWriteZeroes != 0,
		FUA:       t.flags&flagFUA != 0,
		Extents:   t.meta,
	}
}
