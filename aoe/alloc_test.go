package aoe

import (
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// TestSteadyState: once buffers are there, frames allocate nothing: alone or in
// coalesced, from a file or memory, inline or for workers.
func TestSteadyState(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	disk, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	file, err := raw.Open(t.Context(), disk, raw.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Write(t.Context(), noise(1<<20, 1), 0, 0); err != nil {
		t.Fatal(err)
	}
	for _, d := range []block.Device{block.NewMemory(1 << 20), file} {
		i := serve(t, 1500, &Server{Targets: []*Target{{Shelf: 1, Device: d}}})
		var frames [][]byte
		for k := range 6 {
			frames = append(frames, i.request(cmdATA, ata(0, 0, 2, ataRead, uint64(2*k))...),
				i.request(cmdATA, ata(ataWrite, 0, 2, ataWrite28, uint64(20+2*k), make([]byte, 2*sector)...)...))
		}
		for k := range 6 {
			frames = append(frames, i.request(cmdATA, ata(0, 0, 2, ataRead, uint64(40+2*k))...))
		}
		frames = append(frames, i.request(cmdATA, ata(0, 0, 0, ataFlush, 0)...), i.request(cmdATA, ata(0, 0, 1, ataIdentify, 0)...))
		answers := make([][]byte, batch)
		for k := range answers {
			answers[k] = make([]byte, 1514)
		}
		all := func() {
			i.link.Send(frames)
			for left := len(frames); left > 0; {
				for k := range answers {
					answers[k] = answers[k][:1514]
				}
				n, err := i.link.Recv(answers)
				if err != nil {
					t.Fatal(err)
				}
				left -= n
			}
		}
		for range 100 {
			all()
		}
		if n := testing.AllocsPerRun(200, all); n >= 1 && !racing {
			t.Errorf("%T: %v allocations for %d frames", d, n, len(frames))
		}
	}
}
