package tftp

import (
	"errors"
	"io"
)

// A run is some consecutive blocks of a file that can be read anywhere. Only
// they are in memory, about as many as one system call sends: what is lost on
// the way is read again. The less memory fifty transfers work in, the more of
// it is in the processor's caches when the kernel copies it; that decides how
// fast large windows are. Others of the same file may work in the same memory.
type run struct {
	layout
	from  io.ReaderAt
	count int // blocks of a piece
	title *title
	piece *piece // in hand
}

// runSize is the most that a run has, in bytes, if a block is not larger: what
// the kernel cuts in one go.
const runSize = maxDatagram

func newRun(from io.ReaderAt, l layout, windowSize int, shelf *shelf) *run {
	l.last, l.lastSize = uint64(l.size/int64(l.blockSize))+1, int(l.size%int64(l.blockSize))
	count := max(1, runSize/l.stride)
	if windowSize > 0 && count > windowSize { // so that no window is cut in two
		count -= count % windowSize
	}
	count = int(min(uint64(count), l.last))
	return &run{layout: l, from: from, count: count, title: shelf.join(from, l, count)}
}

func (r *run) close() { r.title.leave(r.piece) }

func (r *run) shape() *layout { return &r.layout }

func (r *run) packets(_, from, to uint64) ([]byte, uint64, error) {
	if err := r.prefetch(from); err != nil {
		return nil, 0, err
	}
	p := r.piece
	slot := int(from - p.first)
	to = min(to, p.first+uint64(p.held)-1)
	return r.cut(p.memory, slot, from, to), to, nil
}

// prefetch makes the run one that has the given block.
func (r *run) prefetch(next uint64) error {
	if next > r.last || r.piece.has(next) {
		return nil
	}
	number := (next - 1) / uint64(r.count)
	r.piece = r.title.turn(r.piece, number)
	if r.piece.has(next) { // another has read it
		return nil
	}
	if err := r.fill(r.piece, number); err != nil {
		return err
	}
	r.title.share(r.piece)
	return nil
}

// fill reads a piece: the payloads at once, to the end of its memory, from
// where they are moved apart to make room for the headers.
func (r *run) fill(p *piece, number uint64) error {
	first := number*uint64(r.count) + 1
	last := min(first+uint64(r.count)-1, r.last)
	offset := int64(first-1) * int64(r.blockSize)
	payload := p.memory[r.count*headerSize:]
	payload = payload[:min(int64(len(payload)), r.size-offset)]
	if n, err := r.from.ReadAt(payload, offset); n < len(payload) {
		if err == nil || errors.Is(err, io.EOF) {
			err = r.truncated(offset + int64(n))
		}
		return err
	}
	for to := p.memory; len(payload) > 0; to = to[r.stride:] {
		n := copy(to[headerSize:r.stride], payload)
		payload = payload[n:]
	}
	r.number(p.memory, first, last)
	p.number, p.first, p.held = number, first, int(last-first)+1
	return nil
}
