package iscsi

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	rawdisk "github.com/spurboot/spur/block/raw"
)

var noDeadline time.Time

// exchange runs one command and returns its last answer.
func (p *probe) exchange(flags byte, cdb []byte, edtl int, data []byte) answer {
	p.command(flags, cdb, edtl, data)
	for {
		a := p.read()
		if a.opcode() == opSCSIResponse || a.flags()&flagStatus != 0 {
			return a
		}
	}
}

// TestNoAllocation: commands allocate nothing, neither side's, whatever their
// length, on a disk in memory and on a file.
func TestNoAllocation(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	f, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := rawdisk.Create(f, rawdisk.CreateOptions{Size: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	file, err := rawdisk.Open(t.Context(), f, rawdisk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, d := range []block.Device{newMemory(1 << 20), file} {
		addr := serve(t, &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: d}}})})
		p := dial(t, addr)
		p.login(loginOptions{pairs: []pair{{"MaxRecvDataSegmentLength", "65536"}, {"InitialR2T", "No"}, {"FirstBurstLength", "65536"}}})
		for _, n := range []int{4 << 10, 64 << 10, 512 << 10} {
			data := make([]byte, min(n, 64<<10))
			read, write := rw10(0x28, 64, n/512), rw10(0x2a, 64, n/512)
			round := func() {
				if !p.good(p.exchange(reads, read, n, nil)) || n == len(data) && !p.good(p.exchange(writes, write, n, data)) {
					t.Fatalf("%T: %d bytes: %x", d, n, p.answer.header)
				}
			}
			for range 100 {
				round()
			}
			if got := testing.AllocsPerRun(500, round); got > 0 && !raceEnabled {
				t.Errorf("%T: %v allocations per read and write of %d bytes", d, got, n)
			}
		}
	}
}

func (p *probe) good(a answer) bool { return a.header[3] == statusGood }

// TestIdleMemory: an idle session takes less than 256 KiB.
func TestIdleMemory(t *testing.T) {
	addr, _, srv := testServer(t, Bounds{})
	const sessions = 100
	before := memoryInUse()
	probes := make([]*probe, sessions)
	for i := range probes {
		probes[i] = dial(t, addr)
		probes[i].in = [1 << 20]byte{}
		probes[i].login(loginOptions{isid: byte(i)})
		probes[i].exchange(reads, rw10(0x28, 0, 512), 256<<10, nil)
	}
	used := (int64(memoryInUse()) - int64(before) - sessions*int64(len(probes[0].in))) / sessions
	t.Logf("%d bytes per session", used)
	if used > 256<<10 {
		t.Errorf("%d bytes per session", used)
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if len(srv.sessions) != sessions {
		t.Errorf("%d sessions", len(srv.sessions))
	}
	runtime.KeepAlive(probes)
}

func memoryInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func benchmark(b *testing.B, flags byte, cdb []byte, data []byte, n, depth int) {
	addr, _, _ := testServer(b, Bounds{})
	p := dial(b, addr)
	p.nc.SetDeadline(noDeadline)
	p.login(loginOptions{pairs: []pair{{"MaxRecvDataSegmentLength", "262144"}, {"FirstBurstLength", "262144"}, {"InitialR2T", "No"}}})
	b.SetBytes(int64(n))
	b.ReportAllocs()
	sent := 0
	for ; sent < depth; sent++ {
		p.command(flags, cdb, n, data)
	}
	for b.Loop() {
		for {
			a := p.read()
			if a.opcode() == opSCSIResponse || a.flags()&flagStatus != 0 {
				break
			}
		}
		p.command(flags, cdb, n, data)
	}
}

func BenchmarkRead4kDepth1(b *testing.B)  { benchmark(b, reads, rw10(0x28, 0, 8), nil, 4096, 1) }
func BenchmarkRead4kDepth32(b *testing.B) { benchmark(b, reads, rw10(0x28, 0, 8), nil, 4096, 32) }
func BenchmarkRead128k(b *testing.B)      { benchmark(b, reads, rw10(0x28, 0, 256), nil, 128<<10, 1) }
func BenchmarkWrite4k(b *testing.B) {
	benchmark(b, writes, rw10(0x2a, 0, 8), make([]byte, 4096), 4096, 1)
}
func BenchmarkWrite128k(b *testing.B) {
	benchmark(b, writes, rw10(0x2a, 0, 256), make([]byte, 128<<10), 128<<10, 1)
}
