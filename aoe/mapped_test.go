package aoe

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// file is a raw file whose reads are counted.
type file struct {
	*raw.Device
	name  string
	reads atomic.Int64
}

func (f *file) Read(ctx context.Context, p []byte, off int64) error {
	f.reads.Add(1)
	return f.Device.Read(ctx, p, off)
}

// newFile makes a file in memory, which holds data from its beginning on.
func newFile(t *testing.T, size int64, data []byte) *file {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "aoe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f := &file{name: filepath.Join(dir, "disk")}
	if err := os.WriteFile(f.name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(f.name, size); err != nil {
		t.Fatal(err)
	}
	disk, err := block.OpenFile(f.name, block.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Device, err = raw.Open(t.Context(), disk, raw.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// random is what no part of is like another.
func random(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// readOften reads the first sectors until most don't come from the device.
func (i *initiator) readOften(f *file) {
	i.Helper()
	for range 100 {
		before := f.reads.Load()
		for range 100 {
			i.must(ata(0, 0, 2, ataRead, 0))
		}
		if f.reads.Load()-before < 50 {
			return
		}
	}
	i.Fatal("the file's mapping isn't used")
}

// TestMapped: reads by a mapping, of a section that begins in the middle of a
// page, among writes: what was written is read, and not what is written later.
func TestMapped(t *testing.T) {
	const sectors = 2048
	model := random(sectors*sector, 1)
	f := newFile(t, (sectors+3)*sector, append(make([]byte, 3*sector), model...))
	d, err := block.Section(f, 3*sector, sectors*sector)
	if err != nil {
		t.Fatal(err)
	}
	i := serve(t, 9000, &Server{Targets: []*Target{{Shelf: 7, Device: d}}})
	i.readOften(f)
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		n := r.IntN(16) + 1
		at := r.IntN(sectors - n)
		part := model[at*sector : (at+n)*sector]
		data := random(len(part), byte(round))
		before := i.request(cmdATA, ata(ataExtended, 0, uint8(n), ataReadExt, uint64(at))...)
		change := i.request(cmdATA, ata(ataWrite|ataExtended, 0, uint8(n), ataWriteExt, uint64(at), data...)...)
		after := i.request(cmdATA, ata(ataExtended, 0, uint8(n), ataReadExt, uint64(at))...)
		if _, err := i.link.Send([][]byte{before, change, after}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			a := i.recv(30 * time.Second)
			switch {
			case a == nil:
				t.Fatal("no answer")
			case a.tag() == before.tag() && !bytes.Equal(a[ataSize:], part):
				t.Fatalf("round %d: %d sectors at %d are not what they were", round, n, at)
			case a.tag() == after.tag() && !bytes.Equal(a[ataSize:], data):
				t.Fatalf("round %d: %d sectors at %d are not what was written", round, n, at)
			}
		}
		copy(part, data)
	}
	for at := 0; at < sectors; at += 16 {
		if got := i.must(ata(ataExtended, 0, 16, ataReadExt, uint64(at))); !bytes.Equal(got, model[at*sector:(at+16)*sector]) {
			t.Errorf("16 sectors at %d differ", at)
		}
	}
}

// gathering is a tube that sends what is mapped.
type gathering struct{ *tube }

func (l gathering) sendParts(heads, bodies [][]byte) (int, error) {
	all := make([][]byte, len(heads))
	for k := range heads {
		all[k] = slices.Concat(heads[k], bodies[k])
	}
	return l.Send(all)
}

// TestMappedSeries: what is read from its beginning to its end is looked for in
// memory after as many reads as what is read at random, though the device was
// asked for all of them at once.
func TestMappedSeries(t *testing.T) {
	const piece = 256 << 10 // what is looked at together
	data := random(20*piece, 1)
	f := newFile(t, int64(len(data)), data)
	l := newTube()
	v, err := (&Server{Targets: []*Target{{Shelf: 1, Device: f}}}).prepare(l)
	if err != nil {
		t.Fatal(err)
	}
	v.gathers = gathering{l}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- v.serve(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	l.answer(t) // says that it is there
	i := &initiator{TB: t, target: l.Address(), from: MAC{2, 0, 0, 0, 0, 2}, shelf: 1}
	read := func(first int) {
		t.Helper()
		var frames []frame
		for k := range batch {
			frames = append(frames, i.request(cmdATA, ata(ataExtended, 0, 2, ataReadExt, uint64(first+2*k))...))
		}
		l.in <- frames
		for range frames {
			a := l.answer(t)
			from := (first + 2*int(a.tag()-frames[0].tag())) * sector
			if !bytes.Equal(a[ataSize:], data[from:from+2*sector]) {
				t.Fatalf("other data at %d", from)
			}
		}
	}
	// Where the machine has no time, what was found is out of date.
	for first := 0; first < len(data)/sector; first += piece / sector {
		read(first)
		before := f.reads.Load()
		if read(first + 2*batch); f.reads.Load() == before {
			return
		}
	}
	t.Error("the device is asked for what is in memory")
}

// TestCut: of a file that is cut while it is served, also in the middle of a
// page, what is left is read, and what is gone is an error.
func TestCut(t *testing.T) {
	data := random(1<<20, 1)
	f := newFile(t, 1<<20, data)
	i := serve(t, 1500, &Server{Targets: []*Target{{Shelf: 1, Device: f}}})
	i.readOften(f)
	if err := os.Truncate(f.name, 11*sector); err != nil {
		t.Fatal(err)
	}
	for lba := range uint64(20) {
		got, err := i.do(ata(0, 0, 1, ataRead, lba))
		switch {
		case lba >= 11 && err == nil:
			t.Errorf("sector %d, which was cut off, is read", lba)
		case lba < 11 && (err != nil || !bytes.Equal(got, data[lba*sector:(lba+1)*sector])):
			t.Errorf("sector %d: %v, or other data", lba, err)
		}
	}
}

// TestHoles: reading holes gives them no space.
func TestHoles(t *testing.T) {
	const hole = 1 << 20 // from there on
	f := newFile(t, 2*hole, random(hole, 1))
	used := func() int64 {
		var info unix.Stat_t
		if err := unix.Stat(f.name, &info); err != nil {
			t.Fatal(err)
		}
		return info.Blocks
	}
	i := serve(t, 9000, &Server{Targets: []*Target{{Shelf: 1, Device: f}}})
	i.readOften(f)
	before, reads := used(), f.reads.Load()
	for n := range uint64(200) {
		if got := i.must(ata(ataExtended, 0, 2, ataReadExt, hole/sector+n)); !bytes.Equal(got, make([]byte, 2*sector)) {
			t.Fatal("a hole isn't zeros")
		}
	}
	if used() != before || f.reads.Load() < reads+200 {
		t.Errorf("%d more blocks are used after 200 reads, %d of the device", used()-before, f.reads.Load()-reads)
	}
}

// interposed does something before what is mapped is sent for the first time.
type interposed struct {
	*Interface
	once sync.Once
	do   func()
}

func (i *interposed) sendParts(heads, bodies [][]byte) (int, error) {
	i.once.Do(i.do)
	return i.Interface.sendParts(heads, bodies)
}

// TestUnreadable: a page that is gone when it is sent is asked of the device;
// what is sent with it is sent.
func TestUnreadable(t *testing.T) {
	server, client := wire(t, 1500)
	f := newFile(t, 1<<20, random(1<<20, 1))
	s := &Server{Targets: []*Target{{Shelf: 1, Device: f}}}
	v, err := s.prepare(server)
	if err != nil {
		t.Fatal(err)
	}
	defer v.mapFiles()()
	target := s.Targets[0]
	v.gathers = &interposed{Interface: server, do: func() {
		if err := os.Truncate(f.name, 4096); err != nil {
			t.Error(err)
		}
	}}
	mapped := func(lba int64) (data []byte) {
		for range 100 {
			if data = target.mapping.Data(lba*sector, sector, 0); data != nil {
				return data
			}
		}
		t.Fatalf("sector %d isn't in memory", lba)
		return nil
	}
	i := &initiator{TB: t, link: client, target: server.Address(), from: client.Address(), shelf: 1}
	var out outbox
	for _, lba := range []int64{0, 1000, 1, 1001, 2} {
		c := v.command()
		c.frame = append(c.buffer[:0], i.request(cmdATA, ata(0, 0, 1, ataRead, uint64(lba))...)...)
		if target.admit(c, v.longest) != 0 {
			t.Fatal("not admitted")
		}
		if c.mapped = target.queue.begin(c); !c.mapped {
			t.Fatal("it can't be begun")
		}
		c.answerAside(v.mac, target)
		out.add(target, c, mapped(lba))
	}
	gone := mapped(1002)
	out.send(v)
	if len(out.given) != 2 || len(out.answers) != 3 || len(target.queue.list) != 2 || target.queue.ready() != target.queue.list[0] || target.queue.list[1].first != 1001 {
		t.Errorf("%d commands were given away, and %d sent", len(out.given), len(out.answers))
	}
	for lba := range 3 {
		a := i.recv(30 * time.Second)
		if want := random(1<<20, 1)[lba*sector:][:sector]; a == nil || !bytes.Equal(a[ataSize:], want) {
			t.Errorf("sector %d: another answer", lba)
		}
	}
	n, err := v.gathers.sendParts([][]byte{out.answers[0].command.answer}, [][]byte{gone})
	if n != 0 || !errors.Is(err, syscall.EFAULT) {
		t.Errorf("sent %d of what can't be read: %v", n, err)
	}
}

// TestHeldUp: a page that has to be read from a slow disk while it is sent, or
// that never comes, holds up no other command.
func TestHeldUp(t *testing.T) {
	server, client := wire(t, 1500)
	data := random(1<<20, 1)
	f := newFile(t, 1<<20, data)
	s := &Server{Targets: []*Target{{Shelf: 1, Device: f}, {Shelf: 2, Device: block.NewMemory(1 << 20)}}}
	v, err := s.prepare(server)
	if err != nil {
		t.Fatal(err)
	}
	hit, let := make(chan struct{}), make(chan struct{})
	v.gathers = &interposed{Interface: server, do: func() { close(hit); <-let }}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- v.serve(ctx) }()
	letGo := sync.OnceFunc(func() { close(let) })
	defer func() {
		letGo()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	i := &initiator{TB: t, link: client, target: server.Address(), from: client.Address(), shelf: 1}
	waiting := map[uint32]bool{}
	for done := false; !done; {
		f := i.request(cmdATA, ata(0, 0, 2, ataRead, 4)...)
		i.send(f)
		if waiting[f.tag()] = true; len(waiting) > 1000 {
			t.Fatal("the file's mapping isn't used")
		}
		for tries := 0; len(waiting) > 0 && !done; tries++ {
			if a := i.recv(time.Millisecond); a != nil {
				delete(waiting, a.tag())
			}
			if tries > 30000 {
				t.Fatal("no answer")
			}
			select {
			case <-hit:
				done = true
			default:
			}
		}
	}
	other := *i
	other.shelf, other.tag = 2, 5000
	late := i.request(cmdATA, ata(ataWrite, 0, 1, ataWrite28, 4, data[:sector]...)...)
	i.send(late) // waits for the read that is held up
	for n := uint64(100); n < 120; n++ {
		other.must(ata(0, 0, 1, ataRead, n))
		i.must(ata(ataWrite, 0, 1, ataWrite28, n, data[:sector]...))
		if got := i.must(ata(0, 0, 1, ataRead, n)); !bytes.Equal(got, data[:sector]) {
			t.Errorf("sector %d differs", n)
		}
	}
	if got := make([]byte, sector); f.Read(ctx, got, 4*sector) != nil || !bytes.Equal(got, data[4*sector:][:sector]) {
		t.Error("a write didn't wait for the read before it")
	}
	letGo()
	i.ask(late)
	i.readOften(f)
}

// TestUnmapped: a server leaves no mapping behind, and what bypasses the page
// cache has none.
func TestUnmapped(t *testing.T) {
	f := newFile(t, 1<<20, random(1<<20, 1))
	s := &Server{Targets: []*Target{{Shelf: 1, Device: f}}}
	t.Run("served", func(t *testing.T) { serve(t, 1500, s).readOften(f) })
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if s.Targets[0].mapping != nil || bytes.Contains(maps, []byte(f.name)) {
		t.Error("the file is still mapped")
	}
	if m := mapFile(struct{ block.Device }{f}); m != nil {
		t.Error("a device was mapped that doesn't offer it")
	}
}
