package image

import (
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// by has a compressor of Debian's compress what it is given in a pipe, as initrds are made.
func by(t *testing.T, what []byte, command string) []byte {
	t.Helper()
	words := strings.Fields(command)
	c := exec.Command(words[0], words[1:]...)
	c.Stdin = bytes.NewReader(what)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return out
}

// text is an archive of as many bytes, which compresses about as well as programs do.
func text(n int) []byte {
	b := cpioArchive("init")
	for seed := uint32(1); len(b) < n; {
		seed = seed*1664525 + 1013904223
		b = append(b, byte(seed>>24), byte(seed>>16)&3, 0, byte(seed>>28))
	}
	return b
}

func TestInitrdExtent(t *testing.T) {
	early := cpioArchive("kernel/x86/microcode/GenuineIntel.bin")
	plain := text(20 << 20)
	whole := int64(len(plain))
	for _, test := range []struct {
		name    string
		file    []byte
		about   int64 // percent by which it may be off
		guessed bool
	}{
		{"cpio", plain, 0, false},
		{"gzip", by(t, plain, "gzip -1"), 0, false},
		{"microcode and gzip", join(early, make([]byte, 512), by(t, plain, "gzip -1")), 1, false},
		{"xz", by(t, plain, "xz -0 --check=crc32"), 0, false},
		{"xz of several blocks", by(t, plain, "xz -0 --block-size=1MiB"), 0, false},
		{"lzma without a size", by(t, plain, "xz -0 --format=lzma"), 100, true},
		{"zstd of a pipe", by(t, plain, "zstd -1"), 5, false},
		{"zstd with its size", by(t, plain, "zstd -1 --stream-size="+strconv.FormatInt(whole, 10)), 0, false},
		{"lz4", by(t, plain, "lz4 -l -1"), 20, false},
		{"several gzip files in one", bytes.Repeat(by(t, plain[:1<<20], "gzip -1"), 20), 100, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := LookInitrd(bytes.NewReader(test.file), int64(len(test.file)))
			if err != nil {
				t.Fatal(err)
			}
			e := found.Extent
			off := max(e.Unpacked-whole, whole-e.Unpacked) * 100
			if e.Fetched != int64(len(test.file)) || e.Guessed != test.guessed || off > test.about*whole {
				t.Errorf("%+v of %d bytes in %d", e, whole, len(test.file))
			}
		})
	}
}

// Nothing is said of an initrd whose size nobody tells, and what a damaged file says of
// itself is not believed.
func TestInitrdExtentUnknown(t *testing.T) {
	packed := by(t, text(1<<20), "zstd -1")
	if found, err := LookInitrd(bytes.NewReader(packed), -1); err != nil || found.Extent != (boot.Extent{}) {
		t.Errorf("%+v, %v", found, err)
	}
	lies := []byte("\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\x7f" + strings.Repeat("x", 100))
	found, err := LookInitrd(bytes.NewReader(lies), int64(len(lies)))
	if want := (boot.Extent{Fetched: 113, Unpacked: 339, Guessed: true}); err != nil || found.Extent != want {
		t.Errorf("%+v, %v; want %+v", found.Extent, err, want)
	}
}

func TestKernelExtent(t *testing.T) {
	x86 := x86Kernel(0x020f, 0x7f, peX64, "6.1")
	copy(x86[0x260:], le32(52<<20))
	arm := imageFile("ARM\x64", peARM64)
	copy(arm[0x10:], le32(30<<20))
	for _, test := range []struct {
		name     string
		file     []byte
		unpacked int64
		guessed  bool
	}{
		{"x86", x86, 52 << 20, false},
		{"x86 of before 2.6.30", x86Kernel(0x0207, 0, 0, "2.6.18"), 4 * 16 << 10, true},
		{"arm64", arm, 30 << 20, false},
		{"arm64 in gzip", gzipped(t, arm), 30 << 20, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			size := int64(len(test.file))
			found, err := Look(bytes.NewReader(test.file), size)
			if want := (boot.Extent{Fetched: size, Unpacked: test.unpacked, Guessed: test.guessed}); err != nil || found.Extent != want {
				t.Errorf("%+v, %v; want %+v", found.Extent, err, want)
			}
			if found, err = Look(bytes.NewReader(test.file), -1); err != nil || found.Extent != (boot.Extent{}) {
				t.Errorf("%+v, %v", found.Extent, err)
			}
		})
	}
}
