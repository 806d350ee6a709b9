package vhdx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/imagemap/imagemaptest"
	"github.com/spurboot/spur/block/vhdx"
)

// change is what a log entry has a descriptor for: data of a sector of the log,
// or n zeros.
type change struct {
	off  int64
	data []byte
	n    int64
}

// logEntry lays out an entry as MS-VHDX 2.3.1 has it. tail is where the first
// entry is that is needed still, size the file's.
func logEntry(id []byte, sequence uint64, tail, size int, changes ...change) []byte {
	le := binary.LittleEndian
	p := make([]byte, (64+32*len(changes)+4095)/4096*4096)
	for i, c := range changes {
		d := p[64+32*i:]
		le.PutUint64(d[16:], uint64(c.off))
		le.PutUint64(d[24:], sequence)
		if c.data == nil {
			copy(d, "zero")
			le.PutUint64(d[8:], uint64(c.n))
			continue
		}
		copy(d, "desc")
		copy(d[8:16], c.data)
		copy(d[4:8], c.data[4092:])
		s := make([]byte, 4096)
		copy(s, "data")
		le.PutUint32(s[4:], uint32(sequence>>32))
		copy(s[8:], c.data[8:4092])
		le.PutUint32(s[4092:], uint32(sequence))
		p = append(p, s...)
	}
	copy(p, "loge")
	le.PutUint32(p[8:], uint32(len(p)))
	le.PutUint32(p[12:], uint32(tail))
	le.PutUint64(p[16:], sequence)
	le.PutUint32(p[24:], uint32(len(changes)))
	copy(p[32:48], id)
	le.PutUint64(p[48:], uint64(size))
	le.PutUint64(p[56:], uint64(size))
	resum(p)
	return p
}

// resum gives an entry its checksum.
func resum(e []byte) {
	clear(e[4:8])
	binary.LittleEndian.PutUint32(e[4:], crc32.Checksum(e, crc32.MakeTable(crc32.Castagnoli)))
}

var logID = []byte("0123456789abcdef")

// withLog gives an image a log, from a place in it on, and round.
func withLog(image []byte, at int, entries ...[]byte) []byte {
	p := bytes.Clone(image)
	setLog(p, at, entries...)
	return p
}

func setLog(p []byte, at int, entries ...[]byte) {
	for _, header := range []int{64 << 10, 128 << 10} {
		copy(p[header+48:], logID)
		seal(p, header, 4096)
	}
	le := binary.LittleEndian
	size, off := int(le.Uint32(p[64<<10+68:])), int(le.Uint64(p[64<<10+72:]))
	log := p[off : off+size]
	clear(log)
	for _, e := range entries {
		n := copy(log[at%size:], e)
		copy(log, e[n:])
		at += len(e)
	}
}

// logged is an image of 600 KiB, which is one block, and two changes of that:
// data at its beginning, and zeros.
func logged(t testing.TB) (p []byte, first, second change) {
	t.Helper()
	name, _ := image(t, 600<<10, "block_size=1M")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p = append(p, make([]byte, (1<<20-len(p)%(1<<20))%(1<<20))...)
	bat := int64(binary.LittleEndian.Uint64(find(p[192<<10:], 0x66, 0x77, 0xC2, 0x2D)[16:]))
	block := int64(binary.LittleEndian.Uint64(p[bat:])) &^ 7
	first = change{off: block, data: bytes.Repeat([]byte("spur"), 1024)}
	second = change{off: block + 8192, n: 64 << 10}
	return p, first, second
}

// asQEMU is what an image has once QEMU has played its log back.
func asQEMU(t *testing.T, image []byte) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "played.vhdx")
	if err := os.WriteFile(name, image, 0o600); err != nil {
		t.Fatal(err)
	}
	imagemaptest.QEMUImg(t, "check", "-q", "-r", "all", "-f", "vhdx", name)
	imagemaptest.QEMUImg(t, "convert", "-f", "vhdx", "-O", "raw", name, name+".raw")
	p, err := os.ReadFile(name + ".raw")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLog plays logs back as QEMU does.
