package aoe

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// tube is a link that brings frames as many at a time as they were put in.
type tube struct {
	in     chan []frame
	out    chan frame
	closed chan struct{}
	once   sync.Once
}

func newTube() *tube {
	return &tube{in: make(chan []frame, 1), out: make(chan frame, 1000), closed: make(chan struct{})}
}

func (l *tube) Recv(b [][]byte) (int, error) {
	select {
	case frames := <-l.in:
		for i, f := range frames {
			b[i] = b[i][:copy(b[i], f)]
		}
		return len(frames), nil
	case <-l.closed:
		return 0, errInterrupted
	}
}

func (l *tube) Send(all [][]byte) {
	for _, f := range all {
		l.out <- bytes.Clone(f)
	}
}

func (l *tube) Interrupt()   { l.once.Do(func() { close(l.closed) }) }
func (l *tube) Address() MAC { return MAC{2, 0, 0, 0, 0, 1} }
func (l *tube) MTU() int     { return 1500 }

// answer is the next one.
func (l *tube) answer(t *testing.T) frame {
	t.Helper()
	select {
	case f := <-l.out:
		return f
	case <-time.After(30 * time.Second):
		t.Fatal("no answer")
		return nil
	}
}

// serveTube serves targets on a tube, and returns who asks e1.0.
func serveTube(t *testing.T, s *Server) (*tube, *initiator) {
	t.Helper()
	l := newTube()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for range s.Targets {
		l.answer(t) // each says that it is there
	}
	return l, &initiator{TB: t, target: l.Address(), from: MAC{2, 0, 0, 0, 0, 2}, shelf: 1}
}

// picky counts what is asked of a disk, and fails wherever a sector is touched.
type picky struct {
	block.Device
	calls atomic.Int32
	bad   atomic.Int64
}

var errBad = errors.New("a bad sector")

func (p *picky) check(n int, off int64) error {
	p.calls.Add(1)
	if bad := p.bad.Load() * sector; off <= bad && bad < off+int64(n) {
		return errBad
	}
	return nil
}

func (p *picky) Read(ctx context.Context, b []byte, off int64) error {
	return errors.Join(p.check(len(b), off), p.Device.Read(ctx, b, off))
}

func (p *picky) Write(ctx context.Context, b []byte, off int64, flags block.WriteFlags) error {
	if err := p.check(len(b), off); err != nil {
		return err
	}
	return p.Device.Write(ctx, b, off, flags)
}

