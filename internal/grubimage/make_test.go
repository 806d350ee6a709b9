package grubimage

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

func modules(t *testing.T) string {
	t.Helper()
	dir, err := lab.Unpacked("grub-pc-bin", "usr/lib/grub")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// An image for a BIOS begins with our code.
func TestMake(t *testing.T) {
	tool, err := Tool()
	if err != nil {
		t.Fatal(err)
	}
	target := Targets()[0]
	if !target.Has(modules(t)) || target.Has(t.TempDir()) {
		t.Error("the modules are not found, or where there are none")
	}
	image, err := target.Make(t.Context(), tool, modules(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	again, err := target.Make(t.Context(), tool, modules(t), t.TempDir())
	if err != nil || !bytes.Equal(image, again) {
		t.Errorf("made again it is another one, %v", err)
	}
	if !bytes.HasPrefix(image, prefix()) {
		t.Errorf("it begins with %x", image[:prefixSize])
	}
	if _, err := forBIOS(image); err == nil {
		t.Error("what has our code already gets it again")
	}
}

// What goes wrong is said in one line, bounded.
func TestMakeFails(t *testing.T) {
	target, dir := Targets()[0], t.TempDir()
	for name, script := range map[string]string{
		"fails": "echo 'no such\nmodule' >&2; exit 3",
		"talks": "yes too much | head -c 1000000 >&2; exit 1",
		"small": `while [ "$1" != -o ]; do shift; done; echo x >"$2"`,
		"big":   `while [ "$1" != -o ]; do shift; done; truncate -s 17M "$2"`,
		"lost":  "true",
	} {
		tool := filepath.Join(dir, name)
		if err := os.WriteFile(tool, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := target.Make(t.Context(), tool, dir, t.TempDir())
		if err == nil || strings.Contains(err.Error(), "\n") || len(err.Error()) > saysMost+200 {
			t.Errorf("%s: %d bytes: %.300v", name, len(err.Error()), err)
		}
	}
}
