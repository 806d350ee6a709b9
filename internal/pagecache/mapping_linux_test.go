package pagecache

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newFile makes a file in memory.
func newFile(t *testing.T, data []byte) *os.File {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "pagecache")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	return f
}

// random is what no part of is like another.
func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// often is what there is once it was asked for often enough.
func (m *Mapping) often(off, n int64, now time.Duration) (data []byte) {
	for range leastReads {
		data = m.Data(off, n, now)
	}
	return data
}

// TestData: of a part that begins in the middle of a page there is what is in
// memory, across regions, and nothing beyond it, nor of a hole.
func TestData(t *testing.T) {
	const skip = 5000
	data := random(skip + 2*region)
	f := newFile(t, data)
	if err := f.Truncate(skip + 4*region); err != nil {
		t.Fatal(err)
	}
	m := Map(int(f.Fd()), skip, 4*region)
	if m == nil {
		t.Fatal("it isn't mapped")
	}
	defer m.Close()
	if m.Data(0, 1, 0) != nil {
		t.Error("there is data before anybody looked")
	}
	for _, part := range [][2]int64{{0, 1}, {1, 4096}, {region - 100, 200}, {2*region - skip - 1000, 1000}} {
		off, n := part[0], part[1]
		if got := m.often(off, n, 0); !bytes.Equal(got, data[skip+off:][:n]) || cap(got) != int(n) {
			t.Errorf("%d bytes at %d: %d, or others", n, off, len(got))
		}
	}
	for _, part := range [][2]int64{{-1, 1}, {0, 0}, {0, -1}, {4*region - 1, 2}, {4 * region, 1}, {0, 1<<63 - 1}, {1<<63 - 1, 1}, {3 * region, 1}} {
		if m.often(part[0], part[1], 0) != nil {
			t.Errorf("there are %d bytes at %d", part[1], part[0])
		}
	}
	m.Rest(0)
	if m.often(0, 1, shortRest-1) != nil || m.often(0, 1, shortRest) == nil {
		t.Error("it rests for another time")
	}
}

// TestWhole: of a file that was cut there is nothing, and never again.
func TestWhole(t *testing.T) {
	f := newFile(t, random(region))
	m := Map(int(f.Fd()), 0, region)
	if m == nil {
		t.Fatal("it isn't mapped")
	}
	defer m.Close()
	if !m.Whole() || m.often(0, 1, 0) == nil {
		t.Error("nothing was cut")
	}
	for _, size := range []int64{region - 1, region} {
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		if m.Whole() || m.often(0, 1, 0) != nil {
			t.Errorf("with %d bytes it is taken for whole", size)
		}
	}
}

// TestRest: a mapping rests where pages had to be fetched, for longer each time
// that follows soon.
func TestRest(t *testing.T) {
	m := &Mapping{}
	now := time.Duration(0)
	for _, want := range []time.Duration{shortRest, 2 * shortRest, 4 * shortRest} {
		m.Rest(now)
		m.Rest(m.rested - 1) // while it rests
		if m.rested != now+want {
			t.Errorf("rests until %v at %v", m.rested, now)
		}
		now = m.rested
	}
	for range 10 {
		now = m.rested
		m.Rest(now)
	}
	if m.rested != now+longRest {
		t.Errorf("rests for %v", m.rested-now)
	}
	now = m.rested + longRest + 1
	if m.Rest(now); m.rested != now+shortRest {
		t.Errorf("rests for %v after a long time", m.rested-now)
	}
}

// TestTells: where the kernel doesn't tell what is in memory, nothing is mapped.
func TestTells(t *testing.T) {
	f := newFile(t, random(region))
	if err := f.Chmod(0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if !tells(int(file.Fd())) {
		t.Error("of a file of its own nothing is told")
	}
	stranger := make(chan bool)
	go func() {
		runtime.LockOSThread() // and never again another's
		const nobody = 65534
		if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); err != 0 {
			t.Error(err)
		}
		stranger <- tells(int(file.Fd()))
	}()
	if <-stranger {
		t.Error("of another's file it is believed what isn't told")
	}
}
