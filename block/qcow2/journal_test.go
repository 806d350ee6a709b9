package qcow2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

var errKilled = errors.New("the process was killed")

// life is a process that is killed when it has changed its files so often.
type life struct {
	mu   sync.Mutex
	left int
}

// change says whether the process is dead, and whether it dies by this change.
func (l *life) change() (dead, dying bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left--
	return l.left < 0, l.left == 0
}

// alive says whether what was answered so far was answered at all.
func alive(img *Image) bool {
	l := img.file.(mortal).life
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left > 0
}

// mortal is a file of a process. What was written to it stays.
type mortal struct {
	*blocktest.Recorder
	*life
}

func (m mortal) WriteAt(p []byte, off int64) (int, error) {
	dead, dying := m.change()
	if end := (off + int64(len(p))/2) &^ 4095; dying && end > off {
		_, _ = m.Recorder.WriteAt(p[:end-off], off) // whole pages
	}
	if dead || dying {
		return 0, errKilled
	}
	return m.Recorder.WriteAt(p, off)
}

func (m mortal) WriteDurable(p []byte, off int64) (int, error) { return m.WriteAt(p, off) }

func (m mortal) do(change func() error) error {
	if dead, dying := m.change(); dead || dying {
		return errKilled
	}
	return change()
}

func (m mortal) PunchHole(off, n int64) error {
	return m.do(func() error { return m.Recorder.PunchHole(off, n) })
}

func (m mortal) ZeroRange(off, n int64) error {
	return m.do(func() error { return m.Recorder.ZeroRange(off, n) })
}

func (m mortal) Truncate(size int64) error {
	return m.do(func() error { return m.Recorder.Truncate(size) })
}

func (m mortal) Sync() error { return m.do(m.Recorder.Sync) }

// journaled opens an image and its journal in a process that makes at most so
// many changes.
func journaled(t *testing.T, changes int, file, notes *blocktest.Recorder, o Options) (*Image, error) {
	l := &life{left: changes}
	o.Journal = &Journal{File: mortal{notes, l}, Life: [32]byte{1}}
	return Open(t.Context(), mortal{file, l}, o)
}

// ever is more changes than any test makes.
const ever = 1 << 30

// leave gives up what a process that was killed had in memory.
func leave(img *Image) {
	img.unpack.close()
	img.closeBacking()
}

func killKinds(t *testing.T) map[string]func(seed uint64) (*crashed, Options) {
	base := block.NewMemory(200 << 10)
	b := make([]byte, base.Size())
	for s := range len(b) / 512 {
		fill(b[s*512:(s+1)*512], 1<<60+uint64(s))
	}
	must(t, base.Write(t.Context(), b, 0, 0))
	kinds := map[string]func(uint64) (*crashed, Options){}
	for name, o := range map[string]CreateOptions{
		"overlay":     {Size: 256 << 10, BackingName: "base", BackingFormat: FormatRaw},
		"extended":    {Size: 256 << 10, BackingName: "base", BackingFormat: FormatRaw, ClusterSize: 16 << 10, RefcountBits: 64},
		"lazy":        {Size: 256 << 10, BackingName: "base", BackingFormat: FormatRaw, ClusterSize: 1024, LazyRefcounts: true},
		"small":       {Size: 3 << 20, ClusterSize: 512, RefcountBits: 64},
		"counts of 1": {Size: 256 << 10, ClusterSize: 512, RefcountBits: 1},
	} {
		kinds[name] = func(seed uint64) (*crashed, Options) { return workload(t, seed, o, nil, base) }
	}
	for name, content := range map[string][]byte{
		"snapshot":           withSnapshot(t, "-o", "cluster_size=2k"),
		"snapshot, extended": withSnapshot(t, "-o", "cluster_size=16k,extended_l2=on,lazy_refcounts=on"),
	} {
		kinds[name] = func(seed uint64) (*crashed, Options) { return workload(t, seed, CreateOptions{}, content, base) }
	}
	return kinds
}

