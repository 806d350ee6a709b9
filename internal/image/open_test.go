package image

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// installed returns the one file that a pattern names, from a Debian package.
func installed(t *testing.T, pattern, install string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file %s; run %s", pattern, install)
	}
	return files[0]
}

func debianKernel(t *testing.T) string {
	return unpacked(t, "linux-image-cloud-amd64/boot/vmlinuz-*")
}

func TestOpenDebiansKernel(t *testing.T) {
	path := debianKernel(t)
	found, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if found.Extent.Unpacked < 3*found.Extent.Fetched || found.Extent.Guessed {
		t.Errorf("%+v", found.Extent)
	}
	found.Extent = boot.Extent{}
	release := strings.TrimPrefix(filepath.Base(path), "vmlinuz-")
	want := Found{boot.KindLinux, boot.X64, BzImage, release, true, true, "", true, "Linux kernel " + release + ", x86-64, EFI stub, signed", boot.Extent{}, false, false}
	if found != want {
		t.Errorf("got %+v, want %+v", found, want)
	}
	initrd, err := OpenInitrd(path)
	if err != nil || !strings.Contains(initrd.Warning, ", not an initrd") {
		t.Errorf("as an initrd: %+v, %v", initrd, err)
	}
}

func TestOpenDebiansIPXE(t *testing.T) {
	const install = "apt-get install ipxe"
	if found, err := Open(installed(t, "/usr/lib/ipxe/ipxe.lkrn", install)); err != nil || found.Format != BzImage || found.EFIStub {
		t.Errorf("ipxe.lkrn: %+v, %v", found, err)
	}
	if found, err := Open(installed(t, "/usr/lib/ipxe/ipxe.efi", install)); err != nil || found.Format != EFI || found.Arch != boot.X64 {
		t.Errorf("ipxe.efi: %+v, %v", found, err)
	}
	if found, err := Open(installed(t, "/usr/lib/ipxe/ipxe.iso", install)); err != nil || found.Kind != boot.KindDisk {
		t.Errorf("ipxe.iso: %+v, %v", found, err)
	}
}

// Debian's cpio and gzip, as an initramfs is made.
func TestOpenInitrdOfRealTools(t *testing.T) {
	for _, tool := range []string{"cpio", "gzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("no %s: apt-get install %s", tool, tool)
		}
	}
	dir := t.TempDir()
	script := `set -e
		touch init; mkdir -p kernel/x86/microcode; head -c 100000 /dev/zero >kernel/x86/microcode/AuthenticAMD.bin
		echo init | cpio -o -H newc >plain
		gzip <plain >compressed
		(find kernel | cpio -o -H newc; cat compressed) >microcode`
	build := exec.Command("sh", "-c", script)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for file, want := range map[string]string{
		"plain":      "initrd (cpio archive)",
		"compressed": "initrd (gzip)",
		"microcode":  "initrd (gzip) behind CPU microcode or ACPI tables",
	} {
		got, err := OpenInitrd(filepath.Join(dir, file))
		got.Extent = boot.Extent{}
		if err != nil || got != (Initrd{Description: want}) {
			t.Errorf("%s: %+v, %v; want %q", file, got, err, want)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "page")
	if err := os.WriteFile(page, []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{filepath.Join(dir, "missing"), "there is no file "},
		{dir, " is a folder"},
		{fifo, " is no regular file"},
		{page, ": this is a web page"},
		{filepath.Join(page, "below"), " cannot be read: "},
	} {
		_, err := Open(test.path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", test.path, err, test.want)
		}
		if advice.Of(err) == "" {
			t.Errorf("%v: nothing is said of what to do", err)
		}
		if _, err := OpenInitrd(test.path); err == nil && test.path != page {
			t.Errorf("%s is taken for an initrd", test.path)
		}
	}
}

// Root reads everything, so the error is made here.
func TestUnreadable(t *testing.T) {
	err := Explain("/boot/vmlinuz", &fs.PathError{Op: "open", Path: "/boot/vmlinuz", Err: syscall.EACCES})
	if want := "/boot/vmlinuz may not be read (permission denied)"; err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}

func TestFetch(t *testing.T) {
	const url = "http://192.0.2.1/vmlinuz"
	get := func(file []byte) Reader {
		return func(_ context.Context, asked string, read func(io.ReaderAt, int64) error) error {
			if asked != url {
				t.Errorf("asked for %s", asked)
			}
			return read(bytes.NewReader(file), -1)
		}
	}
	found, err := Fetch(t.Context(), url, get(imageFile("ARM\x64", 0)))
	if err != nil || found.Arch != boot.ARM64 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := Fetch(t.Context(), url, get([]byte("<html>"))); err == nil || !strings.HasPrefix(err.Error(), url+": this is a web page") {
		t.Errorf("%v", err)
	}
	initrd, err := FetchInitrd(t.Context(), url, get(cpioArchive("init")))
	if err != nil || initrd.Warning != "" {
		t.Errorf("%+v, %v", initrd, err)
	}
	failing := func(context.Context, string, func(io.ReaderAt, int64) error) error { return errBroken }
	if _, err := Fetch(t.Context(), url, failing); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}
