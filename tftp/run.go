package tftp

// A run is some consecutive blocks of a file that can be read anywhere. Only
// they are in memory, about as many as one system call sends: what is lost on
// the way is read again. The less memory fifty transfers work in, the more of
// it is in the processor's caches when the kernel copies it; that decides how
// fast large windows are.
type run struct {
	layout
	from   scatter
	count  int // most blocks
	memory []byte
	first  uint64 // the blocks in memory
	held   int
}

// A scatter reads consecutive bytes at an offset into the payloads of packets
// that lie stride bytes apart: want bytes in all. It fails with ErrTruncated
// where the file ends before. With hurry it fails with errWait where it would
// have to wait for the file.
type scatter interface {
	read(packets []byte, l *layout, want int, offset int64, hurry bool) error
}

// runSize is the most that a run has, in bytes, if a block is not larger: what
// the kernel cuts in one go.
const runSize = maxDatagram

func newRun(from scatter, l layout, windowSize int) *run {
	l.last, l.lastSize = uint64(l.size/int64(l.blockSize))+1, int(l.size%int64(l.blockSize))
	count := max(1, min(runSize/l.stride, maxVectors))
	if windowSize > 0 && count > windowSize { // so that no window is cut in two
		count -= count % windowSize
	}
	count = int(min(uint64(count), l.last))
	return &run{layout: l, from: from, count: count, memory: make([]byte, count*l.stride)}
}

func (r *run) shape() *layout { return &r.layout }

func (r *run) packets(_, from, to uint64) ([]byte, uint64, error) {
	if err := r.prefetch(from); err != nil {
		return nil, 0, err
	}
	slot := int(from - r.first)
	to = min(to, r.last, r.first+uint64(r.held)-1)
	return r.cut(r.memory, slot, from, to), to, nil
}

// prefetch makes the run one that has the given block.
func (r *run) prefetch(next uint64) error { return r.load(next, false) }

// ready implements promptBlocks.
func (r *run) ready(next uint64) bool { return r.load(next, true) == nil }

func (r *run) load(next uint64, hurry bool) error {
	if next > r.last || next >= r.first && next < r.first+uint64(r.held) {
		return nil
	}
	to := min(next+uint64(r.count)-1, r.last)
	offset := int64(next-1) * int64(r.blockSize)
	r.held = 0
	if want := min(int64(to-next+1)*int64(r.blockSize), r.size-offset); want > 0 {
		if err := r.from.read(r.memory, &r.layout, int(want), offset, hurry); err != nil {
			return err
		}
	}
	r.first, r.held = next, int(to-next)+1
	r.number(r.memory, next, to)
	return nil
}