func TestLog(t *testing.T) {
	image, first, second := logged(t)
	before, size := asQEMU(t, image), len(image)
	entry := func(sequence uint64, tail int, changes ...change) []byte {
		return logEntry(logID, sequence, tail, size, changes...)
	}
	torn := entry(6, 0, change{off: first.off, data: bytes.Repeat([]byte{9}, 4096)})
	torn[len(torn)-1]++
	spoiled := entry(6, 0, change{off: first.off, data: bytes.Repeat([]byte{9}, 4096)})
	spoiled[5000]++
	many := make([]change, 150) // more than one sector of descriptors
	for i := range many {
		many[i] = change{off: first.off + int64(i%100)*4096, data: bytes.Repeat([]byte{byte(i)}, 4096)}
	}
	grown := logEntry(logID, 5, 0, size+1<<20, first)
	binary.LittleEndian.PutUint64(grown[48:], uint64(size))
	resum(grown)
	within := change{off: second.off + 4096, data: first.data}
	for name, test := range map[string]struct {
		at      int
		entries [][]byte
		played  []change
		// QEMU has the same; it looks at no tails, and compares the first
		// numbers of sequences, not the last, and refuses more than one sector
		// of descriptors.
		qemu bool
	}{
		"one":           {0, [][]byte{entry(5, 0, first)}, []change{first}, true},
		"zeros":         {0, [][]byte{entry(5, 0, second)}, []change{second}, true},
		"two":           {0, [][]byte{entry(5, 0, first), entry(6, 0, second, within)}, []change{first, second, within}, true},
		"zeros later":   {0, [][]byte{entry(5, 0, within), entry(6, 0, second)}, []change{second}, true},
		"second only":   {0, [][]byte{entry(5, 0, first), entry(6, 8192, second)}, []change{second}, false},
		"torn":          {0, [][]byte{entry(5, 0, first, second), torn}, []change{first, second}, true},
		"spoiled":       {0, [][]byte{entry(5, 0, first, second), spoiled}, []change{first, second}, true},
		"round the end": {1<<20 - 4096, [][]byte{entry(5, 1<<20-4096, first), entry(6, 1<<20-4096, second)}, []change{first, second}, false},
		"older behind":  {0, [][]byte{entry(5, 0, first), entry(3, 8192, change{off: first.off, n: 4096})}, []change{first}, false},
		"newer behind":  {0, [][]byte{entry(5, 0, first), entry(9, 8192, second)}, []change{second}, false},
		"another's":     {0, [][]byte{logEntry([]byte("fedcba9876543210"), 5, 0, size, first)}, nil, true},
		"no tail":       {0, [][]byte{entry(5, 4096, first)}, nil, false},
		"nothing":       {0, nil, nil, true},
		"many":          {0, [][]byte{entry(5, 0, many[:126]...), entry(6, 0, second)}, append(many[:126:126], second), true},
		"more":          {0, [][]byte{entry(5, 0, many...), entry(6, 0, second)}, append(many, second), false},
		"longer file":   {0, [][]byte{grown}, []change{first}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := withLog(image, test.at, test.entries...)
			want := bytes.Clone(before)
			for _, c := range test.played {
				if c.data == nil {
					c.data = make([]byte, c.n)
				}
				copy(want[c.off-first.off:], c.data)
			}
			d, err := vhdx.Open(t.Context(), blocktest.NewRecorder(p), vhdx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(imagemaptest.Contents(t, d), want) {
				t.Error("other bytes are read")
			}
			if test.qemu && !bytes.Equal(asQEMU(t, p), want) {
				t.Error("QEMU reads other bytes")
			}
		})
	}
}

