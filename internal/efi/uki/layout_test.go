package uki

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/lab"
)

const stubX64 = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

// stubs are systemd's stubs of Debian 12, and of 13.
func stubs(t testing.TB) map[string]boot.Arch {
	t.Helper()
	found := map[string]boot.Arch{stubX64: boot.X64}
	for row, stub := range map[string]struct {
		file string
		arch boot.Arch
	}{
		"systemd-boot-efi:arm64":  {"linuxaa64.efi.stub", boot.ARM64},
		"systemd-boot-efi:i386":   {"linuxia32.efi.stub", boot.X86},
		"systemd-boot-efi/trixie": {"linuxx64.efi.stub", boot.X64},
	} {
		path, err := lab.Unpacked(row, filepath.Join("usr/lib/systemd/boot/efi", stub.file))
		if err != nil {
			t.Fatal(err)
		}
		found[path] = stub.arch
	}
	return found
}

func open(t testing.TB, path string) *Stub {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenStub(b)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return s
}

// noise is that many bytes which are not zeros.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

// assemble is the file of a layout; contents has what isn't in memory.
func assemble(t testing.TB, im *Image, contents map[[2]int][]byte) []byte {
	t.Helper()
	var out []byte
	for _, p := range im.Pieces {
		if p.Offset != int64(len(out)) {
			t.Fatalf("piece %+v begins after %d bytes", p, len(out))
		}
		switch p.Kind {
		case Memory:
			out = append(out, p.Bytes...)
		case External:
			out = append(out, contents[[2]int{p.Part, p.Content}]...)
		case Zeros:
			out = append(out, make([]byte, p.Size)...)
		}
	}
	if int64(len(out)) != im.Size {
		t.Fatalf("%d bytes, and its size is %d", len(out), im.Size)
	}
	return out
}

// Images of every stub are read by binutils and sbsigntool, which find in them
// what was put in.
func TestLayout(t *testing.T) {
	for path, arch := range stubs(t) {
		t.Run(strings.Trim(path, "/"), func(t *testing.T) {
			stub := open(t, path)
			if stub.Arch != arch || !strings.HasPrefix(stub.Version, "25") {
				t.Errorf("stub %s %s", stub.Arch, stub.Version)
			}
			one, two, kernel := noise(1001), noise(70000), noise(123457)
			image, err := stub.Layout(
				Part{Section: ".osrel", Contents: []Content{Text("ID=debian\n")}},
				Part{Section: ".cmdline", Contents: []Content{Text("console=ttyS0")}},
				Part{Section: ".initrd", Contents: []Content{{Size: 1001}, {Size: 70000}}},
				Part{Section: ".linux", Contents: []Content{{Size: 123457}}},
			)
			if err != nil {
				t.Fatal(err)
			}
			b := assemble(t, image, map[[2]int][]byte{{2, 0}: one, {2, 1}: two, {3, 0}: kernel})
			checkImage(t, b, map[string][]byte{
				".osrel": []byte("ID=debian\n"), ".cmdline": []byte("console=ttyS0"),
				".initrd": slices.Concat(one, make([]byte, 3), two), ".linux": kernel,
			})
			checkStubKept(t, b, stub)
			checkSigning(t, b)
		})
	}
}

// checkImage compares what objcopy finds in sections with what they should hold,
// and looks whether the sections follow one another without gaps or overlaps.
func checkImage(t *testing.T, b []byte, want map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "image.efi")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := pefile.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range want {
		got, err := f.Contents(bytes.NewReader(b), name, 1<<20)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(data))
		}
		if f.Machine.Arch() == boot.ARM64 {
			continue // binutils for amd64 know x86 only
		}
		out := filepath.Join(dir, "section")
		if said, err := exec.Command("objcopy", "-O", "binary", "-j", name, path, out).CombinedOutput(); err != nil {
			t.Fatalf("objcopy: %v\n%s", err, said)
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, data) {
			t.Errorf("objcopy finds %d bytes in %s, %v; want %d", len(got), name, err, len(data))
		}
	}
	last := f.Sections[len(f.Sections)-1]
	if last.Name != ".linux" || f.SectionsEnd() != int64(len(b)) || f.SizeOfImage%f.SectionAlignment != 0 {
		t.Errorf("%+v\nends at %d of %d", f, f.SectionsEnd(), len(b))
	}
	for i, s := range f.Sections[1:] {
		if before := f.Sections[i]; s.VirtualAddress < before.VirtualAddress+before.VirtualSize || s.RawOffset != before.RawOffset+before.RawSize {
			t.Errorf("%+v follows %+v", s, before)
		}
	}
}

