package medium

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/lab"
)

// udfImage makes an image of UDF as Windows' media are, with 150 sectors of padding.
func udfImage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "medium.iso")
	if err := os.MkdirAll(filepath.Join(dir, "files", "sources"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files", "sources", "boot.wim"), bytes.Repeat([]byte("WIM"), 100<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "genisoimage", "-quiet", "-udf", "-V", "WIN", "-o", path, filepath.Join(dir, "files")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// An image is said to be cut off where something on it isn't there, also what its volume
// doesn't count, or where it ends within a sector; not for padding that it has or lacks.
func TestCutOff(t *testing.T) {
	memtest, err := lab.Unpacked("memtest86+", "usr/lib/memtest86+/memtest86+x64.iso")
	if err != nil {
		t.Fatal(err)
	}
	live, udf := liveImage(t), udfImage(t)
	const padding = 150 * 2048
	for name, tt := range map[string]struct {
		path string
		more int64 // bytes than it has
		want string
	}{
		"Memtest86+": {memtest, 0, ""},
		"Memtest86+ with the half of its EFI image":  {memtest, -2 << 20, "the image is cut off: it has "},
		"Memtest86+ with what was written behind it": {memtest, 12345, ""},
		"UDF":                        {udf, 0, ""},
		"UDF without padding":        {udf, -padding, ""},
		"UDF within a sector":        {udf, -183744, "the image is cut off: it has "},
		"UDF without a file's end":   {udf, -padding - 2048, "the image is cut off: it has "},
		"ISO 9660":                   {live, 0, ""},
		"ISO 9660 without padding":   {live, -padding, ""},
		"ISO 9660 within padding":    {live, -2048, ""},
		"ISO 9660 without its end":   {live, -padding - 2048, "the image is cut off: it has "},
		"ISO 9660 with what follows": {live, 512, ""},
	} {
		content, err := os.ReadFile(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, make([]byte, max(0, tt.more))...)
		content = content[:len(content)+int(min(0, tt.more))]
		_, err = Open(boot.File{Source: "/medium.iso"}, bytes.NewReader(content), int64(len(content)), Wanted{Families: family.Builtin()})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// So is one whose last file lies within what recorders add.
func TestCutOffWithinPadding(t *testing.T) {
	path := imageOf(t, "D", map[string]string{"a": strings.Repeat("a", 100<<10), "live/z": strings.Repeat("z", 100<<10)}, "-no-pad")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content = content[:len(content)-4096]
	if _, err = Open(boot.File{Source: "/medium.iso"}, bytes.NewReader(content), int64(len(content)), Wanted{Families: family.Builtin()}); err == nil || !strings.Contains(err.Error(), "the image is cut off: ") {
		t.Errorf("the error is %v", err)
	}
}
