package image

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func FuzzLook(f *testing.F) {
	for _, seed := range [][]byte{
		nil, []byte("#!ipxe\n"), []byte("<html><title>x"), []byte("MZ"), uki(subsystemApplication),
		x86Kernel(0x020f, 0x7f, peX64, "6.1"), imageFile("ARM\x64", peARM64), zbootFile(peARM64, 100),
		gzipped(f, imageFile("RSC\x05", 0)), gzipped(f, cpioArchive("init")),
	} {
		f.Add(seed, int64(len(seed)))
	}
	f.Add(append(bytes.Repeat([]byte{'0'}, 510), 0x55, 0xaa), int64(1440<<10)) // a boot sector
	looked := []boot.Kind{boot.KindLinux, boot.KindScript, boot.KindEFI, boot.KindNBP, boot.KindMultiboot, boot.KindDisk, boot.KindWIM, boot.KindXen}
	f.Fuzz(func(t *testing.T, file []byte, size int64) {
		found, err := Look(bytes.NewReader(file), size)
		if err == nil {
			if !slices.Contains(looked, found.Kind) || found.Description == "" {
				t.Errorf("%+v", found)
			}
			wantPrintable(t, found.Description+found.Version)
			return
		}
		var m *Mismatch
		if !errors.As(err, &m) || m.Looks == "" || m.Hint == "" {
			t.Fatalf("%v", err)
		}
		wantPrintable(t, err.Error())
	})
}

func FuzzLookInitrd(f *testing.F) {
	early := cpioArchive("kernel/x86/microcode/GenuineIntel.bin")
	for _, seed := range [][]byte{nil, cpioArchive("init"), join(early, gzipped(f, cpioArchive("init"))), join(early, early), []byte("\x02\x21\x4c\x18")} {
		f.Add(seed, int64(len(seed)))
	}
	f.Fuzz(func(t *testing.T, file []byte, size int64) {
		got, err := LookInitrd(bytes.NewReader(file), size)
		if err != nil || got.Description == "" {
			t.Fatalf("%+v, %v", got, err)
		}
		wantPrintable(t, got.Description+got.Warning)
	})
}

// What a file says of itself ends on a terminal.
func wantPrintable(t *testing.T, s string) {
	t.Helper()
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		t.Errorf("%q has a control character", s)
	}
}
