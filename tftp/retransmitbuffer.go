package tftp

import (
	"errors"
	"io"
)

// A retransmitBuffer is the blocks of a file that can be read only once, in
// order: those that the client has not confirmed stay in memory, to be sent again.
// Block n lies in slot n-1 mod count, so that a window is one piece of memory for
// the kernel to cut.
type retransmitBuffer struct {
	layout
	from   io.Reader
	done   int64 // bytes read
	count  int   // slots: a window
	memory []byte
	filled uint64 // highest block in memory
}

func newRetransmitBuffer(from io.Reader, l layout, windowSize int) *retransmitBuffer {
	count := max(windowSize, 1)
	return &retransmitBuffer{layout: l, from: from, count: count, memory: make([]byte, count*l.stride)}
}

func (r *retransmitBuffer) shape() *layout { return &r.layout }

func (r *retransmitBuffer) close() {}

func (r *retransmitBuffer) packets(acked, from, to uint64) ([]byte, uint64, error) {
	for r.last == 0 && r.filled < to {
		if err := r.read(min(to, acked+uint64(r.count))); err != nil {
			return nil, 0, err
		}
	}
	if r.last != 0 {
		to = min(to, r.last)
	}
	slot := r.slot(from)
	to = min(to, from+uint64(r.count-slot)-1)
	return r.cut(r.memory, slot, from, to), to, nil
}

// read reads blocks up to the given one, or to the end of the memory.
func (r *retransmitBuffer) read(to uint64) error {
	slot := r.slot(r.filled + 1)
	count := min(int(to-r.filled), r.count-slot)
	slots := r.memory[slot*r.stride : (slot+count)*r.stride]
	for i := range count {
		n, err := r.block(slots[i*r.stride+headerSize : (i+1)*r.stride])
		if err != nil {
			return err
		}
		r.filled++
		putHeader(slots[i*r.stride:], opData, uint16(r.filled))
		if n < r.blockSize { // the final block is shorter than the others, if need be empty
			r.last, r.lastSize = r.filled, n
			return nil
		}
	}
	return nil
}

// block reads the payload of a block.
func (r *retransmitBuffer) block(payload []byte) (int, error) {
	if r.size >= 0 {
		payload = payload[:min(int64(len(payload)), r.size-r.done)]
	}
	n, err := io.ReadFull(r.from, payload)
	r.done += int64(n)
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case ended && r.done < r.size:
		return n, r.truncated(r.done)
	case ended:
		return n, nil
	}
	return n, err
}

func (r *retransmitBuffer) slot(block uint64) int { return int((block - 1) % uint64(r.count)) }
