package image

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// xenX64 is Debian's Xen for UEFI.
func xenX64(t *testing.T) []byte {
	t.Helper()
	path, err := lab.Unpacked("xen-hypervisor-4.17-amd64", "boot/xen-*-amd64.efi")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Debian's Xen for UEFI is told from other EFI applications by where it is linked to run,
// and one that has its configuration in itself is one of those.
func TestXen(t *testing.T) {
	b := xenX64(t)
	look := func(b []byte) Found {
		t.Helper()
		found, err := Look(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := look(b); found.Kind != boot.KindXen || found.Arch != boot.X64 || found.Description != "Xen for UEFI 4.17, x86-64" {
		t.Errorf("%+v", found)
	}
	at, _ := head(b).peHeader()
	elsewhere := bytes.Clone(b)
	copy(elsewhere[at+24+24:], le32(0)+le32(0x1))
	if found := look(elsewhere); found.Kind != boot.KindEFI {
		t.Errorf("linked elsewhere it is %+v", found)
	}
	unified := bytes.Replace(b, []byte(".pad\x00\x00\x00\x00"), []byte(".config\x00"), 1)
	if found := look(unified); found.Kind != boot.KindEFI {
		t.Errorf("with its configuration it is %+v", found)
	}
	if _, err := Look(bytes.NewReader(b[:1<<20]), 1<<20); err == nil || !strings.Contains(err.Error(), "cut off or damaged") {
		t.Errorf("cut off it is %v", err)
	}
}

// That for arm64 is told from kernels of Linux, which have the same header.
func TestXenARM64(t *testing.T) {
	path, err := lab.Unpacked("xen-hypervisor-4.17-arm64:arm64", "boot/xen-*-arm64.efi")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, err := Look(bytes.NewReader(b), int64(len(b)))
	if err != nil || found.Kind != boot.KindXen || found.Description != "Xen for UEFI, arm64" {
		t.Errorf("%+v, %v", found, err)
	}
	for name, change := range map[string]func(b []byte){
		"text_offset": func(b []byte) { b[10] = 8 }, "sections": func(b []byte) { copy(b[0xf8:], ".text\x00\x00") }, "alignment": func(b []byte) { copy(b[0x7c:], le32(0x200)) },
	} {
		other := bytes.Clone(b)
		change(other)
		if found, err := Look(bytes.NewReader(other), int64(len(b))); err != nil || found.Kind != boot.KindLinux {
			t.Errorf("with another %s it is %+v, %v", name, found, err)
		}
	}
}

func TestXenModules(t *testing.T) {
	for file, want := range map[string]XenModule{
		"\x8c\xff\x7c\xf9\x08\x00\x00\x00XenFlask": XenPolicy,
		"DMA\x00\x00\x00\x00\x00":                  XenMicrocode,
		le32(1) + blankText(16) + le32(1):          XenMicrocode,
		le32(1) + blankText(16) + le32(2):          "",
		"070701":                                   "",
		"\x1f\x8b":                                 "",
		"":                                         "",
	} {
		if got := XenModuleOf([]byte(file)); got != want {
			t.Errorf("%q is %q, not %q", file, got, want)
		}
	}
}

func blankText(n int) string { return string(make([]byte, n)) }