// TestKill kills the process at any write, and once more while it opens the
// image again: nothing that was answered is lost.
func TestKill(t *testing.T) {
	kinds := killKinds(t)
	for name, start := range kinds {
		t.Run(name, func(t *testing.T) {
			recovered := 0
			seeds, until := soak(6, 2*len(kinds))
			for seed := uint64(1); seed <= seeds && (until.IsZero() || time.Now().Before(until)); seed++ {
				c, options := start(seed)
				c.T = t
				must(t, c.img.Close())
				file, notes := blocktest.NewRecorder(c.file.Bytes()), blocktest.NewRecorder(nil)
				c.file = file
				var err error
				c.img, err = journaled(t, 1+c.rand.IntN(1500), file, notes, options)
				must(t, err)
				for alive(c.img) && c.ops < 300 {
					_ = c.step(t.Context())
				}
				leave(c.img)
				if img, err := journaled(t, c.rand.IntN(100), file, notes, options); err == nil {
					recovered += img.Recovered()
					leave(img)
				}
				recovered += c.survived(fmt.Sprintf("seed %d, after %d operations", seed, c.ops), file, notes, options)
			}
			if recovered == 0 {
				t.Error("nothing had to be brought back")
			}
			t.Log("clusters brought back:", recovered)
		})
	}
}

// survived opens what was left and looks for everything but the last operation,
// of which any part may be there.
func (c *crashed) survived(what string, file, notes *blocktest.Recorder, options Options) (recovered int) {
	c.Helper()
	img, err := journaled(c.T, ever, file, notes, options)
	if err != nil {
		c.Fatalf("%s: %v", what, err)
	}
	model := contents(c, img)
	for s, versions := range c.sectors {
		got := binary.LittleEndian.Uint64(model[s*512:])
		last := versions[len(versions)-1]
		if got == last.value || last.op == c.ops && got == versions[len(versions)-2].value {
			continue
		}
		c.Fatalf("%s: sector %d is %#x; it was %+v", what, s, got, versions[max(0, len(versions)-3):])
	}
	change(c, c.rand, img, model, 10)
	must(c, img.Flush(c.Context()))
	same(c, what+", and changes", contents(c, img), model)
	recovered = img.Recovered()
	must(c, img.Close())
	if n, _ := notes.Size(); n != 0 {
		c.Fatalf("%s: a journal of %d bytes is left by a clean close", what, n)
	}
	img, err = Open(c.Context(), file, options)
	must(c, err)
	defer img.Close()
	if report, err := img.Check(c.Context(), false); err != nil || report.Errors+report.Leaks > 0 {
		c.Fatalf("%s: %+v, %v", what, report, err)
	}
	return recovered
}

// TestKillOfMany is the same while many write to interleaved sectors.
func TestKillOfMany(t *testing.T) {
	const workers = 6
	for seed := range uint64(10) {
		c, options := workload(t, seed, CreateOptions{Size: 128 << 10, ClusterSize: 16 << 10, ExtendedL2: Yes}, nil, nil)
		must(t, c.img.Close())
		file, notes := blocktest.NewRecorder(c.file.Bytes()), blocktest.NewRecorder(nil)
		img, err := journaled(t, 200+c.rand.IntN(300), file, notes, options)
		must(t, err)
		var each [workers]*crashed
		var wg sync.WaitGroup
		for w := range workers {
			mine := &crashed{T: t, rand: rand.New(rand.NewPCG(seed, uint64(w))), file: file, img: img, sectors: make([][]version, len(c.sectors))}
			for s := w; s < len(c.sectors); s += workers {
				mine.sectors[s] = c.sectors[s]
			}
			each[w] = mine
			wg.Go(func() {
				for alive(img) {
					_ = mine.own(t.Context(), w, workers)
				}
			})
		}
		wg.Wait()
		leave(img)
		if img, err = journaled(t, ever, file, notes, options); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		now := contents(t, img)
		for w, mine := range each {
			for s := w; s < len(mine.sectors); s += workers {
				versions := mine.sectors[s]
				got, last := binary.LittleEndian.Uint64(now[s*512:]), versions[len(versions)-1]
				if got != last.value && (last.op != mine.ops || got != versions[len(versions)-2].value) {
					t.Fatalf("seed %d: sector %d is %#x; it was %+v", seed, s, got, versions)
				}
			}
		}
		must(t, img.Flush(t.Context()))
		if report, err := img.Check(t.Context(), false); err != nil || report.Errors > 0 {
			t.Fatalf("seed %d: %+v, %v", seed, report, err)
		}
		must(t, img.Close())
	}
}

