package aoe

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// counted counts a disk's flushes.
type counted struct {
	block.Device
	flushes atomic.Int32
}

func (c *counted) Flush(ctx context.Context) error {
	c.flushes.Add(1)
	return c.Device.Flush(ctx)
}

// serve serves targets on a new cable and returns an initiator for the first.
func serve(t testing.TB, mtu int, s *Server) *initiator {
	t.Helper()
	server, client := wire(t, mtu)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, server) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	i := &initiator{TB: t, link: client, target: server.Address(), from: client.Address(),
		shelf: s.Targets[0].Shelf, slot: s.Targets[0].Slot}
	// Each target says that it is there.
	for range s.Targets {
		if a := i.recv(5 * time.Second); a == nil || a.command() != cmdConfig || a[14]&flagResponse == 0 || a[0] != 0xff {
			t.Fatalf("instead of an advertisement: %x", a)
		}
	}
	return i
}

func TestATA(t *testing.T) {
	d := &counted{Device: block.NewMemory(1 << 40)}
	i := serve(t, 1500, &Server{Targets: []*Target{{Shelf: 1, Slot: 2, Device: d, Serial: "S1", Model: "Disk"}}})

	id := i.must(ata(0, 0, 1, ataIdentify, 0))
	if sumOf(id) != 0 || string(id[20:24]) != "1S  " || binary.LittleEndian.Uint64(id[200:]) != 1<<31 ||
		binary.LittleEndian.Uint32(id[120:]) != 1<<28-1 || id[2*169] != 1 {
		t.Errorf("identify says % x", id)
	}
	far := uint64(1<<31 - 2) // beyond 28 bits
	for _, c := range []struct {
		flags, write, read uint8
		lba                uint64
	}{{ataWrite, ataWrite28, ataRead, 100}, {ataWrite | ataExtended, ataWriteExt, ataReadExt, far},
		{ataWrite | ataAsync, ataWriteDMA, ataReadDMA, 200}, {ataWrite | ataExtended, ataWriteFUA, ataReadDMAExt, 300}} {
		data := noise(1024, byte(c.lba))
		i.must(ata(c.flags, 0, 2, c.write, c.lba, data...))
		if got := i.must(ata(c.flags&ataExtended, 0, 2, c.read, c.lba)); !bytes.Equal(got, data) {
			t.Errorf("read %#x at %d: other data", c.read, c.lba)
		}
	}
	before := d.flushes.Load()
	i.must(ata(0, 0, 0, ataFlush, 0))
	i.must(ata(ataExtended, 0, 0, ataFlushExt, 0))
	if d.flushes.Load() != before+2 {
		t.Error("a flush was not made")
	}
	i.must(ata(ataExtended, 0, 0, ataVerifyExt, 0))
	i.must(ata(0, 3, 8, ataSetFeatures, 0))
	if a := i.ask(i.request(cmdATA, ata(0, 0, 0, ataCheckPower, 0)...)); a[headerSize+2] != 0xff {
		t.Error("the disk sleeps")
	}

	// Trim.
	ranges := make([]byte, 512)
	binary.LittleEndian.PutUint64(ranges, 100|2<<48)
	i.must(ata(ataWrite|ataExtended, 1, 1, ataDataSet, 0, ranges...))
	if got := i.must(ata(0, 0, 2, ataRead, 100)); !bytes.Equal(got, make([]byte, 1024)) {
		t.Error("trimmed sectors are not zeros")
	}

	for name, arg := range map[string][]byte{
		"beyond the end":      ata(ataExtended, 0, 2, ataReadExt, far+1),
		"far beyond the end":  ata(ataExtended, 0, 2, ataReadExt, 1<<48-1),
		"unknown":             ata(0, 0, 0, 0x99, 0),
		"trim beyond the end": ata(ataWrite, 1, 1, ataDataSet, 0, bytes.Repeat([]byte{0xff}, 512)...),
		"too much":            ata(0, 0, 3, ataRead, 0),
		"nothing":             ata(0, 0, 0, ataRead, 0),
		"a write cut short":   ata(ataWrite, 0, 2, ataWrite28, 0, make([]byte, 512)...),
	} {
		if _, err := i.do(arg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestConfig(t *testing.T) {
	i := serve(t, 9000, &Server{Targets: []*Target{{Shelf: 1, Slot: 0, Device: block.NewMemory(1 << 20)},
		{Shelf: 1, Slot: 1, Device: block.NewMemory(1 << 20)},
		{Shelf: 2, Slot: 1, Device: block.NewMemory(1 << 20)}}})
	query := func(way uint8, s string) frame {
		b := append([]byte{0, 0, 0, 0, 0, version<<4 | way}, byte(len(s)>>8), byte(len(s)))
		return i.request(cmdConfig, append(b, s...)...)
	}
	a := i.ask(query(configRead, ""))
	if binary.BigEndian.Uint16(a[headerSize:]) != 64 || a[headerSize+4] != 17 || len(config(a)) != 0 {
		t.Errorf("an answer with %x", a)
	}
	if n := i.errorOf(query(configSet, "mine")); n != 0 {
		t.Errorf("set: error %d", n)
	}
	if n := i.errorOf(query(configSet, "yours")); n != errConfigString {
		t.Errorf("set what is set: error %d", n)
	}
	if got := config(i.ask(query(configTest, "mine"))); string(got) != "mine" {
		t.Errorf("test: %q", got)
	}
	i.silence(query(configTest, "min"))
	i.ask(query(configPrefix, "min"))
	i.silence(query(configPrefix, "minx"))
	if got := config(i.ask(query(configForce, "yours"))); string(got) != "yours" {
		t.Errorf("force: %q", got)
	}
	if n := i.errorOf(query(9, "")); n != errArgument {
		t.Errorf("unknown way: error %d", n)
	}
	i.silence(query(configForce, "x")[:configSize])

	// Asked of all.
	count := func(shelf uint16, slot uint8, f frame) (n int) {
		copy(f, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		binary.BigEndian.PutUint16(f[16:], shelf)
		f[18] = slot
		for i.send(f); i.recv(50*time.Millisecond) != nil; n++ {
		}
		return n
	}
	if n := count(AnyShelf, AnySlot, query(configRead, "")); n != 3 {
		t.Errorf("%d of 3 answered", n)
	}
	if n := count(1, AnySlot, query(configRead, "")); n != 2 {
		t.Errorf("%d of 2 answered on the shelf", n)
	}
	second := *i
	second.slot = 1
	if n := second.errorOf(second.request(cmdConfig, 0, 0, 0, 0, 0, version<<4|configSet, 0, 5, 'o', 't', 'h', 'e', 'r')); n != 0 {
		t.Errorf("set of the second: error %d", n)
	}
	if n := count(AnyShelf, 1, query(configPrefix, "oth")); n != 1 {
		t.Errorf("%d of 1 answered with the prefix", n)
	}
	if n := count(AnyShelf, AnySlot, query(configForce, "all")); n != 0 {
		t.Errorf("%d took a string that was for all", n)
	}

	wrong := query(configRead, "")
	wrong[14] = 2 << 4
	if n := i.errorOf(wrong); n != errVersion {
		t.Errorf("version 2: error %d", n)
	}
	if n := i.errorOf(i.request(77)); n != errCommand {
		t.Errorf("command 77: error %d", n)
	}

	// An answer to a group would go to the whole wire.
	group := query(configRead, "")
	copy(group[6:12], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	i.silence(group)
}

func TestMasks(t *testing.T) {
	i := serve(t, 1500, &Server{Targets: []*Target{{Device: block.NewMemory(1 << 20)}}})
	directive := func(d byte, m MAC) []byte { return append([]byte{0, d}, m[:]...) }
	list := func(way, n uint8, directives ...byte) frame {
		return i.request(cmdMask, append([]byte{0, way, 0, n}, directives...)...)
	}
	other := MAC{2, 0, 0, 0, 0, 1}
	a := i.ask(list(maskEdit, 2, append(directive(directiveAdd, i.from), directive(directiveAdd, other)...)...))
	if a[headerSize+3] != 2 || MAC(a[maskSize+10:]) != other {
		t.Errorf("the list is %x", a)
	}
	stranger := *i
	stranger.from = MAC{2, 9, 9, 9, 9, 9}
	stranger.silence(stranger.request(cmdATA, ata(0, 0, 1, ataRead, 0)...))
	i.must(ata(0, 0, 1, ataRead, 0))

	a = i.ask(list(maskEdit, 2, append(directive(directiveDelete, other), directive(9, other)...)...))
	if a[headerSize+2] != maskBad || a[headerSize+3] != 1 || len(a) != maskSize {
		t.Errorf("a bad directive: %x", a)
	}
	if a = i.ask(list(maskRead, 0)); a[headerSize+3] != 1 || MAC(a[maskSize+2:]) != i.from {
		t.Errorf("the list is %x", a)
	}
	for n := range 200 {
		a = i.ask(list(maskEdit, 1, directive(directiveAdd, MAC{4, byte(n)})...))
	}
	if a[headerSize+2] != maskFull {
		t.Errorf("a full list: %x", a)
	}
	if n := i.errorOf(list(maskEdit, 200)); n != errArgument {
		t.Errorf("directives that aren't there: error %d", n)
	}
	if n := i.errorOf(list(7, 0)); n != errArgument {
		t.Errorf("unknown: error %d", n)
	}
}

func TestReserve(t *testing.T) {
	i := serve(t, 1500, &Server{Targets: []*Target{{Device: block.NewMemory(1 << 20)}}})
	other := *i
	other.from = MAC{2, 0, 0, 0, 0, 1}
	// Answers go to an address that nobody has; the cable carries them all the
	// same.
	i.listenToAll()
	if a := i.ask(i.request(cmdReserve, append([]byte{reserveSet, 1}, i.from[:]...)...)); a[headerSize+1] != 1 {
		t.Errorf("reserved for %x", a)
	}
	other.tag = 1000
	for _, f := range []frame{other.request(cmdATA, ata(0, 0, 1, ataRead, 0)...),
		other.request(cmdReserve, append([]byte{reserveSet, 1}, other.from[:]...)...),
		other.request(cmdConfig, 0, 0, 0, 0, 0, version<<4|configForce, 0, 0),
		other.request(cmdMask, 0, maskEdit, 0, 0)} {
		if n := other.errorOf(f); n != errReserved {
			t.Errorf("command %d past a reservation: error %d", f.command(), n)
		}
	}
	i.must(ata(0, 0, 1, ataRead, 0))
	if n := other.errorOf(other.request(cmdReserve, append([]byte{reserveForce, 1}, other.from[:]...)...)); n != 0 {
		t.Errorf("by force: error %d", n)
	}
	if _, err := i.do(ata(0, 0, 1, ataRead, 0)); err == nil {
		t.Error("read what another has reserved")
	}
	if n := other.errorOf(other.request(cmdReserve, reserveSet, 0)); n != 0 {
		t.Errorf("release: error %d", n)
	}
	i.must(ata(0, 0, 1, ataRead, 0))
}

// TestJumbo writes and reads at random in frames of nine thousand bytes.
func TestJumbo(t *testing.T) {
	const sectors = 2048
	d := &counted{Device: block.NewMemory(sectors * sector)}
	i := serve(t, 9000, &Server{Targets: []*Target{{Shelf: 7, Device: d}}, Bounds: Bounds{Dirty: 100 << 10}})
	model, random := make([]byte, sectors*sector), rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n := random.IntN(17) + 1
		at := random.IntN(sectors - n)
		part := model[at*sector : (at+n)*sector]
		if random.IntN(2) == 0 {
			copy(part, noise(len(part), byte(random.Uint32())))
			i.must(ata(ataWrite|ataExtended|uint8(random.IntN(2))*ataAsync, 0, uint8(n), ataWriteExt, uint64(at), part...))
		} else if got := i.must(ata(ataExtended, 0, uint8(n), ataReadExt, uint64(at))); !bytes.Equal(got, part) {
			t.Fatalf("%d sectors at %d differ", n, at)
		}
	}
	if d.flushes.Load() < 5 {
		t.Errorf("%d flushes for what was written", d.flushes.Load())
	}
}

func sumOf(b []byte) (sum uint8) {
	for _, c := range b {
		sum += c
	}
	return sum
}
