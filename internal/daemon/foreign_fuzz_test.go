package daemon

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// FuzzExplainCapture explains whatever somebody takes for a capture: nothing may
// panic, and nothing reaches the terminal raw.
func FuzzExplainCapture(f *testing.F) {
	for _, pattern := range []string{"../*/testdata/captures/*.pcap", "testdata/recorded/*.jsonl"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	path := filepath.Join(f.TempDir(), "capture")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		_ = ExplainCapture(&out, path, CaptureQuestion{Packets: true})
		if strings.ContainsAny(out.String(), "\x00\x1b\r\x07") {
			t.Errorf("%q", out.String())
		}
	})
}

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
		_ = Replay(t.Context(), Config{DHCP: ProxyDHCP, HTTPPort: 80, TFTPPort: 69, Out: io.Discard}, Target{Kernel: script}, path, boot.MAC{})
	})
}