// TestJournalOfAnotherLife: after a loss of power notes may be there without
// the data that they tell of.
func TestJournalOfAnotherLife(t *testing.T) {
	for name, start := range killKinds(t) {
		t.Run(name, func(t *testing.T) {
			c, options := start(1)
			c.T = t
			must(t, c.img.Close())
			c.file = blocktest.NewRecorder(c.file.Bytes())
			notes := blocktest.NewRecorder(nil)
			var err error
			c.img, err = journaled(t, ever, c.file, notes, options)
			must(t, err)
			for range 80 {
				must(t, c.step(t.Context()))
			}
			leave(c.img)
			for i := range 12 {
				seed := uint64(i)
				options.Journal = &Journal{File: blocktest.NewRecorder(notes.Crash(notes.Len(), seed)), Life: [32]byte{2}}
				c.verify(options, (i+1)*c.file.Len()/12, seed)
			}
		})
	}
}

// TestJournalOfAnotherImage: where something else has written to the image
// since, or an older copy of it was put back, notes are void.
func TestJournalOfAnotherImage(t *testing.T) {
	dir := tempDir(t)
	name, older := filepath.Join(dir, "a"), filepath.Join(dir, "older")
	create(t, name, CreateOptions{Size: 10 << 20})
	b, err := os.ReadFile(name)
	must(t, err)
	must(t, os.WriteFile(older, append(b, make([]byte, 10<<20)...), 0o644))
	notes := blocktest.NewRecorder(nil)
	killed := func(name string) {
		img, err := journaled(t, ever, blocktest.NewRecorder(readFile(t, name)), notes, Options{})
		must(t, err)
		must(t, img.Write(t.Context(), bytes.Repeat([]byte{7}, 300<<10), 1<<20, 0))
		leave(img)
		must(t, os.WriteFile(name, img.file.(mortal).Bytes(), 0o644))
	}
	again := func(what, name string, content byte, want int) {
		t.Helper()
		img, err := journaled(t, ever, blocktest.NewRecorder(readFile(t, name)), blocktest.NewRecorder(notes.Bytes()), Options{})
		must(t, err)
		p := make([]byte, 300<<10)
		must(t, img.Read(t.Context(), p, 1<<20))
		if !bytes.Equal(p, bytes.Repeat([]byte{content}, len(p))) || img.Recovered() != want {
			t.Errorf("%s: it reads %#x and %d clusters were brought back", what, p[:4], img.Recovered())
		}
		must(t, img.Close())
	}
	killed(name)
	again("the same image", name, 7, 5)
	again("an older copy", older, 0, 0)
	qemu(t, "qemu-io", "-f", "qcow2", "-c", "write -P 9 1M 300k", name)
	again("written by QEMU", name, 9, 0)
	qemu(t, "qemu-img", "check", name)
}

func readFile(t *testing.T, name string) []byte {
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}

