package image

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// A module needs others, which need others in turn: they are found beside it, or missed.
func TestCOM32(t *testing.T) {
	modules, err := lab.Unpacked("syslinux-common", "usr/lib/syslinux/modules/bios")
	if err != nil {
		t.Fatal(err)
	}
	found, err := OpenCOM32(filepath.Join(modules, "hdt.c32"))
	var names []string
	for _, path := range found.Needs {
		names = append(names, filepath.Base(path))
	}
	if err != nil || found.Arch != boot.X86 || len(found.Lacks) > 0 || found.Description != "Syslinux module (COM32), x86 (32 bits)" || !slices.Contains(names, "libgpl.c32") || !slices.Contains(names, "libcom32.c32") {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := OpenCOM32(filepath.Join(filepath.Dir(modules), "efi32", "mboot.c32")); err == nil || !strings.Contains(err.Error(), "for UEFI firmware of 32 bits") {
		t.Errorf("a module for UEFI: %v", err)
	}
	alone := filepath.Join(t.TempDir(), "disk.c32")
	content, err := os.ReadFile(filepath.Join(modules, "disk.c32"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if found, err := OpenCOM32(alone); err != nil || !slices.Equal(found.Lacks, []string{"libgpl.c32"}) {
		t.Errorf("%+v, %v", found, err)
	}
	for text, want := range map[string]string{"\xb8\xfe\x4c\xcd\x21 and more": "a module of Syslinux before 5", "text": "no ELF file of a module", string(content[:len(content)/2]): "no ELF file of a module"} {
		if err := os.WriteFile(alone, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCOM32(alone); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func FuzzCOM32(f *testing.F) {
	f.Add([]byte("\x7fELF\x01\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00\x03\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(t.TempDir(), "x.c32")
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := OpenCOM32(path)
		if err == nil && (found.Arch == "" || found.Description == "") {
			t.Errorf("%+v", found)
		}
	})
}
