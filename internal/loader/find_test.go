package loader

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/route"
)

func TestFindDebians(t *testing.T) {
	found, err := Find(Dirs())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range route.Table() {
		if row.Role == route.NBP && found[row.Give].Path == "" {
			t.Errorf("%s was not found: apt-get install ipxe", row.Give)
		}
	}
}

func TestOwnFolderGoesFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "undionly.kpxe"), []byte("\xea\x05\x00\xc0\x07own"), 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := Find(append([]string{dir}, Dirs()...))
	if err != nil {
		t.Fatal(err)
	}
	if got := found["undionly.kpxe"].Path; filepath.Dir(got) != dir {
		t.Errorf("got %s", got)
	}
}

func TestImpostors(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"undionly.kpxe", "MZ a PE", "BIOS cannot run"},
		{"snponly.efi", "#!ipxe\n", "no EFI application"},
		{"ipxe.pxe", "", "too short"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Find([]string{dir}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("snponly.efi", []byte("MZ"))
	f.Add("undionly.kpxe", []byte{0xea, 5, 0})
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		_ = Check(name, bytes.NewReader(data))
		_ = signed(name, bytes.NewReader(data))
	})
}

// Secure Boot asks for signatures: Debian's iPXE has none.
func TestSignedLoaders(t *testing.T) {
	plain, err := os.ReadFile("/usr/lib/ipxe/snponly.efi")
	if err != nil {
		t.Fatal(err)
	}
	// The size of the certificate table, the fifth of the data directories of a
	// PE32+ header.
	with := bytes.Clone(plain)
	with[binary.LittleEndian.Uint32(plain[0x3c:])+24+112+4*8+4] = 1
	for name, test := range map[string]struct {
		data []byte
		want bool
	}{"without": {plain, false}, "with": {with, true}} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "snponly.efi"), test.data, 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := Find([]string{dir})
		if err != nil || found["snponly.efi"].Signed != test.want {
			t.Errorf("%s a signature: %+v, %v", name, found, err)
		}
	}
}
