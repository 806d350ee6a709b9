package qcow2

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// killedImage is a file with an image whose writer was killed, after it wrote
// 300 KiB of a byte at 1 MiB, and its journal.
func killedImage(t *testing.T, name string, content byte, options ...string) []byte {
	t.Helper()
	qemu(t, "qemu-img", append(append([]string{"create", "-q", "-f", "qcow2"}, options...), name, "10M")...)
	notes := blocktest.NewRecorder(nil)
	img, err := journaled(t, ever, blocktest.NewRecorder(readFile(t, name)), notes, Options{})
	must(t, err)
	must(t, img.Write(t.Context(), bytes.Repeat([]byte{content}, 300<<10), 1<<20, 0))
	leave(img)
	must(t, os.WriteFile(name, img.file.(mortal).Bytes(), 0o644))
	return notes.Bytes()
}

// TestSession: notes come back to the image that they are of, if nobody else has
// written to it since, and else it is said why they don't.
func TestSession(t *testing.T) {
	dir := tempDir(t)
	// A program that dies while it writes leaves the image dirty once more.
	byQEMU := func(name string, commands ...string) {
		args := []string{"-f", "qcow2"}
		for _, c := range append(commands, "flush", "abort") {
			args = append(args, "-c", c)
		}
		_, _ = exec.Command("qemu-io", append(args, name)...).CombinedOutput()
	}
	for _, c := range []struct {
		what    string
		between func(name string, notes []byte) []byte
		life    byte
		content byte
		lost    error
	}{
		{"nothing", func(_ string, notes []byte) []byte { return notes }, 1, 7, nil},
		{"looked at by QEMU", func(name string, notes []byte) []byte {
			_, _ = exec.Command("qemu-img", "check", name).CombinedOutput()
			qemu(t, "qemu-img", "info", name)
			qemu(t, "qemu-io", "-r", "-f", "qcow2", "-c", "read 0 1M", name)
			return notes
		}, 1, 7, nil},
		{"written by QEMU", func(name string, notes []byte) []byte {
			qemu(t, "qemu-io", "-f", "qcow2", "-c", "write -P 9 1M 300k", name)
			return notes
		}, 1, 9, errOtherWriter},
		{"written by a QEMU that died", func(name string, notes []byte) []byte {
			byQEMU(name, "write -P 9 1M 300k")
			return notes
		}, 1, 9, errOtherWriter},
		{"written and trimmed by a QEMU that died", func(name string, notes []byte) []byte {
			byQEMU(name, "write -P 9 1M 300k", "write -z -u 1M 300k")
			return notes
		}, 1, 0, errOtherWriter},
		{"another image that was killed", func(name string, notes []byte) []byte {
			killedImage(t, name, 8)
			return notes
		}, 1, 0, ErrOtherSession},
		{"made anew", func(name string, notes []byte) []byte {
			qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", name, "10M")
			return notes
		}, 1, 0, nil},
		{"without its journal", func(string, []byte) []byte { return nil }, 1, 0, ErrNoJournal},
		{"without power", func(_ string, notes []byte) []byte { return notes }, 2, 0, errOtherLife},
	} {
		t.Run(c.what, func(t *testing.T) {
			name := filepath.Join(dir, "a")
			notes := blocktest.NewRecorder(c.between(name, killedImage(t, name, 7, "-o", "lazy_refcounts=on")))
			img, err := Open(t.Context(), blocktest.NewRecorder(readFile(t, name)), Options{Journal: &Journal{File: notes, Life: [32]byte{c.life}}})
			must(t, err)
			if got := contents(t, img)[1<<20:][:300<<10]; !bytes.Equal(got, bytes.Repeat([]byte{c.content}, len(got))) {
				t.Errorf("it reads %#x", got[:4])
			}
			if !errors.Is(img.Lost(), c.lost) || (img.Recovered() > 0) != (c.content == 7) {
				t.Errorf("%d clusters were brought back; %v, not %v", img.Recovered(), img.Lost(), c.lost)
			}
			must(t, img.Close())
			must(t, os.WriteFile(name, img.file.(*blocktest.Recorder).Bytes(), 0o644))
			qemu(t, "qemu-img", "check", name)
		})
	}
}

