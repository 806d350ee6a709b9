package disk

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// TestUnclosedIsTold: an image whose writer was killed is told to be one, before
// it is served and when it is, whether its journal had something or not.
func TestUnclosedIsTold(t *testing.T) {
	for _, c := range []struct {
		what string
		make func(*testing.T, string)
		told string
	}{
		{"not flushed", killed, "what was written last was brought back, 1 cluster"},
		{"flushed", flushedThenKilled, "wasn't closed: all that was written was in it already"},
		{"closed", func(t *testing.T, name string) { must(t, Create(t.Context(), name, CreateOptions{Size: 16 << 20})) }, ""},
	} {
		name := filepath.Join(t.TempDir(), "disk.qcow2")
		c.make(t, name)
		info, err := Describe(t.Context(), name, Options{})
		must(t, err)
		var text bytes.Buffer
		must(t, info.WriteText(&text))
		if info.Unclosed != (c.told != "") || strings.Contains(text.String(), "not closed") != info.Unclosed || info.InUse {
			t.Errorf("%s: unclosed %v, in use %v: %s", c.what, info.Unclosed, info.InUse, &text)
		}
		d, err := Open(t.Context(), name, Options{})
		must(t, err)
		d.Files = []string{name}
		if info, err := Describe(t.Context(), name, Options{}); err != nil || info.Unclosed || !info.InUse {
			t.Errorf("%s, open: unclosed %v, in use %v, %v", c.what, info.Unclosed, info.InUse, err)
		}
		var lines bytes.Buffer
		(&voice{out: &lines}).ready(d, NBD, "nbd://x")
		if got := strings.Contains(lines.String(), "wasn't closed"); got != (c.told != "") || !strings.Contains(lines.String(), c.told) {
			t.Errorf("%s: told %q", c.what, &lines)
		}
		must(t, closeDisk(d))
		if info, err := Describe(t.Context(), name, Options{}); err != nil || info.Unclosed || info.InUse {
			t.Errorf("%s, closed: unclosed %v, in use %v, %v", c.what, info.Unclosed, info.InUse, err)
		}
	}
}
