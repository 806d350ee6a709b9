package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
)

// flushedThenKilled makes an image as it is left when its writer is killed after
// a flush: all of it is in the file.
func flushedThenKilled(t *testing.T, name string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "source.qcow2")
	must(t, Create(t.Context(), source, CreateOptions{Size: 16 << 20}))
	d, err := Open(t.Context(), source, Options{})
	must(t, err)
	defer d.Close()
	must(t, d.Write(t.Context(), []byte("written"), 1<<20, 0))
	must(t, d.Flush(t.Context()))
	for _, end := range []string{"", ".journal"} {
		content, err := os.ReadFile(source + end)
		must(t, err)
		must(t, os.WriteFile(name+end, content, 0o600))
	}
}

// TestUnclosed: an image whose writer was killed is known to be one, before it is
// opened and then, whether its journal had something or not.
func TestUnclosed(t *testing.T) {
	for _, c := range []struct {
		what      string
		make      func(*testing.T, string)
		unclosed  bool
		recovered int
	}{
		{"not flushed", killed, true, 1},
		{"flushed", flushedThenKilled, true, 0},
		{"closed", func(t *testing.T, name string) { must(t, Create(t.Context(), name, CreateOptions{Size: 16 << 20})) }, false, 0},
	} {
		name := filepath.Join(t.TempDir(), "disk.qcow2")
		c.make(t, name)
		info, err := Describe(t.Context(), name, Options{})
		must(t, err)
		var text bytes.Buffer
		must(t, info.WriteText(&text))
		if info.Unclosed != c.unclosed || strings.Contains(text.String(), "not closed") != info.Unclosed || info.InUse {
			t.Errorf("%s: unclosed %v, in use %v: %s", c.what, info.Unclosed, info.InUse, &text)
		}
		d, err := Open(t.Context(), name, Options{})
		must(t, err)
		d.Files = []string{name}
		if info, err := Describe(t.Context(), name, Options{}); err != nil || info.Unclosed || !info.InUse {
			t.Errorf("%s, open: unclosed %v, in use %v, %v", c.what, info.Unclosed, info.InUse, err)
		}
		if d.Unclosed != c.unclosed || d.Recovered != c.recovered || d.Lost != nil {
			t.Errorf("%s, open: unclosed %v, %d recovered, %v", c.what, d.Unclosed, d.Recovered, d.Lost)
		}
		must(t, d.FlushAndClose())
		if info, err := Describe(t.Context(), name, Options{}); err != nil || info.Unclosed || info.InUse {
			t.Errorf("%s, closed: unclosed %v, in use %v, %v", c.what, info.Unclosed, info.InUse, err)
		}
	}
}

// TestJournalAway: an image whose last writes are in a journal that isn't beside
// it is not read as if it were whole, by itself or below another, and what looks
// at it says so.
func TestJournalAway(t *testing.T) {
	for what, take := range map[string]func(journal string) error{
		"removed": os.Remove,
		"emptied": func(journal string) error { return os.Truncate(journal, 0) },
		"of another image": func(journal string) error {
			other := filepath.Join(t.TempDir(), "other.qcow2")
			killed(t, other)
			return os.Rename(other+".journal", journal)
		},
	} {
		dir := t.TempDir()
		name, over := filepath.Join(dir, "disk.qcow2"), filepath.Join(dir, "over.qcow2")
		must(t, Create(t.Context(), name, CreateOptions{Size: 16 << 20}))
		must(t, Create(t.Context(), over, CreateOptions{Backing: name}))
		must(t, os.Remove(name))
		killed(t, name)
		must(t, take(name+".journal"))
		opened := func(d *Disk, err error) error {
			if err == nil {
				d.Close()
			}
			return err
		}
		made := filepath.Join(dir, "new.qcow2")
		for how, try := range map[string]func() error{
			"check":            func() error { return Check(t.Context(), name, "", false, new(bytes.Buffer)) },
			"convert":          func() error { return Convert(t.Context(), name, made, ConvertOptions{}) },
			"convert over it":  func() error { return Convert(t.Context(), over, made, ConvertOptions{}) },
			"create --backing": func() error { return Create(t.Context(), made, CreateOptions{Backing: name}) },
			"--overlay":        func() error { return opened(Open(t.Context(), made, Options{Base: name})) },
			"open over it":     func() error { return opened(Open(t.Context(), over, Options{})) },
			"--read-only":      func() error { return opened(Open(t.Context(), name, Options{ReadOnly: true})) },
		} {
			err := try()
			if err == nil || !strings.Contains(err.Error(), "may be missing: its journal is") || !strings.Contains(advice.Of(err), "put the image's journal back") {
				t.Errorf("%s, %s: %v (%s)", what, how, err, advice.Of(err))
			}
			if _, err := os.Stat(made); err == nil {
				t.Errorf("%s, %s: it made a file", what, how)
				must(t, os.Remove(made))
			}
		}
		for _, file := range []string{name, over} {
			info, err := Describe(t.Context(), file, Options{})
			must(t, err)
			var text bytes.Buffer
			must(t, info.WriteText(&text))
			if s := text.String(); !strings.Contains(s, "may be missing") || !strings.Contains(s, "its journal is") ||
				!strings.Contains(s, "put the image's journal back") || strings.Contains(s, "brings back what its journal has") {
				t.Errorf("%s, info %s: %s", what, file, s)
			}
		}
		must(t, Check(t.Context(), name, "", true, new(bytes.Buffer)))
		must(t, Convert(t.Context(), name, made, ConvertOptions{}))
	}
}

// TestCorruptWithoutJournal: of an image that is marked as corrupt is copied what
// can be read, and what may be missing in the copy is told.
func TestCorruptWithoutJournal(t *testing.T) {
	for _, gone := range []bool{true, false} {
		name := filepath.Join(t.TempDir(), "disk.qcow2")
		killed(t, name)
		if gone {
			must(t, os.Remove(name+".journal"))
		}
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		must(t, err)
		must(t, errors.Join(markCorrupt(file), file.Close()))
		var told []string
		must(t, Convert(t.Context(), name, filepath.Join(t.TempDir(), "new.qcow2"), ConvertOptions{Notice: func(text string) { told = append(told, text) }}))
		if len(told) != 1 || !strings.Contains(told[0], "may be missing") {
			t.Errorf("journal gone: %v; told %q", gone, told)
		}
	}
}

// markCorrupt sets the bit of an image's header for it (docs/interop/qcow2 of
// QEMU, "incompatible_features", bit 1).
func markCorrupt(file *os.File) error {
	var b [1]byte
	if _, err := file.ReadAt(b[:], 79); err != nil {
		return err
	}
	b[0] |= 2
	_, err := file.WriteAt(b[:], 79)
	return err
}
