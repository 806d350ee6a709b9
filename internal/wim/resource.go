package wim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/Microsoft/go-winio/wim/lzx"
)

// ErrCompression is wrapped by the error about what is compressed in a way that isn't
// read: XPRESS and LZMS, which the WIMs of Windows' media don't have for what boots.
var ErrCompression = errors.New("its compression isn't one that Spur reads")

// Flags of a resource, and of a header for the way in which all of a file is compressed.
const (
	metadata   = 0x02
	compressed = 0x04
	solid      = 0x10

	lzxFlag = 0x40000
)

// lzxChunk is how much LZX packs at a time.
const lzxChunk = 32 << 10

// resource is where something is in the file.
type resource struct {
	at, size, original int64
	flags              byte
}

func resourceAt(b []byte) resource {
	u64 := binary.LittleEndian.Uint64
	return resource{size: int64(u64(b) & (1<<56 - 1)), flags: b[7], at: int64(u64(b[8:])), original: int64(u64(b[16:]))}
}

// read reads a resource whole, of at most that many bytes.
func (w *WIM) read(r resource, most int64) ([]byte, error) {
	switch {
	case r.at < headerSize || r.size < 0 || r.size > most || r.original < 0 || r.original > most || r.at > w.size-r.size:
		return nil, fmt.Errorf("it is damaged or cut off: a part of it would be %d bytes from %d on", r.size, r.at)
	case r.flags&solid != 0, r.flags&compressed != 0 && (w.header.flags&lzxFlag == 0 || w.header.chunk != lzxChunk):
		return nil, ErrCompression
	}
	b := make([]byte, r.size)
	if n, err := w.r.ReadAt(b, r.at); n < len(b) {
		return nil, err
	}
	if r.flags&compressed == 0 {
		return b, nil
	}
	return unpack(b, r.original)
}

// unpack unpacks chunks of LZX. Before them is a table of where each begins but the first;
// a chunk that has its whole size isn't packed.
func unpack(b []byte, original int64) ([]byte, error) {
	chunks := (original + lzxChunk - 1) / lzxChunk
	table := 4 * max(0, chunks-1) // original is below 4 GiB
	if table > int64(len(b)) {
		return nil, errDamaged
	}
	packed, out := b[table:], make([]byte, 0, original)
	begin := func(i int64) int64 {
		switch i {
		case 0:
			return 0
		case chunks:
			return int64(len(packed))
		}
		return int64(binary.LittleEndian.Uint32(b[4*(i-1):]))
	}
	for i := range chunks {
		from, to := begin(i), begin(i+1)
		if from > to || to > int64(len(packed)) {
			return nil, errDamaged
		}
		chunk, err := unpackChunk(packed[from:to], min(lzxChunk, original-i*lzxChunk))
		if err != nil {
			return nil, err
		}
		out = append(out, chunk...)
	}
	return out, nil
}

var errDamaged = errors.New("it is damaged: what is packed in it can't be unpacked")

// unpackChunk unpacks a chunk. The decoder panics over tables without a single code.
func unpackChunk(b []byte, original int64) (out []byte, err error) {
	if int64(len(b)) == original {
		return b, nil
	}
	defer func() {
		if why := recover(); why != nil {
			err = errDamaged
		}
	}()
	r, err := lzx.NewReader(bytes.NewReader(b), int(original))
	if err != nil {
		return nil, errors.Join(errDamaged, err)
	}
	defer r.Close()
	out = make([]byte, original)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, errors.Join(errDamaged, err)
	}
	return out, nil
}
