package grubimage

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the processor is given is what the assembler makes of the text beside it.
func TestPrefix(t *testing.T) {
	text := ".intel_syntax noprefix\n.code16\n"
	for _, i := range prefixCode() {
		text += i.text + "\n"
	}
	object := filepath.Join(t.TempDir(), "prefix.o")
	build := exec.Command("as", "-o", object, "-")
	build.Stdin = strings.NewReader(text)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	flat := object + ".bin"
	if out, err := exec.Command("objcopy", "-O", "binary", "-j", ".text", object, flat).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := os.ReadFile(flat)
	if err != nil {
		t.Fatal(err)
	}
	if got := prefix(); !bytes.Equal(got, append(want, ProxyMark...)) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	if len(prefix()) > 0x300 {
		t.Errorf("%d bytes reach into what the code keeps at 0:7f00", len(prefix()))
	}
}