// TestHostileLog has logs that must not be played back, or cost much.
func TestHostileLog(t *testing.T) {
	image, first, _ := logged(t)
	zeros := make([]change, 5000)
	for i := range zeros {
		zeros[i] = change{off: int64(i) * 8192 % (1 << 20), n: 4096}
	}
	for name, e := range map[string][]byte{
		"cut file":       logEntry(logID, 5, 0, len(image)+1<<20, first),
		"endless file":   logEntry(logID, 5, 0, -1, first),
		"beyond the end": logEntry(logID, 5, 0, len(image), change{off: int64(len(image)), n: 4096}),
		"overflow":       logEntry(logID, 5, 0, len(image), change{off: 4096, n: -1}),
		"many zeros":     logEntry(logID, 5, 0, len(image), zeros...),
	} {
		if _, err := vhdx.Open(t.Context(), blocktest.NewRecorder(withLog(image, 0, e)), vhdx.Options{}); !errors.Is(err, vhdx.ErrLog) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// 8 MiB of sectors that each begin the longest entry.
	p := withLog(image, 0)
	at := len(p)
	p = append(p, make([]byte, 8<<20)...)
	for _, header := range []int{64 << 10, 128 << 10} {
		binary.LittleEndian.PutUint32(p[header+68:], 8<<20)
		binary.LittleEndian.PutUint64(p[header+72:], uint64(at))
		seal(p, header, 4096)
	}
	begin := logEntry(logID, 5, 0, len(p), first)[:4096]
	binary.LittleEndian.PutUint32(begin[8:], 8<<20)
	binary.LittleEndian.PutUint32(begin[24:], 126)
	for i := range 126 {
		copy(begin[64+32*i:], begin[64:96])
	}
	for ; at < len(p); at += 4096 {
		copy(p[at:], begin)
	}
	d, err := vhdx.Open(t.Context(), imagemaptest.NewSource(p), vhdx.Options{})
	if err != nil || d.Size() != 600<<10 {
		t.Errorf("a log full of beginnings: %v", err)
	}
}

// TestKilledQEMU has qemu-io die in a sync while it allocates blocks, until one
// leaves the change of the block table in the log alone. Which sync that is
// differs: strace counts those of each thread.
func TestKilledQEMU(t *testing.T) {
	dir := t.TempDir()
	dirty, rounds := 0, 0
	for ; dirty == 0 && rounds < 100; rounds++ {
		n := 2 + rounds%5
		name := filepath.Join(dir, fmt.Sprintf("%d.vhdx", rounds))
		imagemaptest.QEMUImg(t, "create", "-q", "-f", "vhdx", "-o", "block_size=1M", name, "8M")
		cmd := exec.Command("strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", fmt.Sprintf("inject=fdatasync:signal=KILL:when=%d", n),
			"qemu-io", "-f", "vhdx", "-c", "write -P 5 3M 100k", "-c", "write -P 6 5M 100k", "-c", "flush", name)
		if out, err := cmd.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
			t.Fatalf("strace or qemu-io (packages strace, qemu-utils): %v: %s", err, out)
		}
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if exec.Command("qemu-img", "info", "-f", "vhdx", name).Run() != nil {
			dirty++ // QEMU refuses to read it
		}
		want := asQEMU(t, p)
		d := open(t, name)
		if !bytes.Equal(imagemaptest.Contents(t, d), want) {
			t.Errorf("killed at sync %d: QEMU reads other bytes", n)
		}
		_ = d.Close()
	}
	if dirty == 0 {
		t.Errorf("none of %d images was left with changes in its log", rounds)
	}
}

func FuzzLog(f *testing.F) {
	image, first, second := logged(f)
	f.Add(uint32(0), logEntry(logID, 5, 0, len(image), first, second), false)
	f.Add(uint32(255), append(logEntry(logID, 5, 255*4096, len(image), first), logEntry(logID, 6, 255*4096, len(image), second)...), true)
	f.Fuzz(func(t *testing.T, at uint32, entries []byte, sealed bool) {
		if len(entries) > 1<<16 {
			return
		}
		for e := entries; sealed && len(e) >= 4096; {
			n := int(binary.LittleEndian.Uint32(e[8:]))
			if n < 4096 || n > len(e) {
				break
			}
			resum(e[:n])
			e = e[n:]
		}
		setLog(image, int(at%256)*4096, entries) // one at a time
		d, err := vhdx.Open(t.Context(), imagemaptest.NewSource(image), vhdx.Options{Parent: parent})
		if err != nil {
			return
		}
		imagemaptest.Look(t, d)
	})
}