// TestJournalWithoutRoom: where notes can't be written the image is flushed
// instead, that is told once, and notes are made again as soon as they can be.
func TestJournalWithoutRoom(t *testing.T) {
	for _, from := range []int64{0, halfStart} { // without room for the head, and for notes alone
		file, notes := blocktest.NewRecorder(nil), blocktest.NewRecorder(nil)
		must(t, Create(file, CreateOptions{Size: 10 << 20}))
		var told []error
		journal := &Journal{File: notes, Trouble: func(err error) { told = append(told, err) }}
		img, err := Open(t.Context(), file, Options{Journal: journal})
		must(t, err)
		if from > 0 {
			must(t, img.Write(t.Context(), []byte("zero"), 0, 0))
		}
		full := true
		notes.Before = func(c blocktest.Change) error {
			if full && c.Kind == blocktest.Write && c.Offset >= from {
				return block.ErrNoSpace
			}
			return nil
		}
		must(t, img.Write(t.Context(), []byte("one"), 1<<20, 0))
		must(t, img.Write(t.Context(), []byte("two"), 2<<20, 0))
		must(t, img.Zero(t.Context(), 2<<20, 64<<10, 0))
		must(t, img.Write(t.Context(), []byte("again"), 2<<20, 0))
		full = false
		must(t, img.Write(t.Context(), []byte("three"), 3<<20, 0))
		must(t, img.Write(t.Context(), []byte("four"), 1<<20, 0))
		leave(img)
		if len(told) != 2 || !errors.Is(told[0], block.ErrNoSpace) || told[1] != nil {
			t.Errorf("from %d: told %v", from, told)
		}
		img, err = Open(t.Context(), file, Options{Journal: &Journal{File: notes}})
		must(t, err)
		if img.Recovered() == 0 || img.Lost() != nil {
			t.Errorf("from %d: %d clusters brought back, %v", from, img.Recovered(), img.Lost())
		}
		now := contents(t, img)
		for i, want := range []string{"", "four", "again", "three"} {
			if got := now[i<<20:]; !bytes.HasPrefix(got, []byte(want)) {
				t.Errorf("from %d: %q, not %q", from, got[:5], want)
			}
		}
		must(t, img.Close())
	}
}

// TestWriteRestsOnNote: a write into a cluster that another has just allocated is
// answered for no sooner than the note of that is written.
func TestWriteRestsOnNote(t *testing.T) {
	for what, second := range map[string]func(img *Image) error{
		"write": func(img *Image) error { return img.Write(t.Context(), []byte("second"), 1<<20+512, 0) },
		"zero":  func(img *Image) error { return img.Zero(t.Context(), 2<<20, 64<<10, 0) },
	} {
		file, notes := blocktest.NewRecorder(nil), blocktest.NewRecorder(nil)
		must(t, Create(file, CreateOptions{Size: 10 << 20}))
		img, err := Open(t.Context(), file, Options{Journal: &Journal{File: notes}})
		must(t, err)
		must(t, img.Write(t.Context(), []byte("there"), 2<<20, 0))
		noting, written := make(chan bool), make(chan bool)
		notes.Before = func(blocktest.Change) error { noting <- true; <-written; return nil }
		var all sync.WaitGroup
		all.Go(func() {
			if what == "write" {
				must(t, img.Write(t.Context(), []byte("first"), 1<<20, 0))
			} else {
				must(t, img.Trim(t.Context(), 2<<20, 64<<10))
			}
		})
		<-noting
		over := make(chan bool)
		all.Go(func() { must(t, second(img)); close(over) })
		select {
		case <-over:
			t.Errorf("%s: it rests on a note that isn't written", what)
		case <-time.After(100 * time.Millisecond):
		}
		close(written)
		go func() {
			for range noting {
			}
		}()
		all.Wait()
		close(noting)
		leave(img)
	}
}

