package replay_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/target"
)

// FuzzReplay plays whatever somebody takes for a record.
func FuzzReplay(f *testing.F) {
	files, _ := filepath.Glob("testdata/recorded/*.jsonl")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	dir := f.TempDir()
	path, script := filepath.Join(dir, "record"), filepath.Join(dir, "boot.ipxe")
	if err := os.WriteFile(script, []byte("#!ipxe\nshell\n"), 0o644); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = daemon.Replay(t.Context(), daemon.Config{DHCP: daemon.ProxyDHCP, HTTPPort: 80, TFTPPort: 69, Out: io.Discard}, target.Target{Kernel: script}, path, boot.MAC{})
	})
}
