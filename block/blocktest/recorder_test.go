package blocktest_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"pgregory.net/rapid"
)

var (
	_ block.SparseFile    = (*blocktest.Recorder)(nil)
	_ block.DurableWriter = (*blocktest.Recorder)(nil)
)

// history is what each sector of a file has been since the last sync, and
// which lengths the file had.
type history struct {
	file     *blocktest.Recorder
	versions []map[string]bool
	lengths  []int
	least    int
}

const sectors = 64

func (h *history) see(synced bool) {
	now := h.file.Bytes()
	if synced {
		h.versions, h.lengths, h.least = make([]map[string]bool, sectors), nil, 0
	}
	for i := range h.versions {
		if h.versions[i] == nil {
			h.versions[i] = map[string]bool{}
		}
		h.versions[i][string(sectorOf(now, i))] = true
	}
	h.lengths = append(h.lengths, len(now))
}

func sectorOf(image []byte, i int) []byte {
	p := make([]byte, 512)
	if i*512 < len(image) {
		copy(p, image[i*512:])
	}
	return p
}

func (h *history) check(t *rapid.T, image []byte) {
	if !slices.Contains(h.lengths, len(image)) {
		t.Fatalf("%d bytes long, never was since the sync: %v", len(image), h.lengths)
	}
	for i := range sectors {
		got, allowed := sectorOf(image, i), h.versions[i][string(sectorOf(image, i))]
		// What is beyond a length that was kept is lost with it.
		cut := len(image) < (i+1)*512
		if !allowed && (!cut || bytes.Count(got, []byte{0}) == 0) {
			t.Fatalf("sector %d is what it never was since the sync", i)
		}
	}
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{file: blocktest.NewRecorder(bytes.Repeat([]byte{7}, 20000))}
		h.see(true)
		for step := range rapid.IntRange(1, 25).Draw(t, "steps") {
			off, n := rapid.Int64Range(0, 25000).Draw(t, "off"), rapid.Int64Range(0, 5000).Draw(t, "n")
			kind := rapid.IntRange(0, 5).Draw(t, "kind")
			data := bytes.Repeat([]byte{byte(step + 1)}, int(n))
			switch kind {
			case 0, 1:
				_, _ = h.file.WriteAt(data, off)
			case 2:
				_ = h.file.PunchHole(off, n)
			case 3:
				_ = h.file.Truncate(off)
			case 4:
				_ = h.file.ZeroRange(off, n)
			case 5:
				_ = h.file.Sync()
			}
			h.see(kind == 5)
			for seed := range uint64(8) {
				image := h.file.Crash(h.file.Len(), seed)
				h.check(t, image)
				if !bytes.Equal(image, h.file.Crash(h.file.Len(), seed)) {
					t.Fatal("the same seed gives different files")
				}
			}
		}
	})
}

func TestCrashInEveryWay(t *testing.T) {
	file := blocktest.NewRecorder(make([]byte, 2048))
	_, _ = file.WriteAt(bytes.Repeat([]byte{1}, 1024), 0)
	_, _ = file.WriteAt(bytes.Repeat([]byte{2}, 512), 1024)
	seen := map[[3]byte]int{}
	for seed := range uint64(400) {
		image := file.Crash(2, seed)
		seen[[3]byte{image[0], image[512], image[1024]}]++
	}
	if len(seen) != 8 { // two torn sectors and one that may overtake them
		t.Errorf("only %v", seen)
	}
}

func TestCrashKeepsDurableWrites(t *testing.T) {
	file := blocktest.NewRecorder(nil)
	_, _ = file.WriteAt([]byte("early"), 0)
	_, _ = file.WriteDurable([]byte("late"), 100)
	_, _ = file.WriteAt([]byte("x"), 100)
	_ = file.Truncate(200)
	for seed := range uint64(200) {
		image := file.Crash(file.Len(), seed)
		if len(image) < 104 || string(image[:5]) != "early" || string(image[101:104]) != "ate" {
			t.Fatalf("seed %d: %q", seed, image)
		}
	}
	if got := file.Crash(1, 3); len(got) != 0 && len(got) != 5 {
		t.Errorf("before the durable write: %q", got)
	}
}

func TestRecorderRefuses(t *testing.T) {
	file := blocktest.NewRecorder(make([]byte, 4096))
	file.Before = func(c blocktest.Change) error {
		if c.Kind == blocktest.Write && c.Index == 1 {
			return block.ErrNoSpace
		}
		return nil
	}
	_, first := file.WriteAt([]byte{1}, 0)
	_, second := file.WriteAt([]byte{2}, 0)
	if first != nil || !errors.Is(second, block.ErrNoSpace) || file.Bytes()[0] != 1 {
		t.Errorf("%v, %v, %v", first, second, file.Bytes()[0])
	}
}
