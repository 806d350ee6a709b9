package explain

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzCapture explains whatever somebody takes for a capture: nothing may
// panic, and nothing reaches the terminal raw.
func FuzzCapture(f *testing.F) {
	for _, pattern := range []string{"../*/testdata/captures/*.pcap", "../replay/testdata/recorded/*.jsonl"} {
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
		_ = Capture(&out, path, CaptureQuestion{Packets: true})
		if strings.ContainsAny(out.String(), "\x00\x1b\r\x07") {
			t.Errorf("%q", out.String())
		}
	})
}