// checkStubKept looks whether the stub's own sections are what they were.
func checkStubKept(t *testing.T, b []byte, stub *Stub) {
	t.Helper()
	f, err := pefile.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Sections[:len(stub.file.Sections)], stub.file.Sections) || f.Entry != stub.file.Entry {
		t.Errorf("sections %+v\nof a stub with %+v", f.Sections, stub.file.Sections)
	}
	first, end := int64(stub.file.SizeOfHeaders), stub.file.SectionsEnd()
	if !bytes.Equal(b[first:end], stub.bytes[first:end]) {
		t.Error("the stub's sections have other bytes")
	}
}

// checkSigning signs an image by sbsign, which warns of a table of sections that
// doesn't cover the file.
func checkSigning(t *testing.T, b []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "image.efi"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout key.pem -out cert.pem",
		"sbsign --key key.pem --cert cert.pem --output signed.efi image.efi",
		"sbverify --cert cert.pem signed.efi",
	} {
		words := strings.Fields(command)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
}

// The sizes in the headers are those that objcopy writes.
func TestSizesAsObjcopy(t *testing.T) {
	stub := open(t, stubX64)
	image, err := stub.Layout(
		Part{Section: ".cmdline", Contents: []Content{Text("quiet")}},
		Part{Section: ".initrd", Contents: []Content{{5001, noise(5001)}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	ours := assemble(t, image, nil)
	got, err := pefile.Read(bytes.NewReader(ours), int64(len(ours)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"cmdline": []byte("quiet"), "initrd": noise(5001)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("objcopy", "--strip-all",
		"--add-section", ".cmdline=cmdline", "--change-section-vma", ".cmdline=0x19400",
		"--add-section", ".initrd=initrd", "--change-section-vma", ".initrd=0x19600", stubX64, "image.efi")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("objcopy: %v\n%s", err, out)
	}
	theirs, err := os.ReadFile(filepath.Join(dir, "image.efi"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := pefile.Read(bytes.NewReader(theirs), int64(len(theirs)))
	if err != nil {
		t.Fatal(err)
	}
	if got.SizeOfImage != want.SizeOfImage || got.SizeOfInitializedData != want.SizeOfInitializedData || !slices.Equal(got.Sections, want.Sections) {
		t.Errorf("got\n%+v\nobjcopy has\n%+v", got, want)
	}
}

func TestMemory(t *testing.T) {
	stub := open(t, stubX64)
	image, err := stub.Layout(Part{Section: ".linux", Contents: []Content{Text("kernel")}, Memory: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	b := assemble(t, image, nil)
	f, err := pefile.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := f.Section(".linux"); s.VirtualSize != 1<<20 || s.RawSize != 512 || f.SizeOfImage != 0x19400+1<<20 {
		t.Errorf("%+v, image of %#x", s, f.SizeOfImage)
	}
}

// The same parts give the same bytes, and no stub is changed.
func TestDeterministic(t *testing.T) {
	stub := open(t, stubX64)
	before := slices.Clone(stub.bytes)
	part := Part{Section: ".cmdline", Contents: []Content{Text("quiet")}}
	var files [2][]byte
	for i := range files {
		image, err := stub.Layout(part)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = assemble(t, image, nil)
	}
	if !bytes.Equal(files[0], files[1]) || !bytes.Equal(stub.bytes, before) {
		t.Error("two layouts differ, or the stub was changed")
	}
}