// TestJournalThatFails: where notes can't be made void, no flush succeeds, and
// nothing that they tell of is used for something else.
func TestJournalThatFails(t *testing.T) {
	file, notes := blocktest.NewRecorder(nil), blocktest.NewRecorder(nil)
	must(t, Create(file, CreateOptions{Size: 10 << 20}))
	img, err := Open(t.Context(), file, Options{Journal: &Journal{File: notes}})
	must(t, err)
	must(t, img.Write(t.Context(), []byte("first"), 0, 0))
	notes.Before = func(blocktest.Change) error { return errors.New("a bad sector") }
	if err := img.Flush(t.Context()); err == nil {
		t.Error("it was flushed")
	}
	if err := img.Write(t.Context(), []byte("next"), 1<<20, 0); err == nil {
		t.Error("a write without a note was answered for")
	}
	notes.Before = nil
	must(t, img.Write(t.Context(), []byte("last"), 2<<20, 0))
	leave(img)
	img, err = Open(t.Context(), file, Options{Journal: &Journal{File: notes}})
	must(t, err)
	now := contents(t, img)
	if !bytes.HasPrefix(now, []byte("first")) || !bytes.HasPrefix(now[2<<20:], []byte("last")) {
		t.Errorf("%q, %q", now[:5], now[2<<20:2<<20+5])
	}
	must(t, img.Close())
}

// TestJournalTurns: a journal is bounded, however much is written, and goes on
// in its other half while a flush makes the first one void.
func TestJournalTurns(t *testing.T) {
	file, notes := blocktest.NewRecorder(nil), blocktest.NewRecorder(nil)
	must(t, Create(file, CreateOptions{Size: 40 << 20, ClusterSize: 512}))
	img, err := journaled(t, ever, file, notes, Options{CacheSize: 64 << 20})
	must(t, err)
	p := make([]byte, 32<<10)
	for round := range byte(3) {
		for off := int64(0); off < 40<<20; off += int64(len(p)) {
			p[0] = round
			must(t, img.Write(t.Context(), p, off, 0))
		}
		must(t, img.Zero(t.Context(), 0, 39<<20, 0))
	}
	size, err := notes.Size()
	must(t, err)
	if most := int64(halfStart + halfSize + mostNotes + mostClusters*noteSize); size > most || size < halfStart+halfSize {
		t.Errorf("a journal of %d bytes; it has two halves, and %d at most", size, most)
	}
	leave(img)
	img, err = journaled(t, ever, file, notes, Options{})
	must(t, err)
	got := contents(t, img)
	if !allZero(got[:39<<20]) || got[39<<20] != 2 {
		t.Error("another content")
	}
	must(t, img.Close())
}

func allZero(p []byte) bool { return len(bytes.Trim(p, "\x00")) == 0 }

// FuzzJournal opens images with any journal at all.
func FuzzJournal(f *testing.F) {
	file, notes := blocktest.NewRecorder(nil), blocktest.NewRecorder(nil)
	must(f, Create(file, CreateOptions{Size: 4 << 20, ClusterSize: 4096}))
	img, err := Open(f.Context(), file, Options{Journal: &Journal{File: notes}})
	must(f, err)
	for off := int64(0); off < 1<<20; off += 100 << 10 {
		must(f, img.Write(f.Context(), make([]byte, 10<<10), off, 0))
	}
	leave(img)
	s, _, err := (&Journal{File: notes}).readHead()
	must(f, err)
	f.Add(notes.Bytes()[halfStart:])
	f.Fuzz(func(t *testing.T, b []byte) {
		// The checksums, which would keep everything else out, are made right.
		whole := bytes.Clone(notes.Bytes()[:halfStart])
		for ; len(b) >= noteSize; b = b[noteSize:] {
			var n note
			n.parse(b, &s.session)
			if n.gen == 0 {
				n.gen = 1
			}
			one := make([]byte, noteSize)
			n.put(one, &s.session)
			whole = append(whole, one...)
		}
		file := blocktest.NewRecorder(file.Bytes())
		img, err := Open(t.Context(), file, Options{Journal: &Journal{File: blocktest.NewRecorder(whole)}})
		if err != nil {
			t.Fatal(err) // a journal never keeps an image from being opened
		}
		if report, err := img.Check(t.Context(), false); err != nil || report.Errors > 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		must(t, img.Close())
	})
}
