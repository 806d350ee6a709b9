package block_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
)

func TestSteadyStateAllocatesNothing(t *testing.T) {
	t.Setenv("TMPDIR", "/var/tmp") // a file system in memory, as /tmp may be, zeroes no ranges
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := block.OpenFile(name, block.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	p := make([]byte, 4096)
	for what, call := range map[string]func() error{
		"read":    func() error { _, err := f.ReadAt(p, 4096); return err },
		"write":   func() error { _, err := f.WriteAt(p, 4096); return err },
		"durable": func() error { _, err := f.WriteDurable(p, 4096); return err },
		"sync":    f.Sync,
		"size":    func() error { _, err := f.Size(); return err },
		"hole":    func() error { return f.PunchHole(8192, 4096) },
		"zero":    func() error { return f.ZeroRange(8192, 4096) },
		"next":    func() error { _, err := f.Next(0, 1<<20); return err },
	} {
		allocs := testing.AllocsPerRun(20, func() {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s allocates %v times", what, allocs)
		}
	}
}