// TestCoalesced: reads and writes that follow each other are done as one, and each
// has its own answer, also where one of them fails.
func TestCoalesced(t *testing.T) {
	d := &picky{Device: block.NewMemory(100 * sector)}
	d.bad.Store(-1)
	l, i := serveTube(t, &Server{Targets: []*Target{{Shelf: 1, Device: d}}})
	// ask asks for frames in as many calls of the disk, and at most fifty times:
	// what the machine has no time for is done by workers, one by one.
	ask := func(calls int32, frames ...frame) (errs []uint8, data [][]byte) {
		t.Helper()
		for range 50 {
			d.calls.Store(0)
			errs, data = make([]uint8, len(frames)), make([][]byte, len(frames))
			l.in <- frames
			for range frames {
				a := l.answer(t)
				k := len(frames) - 1 - int(i.tag-a.tag())
				errs[k], data[k] = a[headerSize+1], a[ataSize:]
			}
			if d.calls.Load() == calls {
				return errs, data
			}
		}
		t.Errorf("%d calls of the disk instead of %d", d.calls.Load(), calls)
		return errs, data
	}
	series := func(flags, command uint8, first, n int, each func(k int) []byte) (frames []frame) {
		for k := range n {
			frames = append(frames, i.request(cmdATA, ata(flags, 0, 2, command, uint64(first+2*k), each(k)...)...))
		}
		return frames
	}
	nothing := func(int) []byte { return nil }
	mine := func(k int) []byte { return noise(2*sector, byte(k+1)) }

	if errs, _ := ask(1, series(ataWrite, ataWrite28, 10, 20, mine)...); !bytes.Equal(errs, make([]byte, 20)) {
		t.Errorf("writes: errors %v", errs)
	}
	errs, data := ask(1, series(0, ataRead, 10, 20, nothing)...)
	for k := range data {
		if errs[k] != 0 || !bytes.Equal(data[k], mine(k)) {
			t.Errorf("read %d: error %d, or other data", k, errs[k])
		}
	}
	d.bad.Store(15)
	for command, flags := range map[uint8]uint8{ataRead: 0, ataWrite28: ataWrite} {
		with := nothing
		if command == ataWrite28 {
			with = mine
		}
		if errs, _ := ask(5, series(flags, command, 10, 4, with)...); !bytes.Equal(errs, []byte{0, 0, errorMedium, 0}) {
			t.Errorf("command %#x over a bad sector: errors %v", command, errs)
		}
	}
	d.bad.Store(-1)
	if errs, _ := ask(2, series(0, ataRead, 96, 3, nothing)...); !bytes.Equal(errs, []byte{0, 0, errorNotFound}) {
		t.Errorf("beyond the end: errors %v", errs)
	}
	// A gap, another command, an asynchronous and a durable write end a series.
	for name, last := range map[string][]byte{
		"a gap":    ata(ataWrite, 0, 2, ataWrite28, 40, mine(1)...),
		"a read":   ata(0, 0, 2, ataRead, 14),
		"48 bits":  ata(ataWrite|ataExtended, 0, 2, ataWriteExt, 14, mine(1)...),
		"durably":  ata(ataWrite|ataExtended, 0, 2, ataWriteFUA, 14, mine(1)...),
		"repeated": ata(ataWrite, 0, 2, ataWrite28, 10, mine(1)...),
	} {
		frames := append(series(ataWrite, ataWrite28, 10, 2, mine), i.request(cmdATA, last...))
		if errs, _ := ask(2, frames...); !bytes.Equal(errs, make([]byte, 3)) {
			t.Errorf("%s: errors %v", name, errs)
		}
	}
}

// TestSlowCoalesced: commands done as one that hang hold up no other target, and are answered
// when they are done.
func TestSlowCoalesced(t *testing.T) {
	d := stuck{block.NewMemory(1 << 20), make(chan struct{})}
	l, i := serveTube(t, &Server{Targets: []*Target{{Shelf: 1, Device: d}, {Shelf: 2, Device: block.NewMemory(1 << 20)}}})
	other := *i
	other.shelf, other.tag = 2, 1000
	var frames []frame
	for k := range 4 {
		frames = append(frames, i.request(cmdATA, ata(0, 0, 2, ataRead, uint64(2*k))...))
	}
	for range 3 { // the stuck ones are repeated, too
		l.in <- append(frames, other.request(cmdATA, ata(0, 0, 1, ataRead, 0)...))
		if a := l.answer(t); a.shelf() != 2 {
			t.Fatalf("answered: %x", a)
		}
	}
	close(d.let)
	for range frames {
		if a := l.answer(t); a.shelf() != 1 || len(a) != ataSize+2*sector {
			t.Errorf("answered: %x", a)
		}
	}
	l.in <- []frame{other.request(cmdATA, ata(0, 0, 1, ataRead, 0)...)}
	if a := l.answer(t); a.shelf() != 2 {
		t.Errorf("answered twice: %x", a)
	}
}