// TestKilledAfterRecovery: what an Open brought back is in the image, and no loss
// is told of where the process is killed before it writes.
func TestKilledAfterRecovery(t *testing.T) {
	name := filepath.Join(tempDir(t), "a")
	notes := blocktest.NewRecorder(killedImage(t, name, 7))
	for n, recovers := range []bool{true, false, false} {
		img, err := journaled(t, ever, blocktest.NewRecorder(readFile(t, name)), notes, Options{})
		must(t, err)
		if got := contents(t, img)[1<<20:][:300<<10]; !bytes.Equal(got, bytes.Repeat([]byte{7}, len(got))) {
			t.Errorf("time %d: it reads %#x", n, got[:4])
		}
		if img.Lost() != nil || (img.Recovered() > 0) != recovers {
			t.Errorf("time %d: %d clusters were brought back; %v", n, img.Recovered(), img.Lost())
		}
		leave(img)
		must(t, os.WriteFile(name, img.file.(mortal).Bytes(), 0o644))
	}
	qemu(t, "qemu-img", "check", name)
}

// TestSessionOfReader: who only reads says that there is more to come, and only
// then.
func TestSessionOfReader(t *testing.T) {
	name := filepath.Join(tempDir(t), "a")
	notes := killedImage(t, name, 7)
	reader := func() error {
		img, err := Open(t.Context(), blocktest.NewRecorder(readFile(t, name)),
			Options{ReadOnly: true, Journal: &Journal{File: blocktest.NewRecorder(notes), Life: [32]byte{1}}})
		if err == nil {
			must(t, img.Close())
		}
		return err
	}
	if err := reader(); !errors.Is(err, ErrUnplayed) {
		t.Errorf("its notes are not played: %v", err)
	}
	qemu(t, "qemu-io", "-f", "qcow2", "-c", "write -P 9 1M 300k", name)
	if err := reader(); err != nil {
		t.Errorf("QEMU has written to it since: %v", err)
	}
}

// TestLongHeader: an image whose header has no room for a session goes without a
// journal.
func TestLongHeader(t *testing.T) {
	file := blocktest.NewRecorder(nil)
	must(t, Create(file, CreateOptions{Size: 1 << 20, ClusterSize: 512, BackingName: strings.Repeat("n", 370), BackingFormat: FormatRaw}))
	img, err := Open(t.Context(), file, Options{Backing: block.NewMemory(1 << 20), Journal: &Journal{File: blocktest.NewRecorder(nil)}})
	must(t, err)
	if img.Unjournaled() == nil {
		t.Error("it has a journal")
	}
	must(t, img.Write(t.Context(), []byte("data"), 0, 0))
	must(t, img.Close())
}

// TestBitmapsStay: QEMU's dirty bitmaps are right until something is written.
func TestBitmapsStay(t *testing.T) {
	name := filepath.Join(tempDir(t), "a")
	qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", name, "10M")
	qemu(t, "qemu-img", "bitmap", "--add", name, "b")
	valid := func() bool {
		out := qemu(t, "qemu-img", "info", name)
		return strings.Contains(out, "bitmaps:") && !strings.Contains(out, "inconsistent")
	}
	notes := blocktest.NewRecorder(nil)
	for _, writes := range []bool{false, true} {
		img := open(t, name, Options{Journal: &Journal{File: notes}})
		report, err := img.Check(t.Context(), true)
		if err != nil || report.Leaks+report.Errors > 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if writes {
			must(t, img.Write(t.Context(), []byte("data"), 0, 0))
			must(t, img.Flush(t.Context()))
		}
		must(t, img.Close())
		if valid() == writes {
			t.Errorf("written: %v, valid: %v", writes, !writes)
		}
	}
}

// TestSessionThatCannotBegin: where the header of the first write can't be made
// durable, that write fails, and so do those after it.
func TestSessionThatCannotBegin(t *testing.T) {
	file, notes := blocktest.NewRecorder(nil), blocktest.NewRecorder(nil)
	must(t, Create(file, CreateOptions{Size: 10 << 20}))
	img, err := Open(t.Context(), file, Options{Journal: &Journal{File: notes}})
	must(t, err)
	file.Before = func(c blocktest.Change) error {
		if c.Kind == blocktest.Sync {
			return errors.New("a bad sector")
		}
		return nil
	}
	for range 2 {
		if img.Write(t.Context(), []byte("first"), 0, 0) == nil {
			t.Error("it was answered for")
		}
	}
	leave(img)
}
