package disk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/internal/advice"
)

// smallRoom is a file system of its own, of so many bytes.
func smallRoom(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mount a tmpfs, as root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// asNobody says that the test runs a second time, as a user who owns nothing.
const asNobody = "SPUR_TEST_AS_NOBODY"

// TestJournalOfAnotherUser: an image whose journal can't be opened isn't served,
// and who may open it finds all that it has.
func TestJournalOfAnotherUser(t *testing.T) {
	if name := os.Getenv(asNobody); name != "" {
		_, err := Open(t.Context(), name, Options{})
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), name+".journal") || !strings.Contains(advice.Of(err), "chown") {
			t.Errorf("%v (%s)", err, advice.Of(err))
		}
		if err := Check(t.Context(), name, "", true, io.Discard); !errors.Is(err, os.ErrPermission) {
			t.Errorf("check --repair: %v", err)
		}
		return
	}
	dir, err := os.MkdirTemp("", "spur-journal-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	name := filepath.Join(dir, "a.qcow2")
	killed(t, name)
	must(t, os.Chmod(name, 0o666))
	must(t, os.Chmod(name+".journal", 0o600))
	self := filepath.Join(dir, "test") // where nobody may run it
	program, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(self, program, 0o755))
	again := exec.Command(self, "-test.run", "^TestJournalOfAnotherUser$")
	again.Env = append(os.Environ(), asNobody+"="+name)
	again.Dir = dir
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	reads(t, name)
}

// killed makes an image and its journal, which alone knows that something was
// written.
func killed(t *testing.T, name string) {
	t.Helper()
	must(t, Create(t.Context(), name, CreateOptions{Size: 16 << 20}))
	d, err := Open(t.Context(), name, Options{})
	must(t, err)
	must(t, d.Write(t.Context(), []byte("written"), 1<<20, 0))
	must(t, d.Close()) // which doesn't flush, and so leaves what a kill leaves
}

func reads(t *testing.T, name string) {
	t.Helper()
	d, err := Open(t.Context(), name, Options{})
	must(t, err)
	defer d.FlushAndClose()
	got := make([]byte, 7)
	must(t, d.Read(t.Context(), got, 1<<20))
	if string(got) != "written" || d.Lost != nil {
		t.Errorf("it reads %q; %v", got, d.Lost)
	}
}

// TestJournalInTheWay: what can't be a journal is not passed over.
func TestJournalInTheWay(t *testing.T) {
	for what, put := range map[string]func(journal string) error{
		"a folder": func(journal string) error { return os.Mkdir(journal, 0o755) },
		"a link":   func(journal string) error { return os.Symlink("elsewhere", journal) },
		"a FIFO":   func(journal string) error { return unix.Mkfifo(journal, 0o644) },
		"a journal that another program has open": func(journal string) error {
			err := os.WriteFile(journal, nil, 0o644)
			if err == nil {
				var f *block.OSFile
				if f, err = block.OpenFile(journal, block.FileOptions{}); err == nil {
					t.Cleanup(func() { f.Close() })
				}
			}
			return err
		},
	} {
		name := filepath.Join(t.TempDir(), "a.qcow2")
		must(t, Create(t.Context(), name, CreateOptions{Size: 16 << 20}))
		must(t, put(name+".journal"))
		if d, err := Open(t.Context(), name, Options{}); err == nil {
			d.Close()
			t.Errorf("%s: it was opened", what)
		} else if !strings.Contains(err.Error(), name+".journal") || advice.Of(err) == "" {
			t.Errorf("%s: %v (%s)", what, err, advice.Of(err))
		}
	}
}

// TestJournalGone: that something may be lost is said.
func TestJournalGone(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.qcow2")
	killed(t, name)
	must(t, os.Remove(name+".journal"))
	var out bytes.Buffer
	must(t, Check(t.Context(), name, "", true, &out))
	if !strings.Contains(out.String(), "may be missing: its journal isn't there") {
		t.Errorf("check --repair: %s", &out)
	}
	out.Reset()
	must(t, Check(t.Context(), name, "", true, &out))
	if strings.Contains(out.String(), "missing") {
		t.Errorf("it is said of an image that was closed: %s", &out)
	}
}

// TestMovedTogether: image and journal find each other elsewhere.
func TestMovedTogether(t *testing.T) {
	name, to := filepath.Join(t.TempDir(), "a.qcow2"), filepath.Join(t.TempDir(), "b.qcow2")
	killed(t, name)
	for _, end := range []string{"", ".journal"} {
		b, err := os.ReadFile(name + end)
		must(t, err)
		must(t, os.WriteFile(to+end, b, 0o644))
	}
	reads(t, to)
}

// TestKilledWithoutRoom: a fresh overlay on a file system that has become full
// is opened again, and has all that was written to it.
func TestKilledWithoutRoom(t *testing.T) {
	dir := smallRoom(t, "12m")
	base, overlay := filepath.Join(t.TempDir(), "base.img"), filepath.Join(dir, "o.qcow2")
	must(t, os.WriteFile(base, bytes.Repeat([]byte{1}, 32<<20), 0o644))
	d, err := Open(t.Context(), overlay, Options{Base: base, Format: "raw"})
	must(t, err)
	p, written, refused := bytes.Repeat([]byte{2}, 64<<10), []int64(nil), 0
	for i := range int64(256) {
		off := i%32<<20 + i/32<<17
		if err := d.Write(t.Context(), p, off, 0); err == nil {
			written = append(written, off)
		} else if refused++; !errors.Is(err, block.ErrNoSpace) {
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Fatal("there is too much room")
	}
	for err = nil; err == nil; { // what is left, to the last byte
		var f *os.File
		if f, err = os.OpenFile(filepath.Join(dir, "filler"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
			_, err = f.Write(make([]byte, 4096))
			f.Close()
		}
	}
	must(t, d.Close())
	d, err = Open(t.Context(), overlay, Options{Base: base, Format: "raw"})
	if err != nil {
		t.Fatalf("%v (%s)", err, advice.Of(err))
	}
	for _, off := range written {
		got := make([]byte, len(p))
		must(t, d.Read(t.Context(), got, off))
		if !bytes.Equal(got, p) {
			t.Fatalf("what was written at %d of %d places is lost", off, len(written))
		}
	}
	must(t, d.FlushAndClose())
	if out, err := exec.CommandContext(context.Background(), "qemu-img", "check", overlay).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