// TestBatch: writes that don't follow each other are done in their order, and
// each has its own answer, also where one of them fails.
func TestBatch(t *testing.T) {
	d := &picky{Device: block.NewMemory(100 * sector)}
	d.bad.Store(50)
	l, i := serveTube(t, &Server{Targets: []*Target{{Shelf: 1, Device: d}}})
	var frames []frame
	for k, lba := range []uint64{40, 10, 50, 11, 10, 98, 99, 30, 20} {
		frames = append(frames, i.request(cmdATA, ata(ataWrite, 0, 2, ataWrite28, lba, noise(2*sector, byte(k+1))...)...))
	}
	want := map[uint32]uint8{frames[2].tag(): errorMedium, frames[6].tag(): errorNotFound}
	l.in <- frames
	for range frames {
		if a := l.answer(t); a[headerSize+1] != want[a.tag()] {
			t.Errorf("write %d: error %#x", int(a.tag())-int(frames[0].tag()), a[headerSize+1])
		}
	}
	// Of the three that overlap the last one counts.
	for lba, data := range map[int64][]byte{40: noise(2*sector, 1), 10: noise(2*sector, 5), 12: noise(2*sector, 4)[sector:],
		98: noise(2*sector, 6), 30: noise(2*sector, 8), 20: noise(2*sector, 9)} {
		got := make([]byte, len(data))
		if err := d.Device.Read(t.Context(), got, lba*sector); err != nil || !bytes.Equal(got, data) {
			t.Errorf("sectors at %d: %v, or other data", lba, err)
		}
	}
}

// hung lets no write to its first sector through for a while.
type hung struct {
	block.Device
	let chan struct{}
}

func (h hung) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if off == 0 {
		select {
		case <-h.let:
		case <-ctx.Done():
		}
	}
	return h.Device.Write(ctx, p, off, flags)
}

// TestSlowBatch: a write that hangs holds up no other target, nor what came with it,
// which takes no room any more when it is done.
func TestSlowBatch(t *testing.T) {
	d := hung{block.NewMemory(1 << 20), make(chan struct{})}
	const buffers = 8
	l, i := serveTube(t, &Server{Targets: []*Target{{Shelf: 1, Device: d}, {Shelf: 2, Device: block.NewMemory(1 << 20)}},
		Bounds: Bounds{Buffers: buffers}})
	other := *i
	other.shelf, other.tag = 2, 1000
	var frames []frame
	for k, lba := range []uint64{20, 0, 40, 60, 61} {
		frames = append(frames, i.request(cmdATA, ata(ataWrite, 0, 1, ataWrite28, lba, noise(sector, byte(k+1))...)...))
	}
	l.in <- append(frames, other.request(cmdATA, ata(0, 0, 1, ataRead, 0)...))
	for range frames {
		if a := l.answer(t); a.shelf() != 2 && a.tag() == frames[1].tag() {
			t.Fatalf("answered: %x", a)
		}
	}
	var more []frame
	for k := range buffers - 1 {
		more = append(more, i.request(cmdATA, ata(0, 0, 1, ataRead, uint64(100+k))...))
	}
	l.in <- more
	for range more {
		if a := l.answer(t); len(a) != ataSize+sector {
			t.Fatalf("answered: %x", a)
		}
	}
	for range 3 { // what hangs is repeated
		l.in <- append(frames[1:2:2], other.request(cmdATA, ata(0, 0, 1, ataRead, 0)...))
		if a := l.answer(t); a.shelf() != 2 {
			t.Fatalf("answered: %x", a)
		}
	}
	close(d.let)
	if a := l.answer(t); a.tag() != frames[1].tag() || a[headerSize+1] != 0 {
		t.Errorf("answered: %x", a)
	}
	for k, lba := range []int64{20, 0, 40, 60, 61} {
		got := make([]byte, sector)
		if err := d.Device.Read(t.Context(), got, lba*sector); err != nil || !bytes.Equal(got, noise(sector, byte(k+1))) {
			t.Errorf("sector %d: %v, or other data", lba, err)
		}
	}
	l.in <- []frame{i.request(cmdATA, ata(0, 0, 1, ataRead, 0)...)}
	if a := l.answer(t); a.tag() == frames[1].tag() || !bytes.Equal(a[ataSize:], noise(sector, 2)) {
		t.Errorf("answered twice, or other data: %x", a)
	}
}
