package uki

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestLayoutRefused(t *testing.T) {
	stub := open(t, stubX64)
	section := func(name string, sizes ...int64) Part {
		p := Part{Section: name}
		for _, n := range sizes {
			p.Contents = append(p.Contents, Content{Size: n})
		}
		return p
	}
	var many []Part
	for i := range 8 {
		many = append(many, section(".p"+strconv.Itoa(i), 1))
	}
	for _, tt := range []struct {
		name  string
		parts []Part
		want  string
	}{
		{"too many", many, "room for 7 more sections in its headers, and 8 are wanted"},
		{"4 GiB", []Part{section(".initrd", 4<<30)}, "with section .initrd the image would be larger than 4 GiB"},
		{"4 GiB of two", []Part{section(".initrd", 2<<30, 2<<30)}, "with section .initrd the image would be larger"},
		{"4 GiB with the kernel", []Part{section(".initrd", 4<<30-1<<20), section(".linux", 8<<20)}, "with section .linux the image would be larger"},
		{"4 GiB with the stub", []Part{section(".linux", 4<<30-1)}, "with section .linux the image would be larger"},
		{"4 GiB of memory", []Part{{Section: ".linux", Contents: []Content{Text("k")}, Memory: 4 << 30}}, "larger than 4 GiB"},
		{"huge", []Part{section(".initrd", 1<<62, 1<<62, 1<<62)}, "larger than 4 GiB"},
		{"long name", []Part{section(".cmdlines", 1)}, `".cmdlines" can't be the name`},
		{"no name", []Part{section("", 1)}, `"" can't be the name`},
		{"twice", []Part{section(".dtb", 1), section(".dtb", 1)}, "two sections .dtb"},
		{"the stub's", []Part{section(".sbat", 1)}, "two sections .sbat"},
		{"empty", []Part{section(".cmdline", 0)}, "section .cmdline would be empty"},
		{"nothing", []Part{section(".initrd")}, "section .initrd would be empty"},
		{"two kernels", []Part{section(".linux", 1, 1)}, "only .initrd can have several"},
		{"kernel first", []Part{section(".linux", 1), section(".initrd", 1)}, "section .initrd would follow .linux"},
		{"negative", []Part{section(".linux", -1)}, "says it has -1"},
		{"bytes", []Part{{Section: ".cmdline", Contents: []Content{{7, []byte("quiet")}}}}, "a content of 5 bytes that says it has 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := stub.Layout(tt.parts...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNoStub(t *testing.T) {
	stub := open(t, stubX64)
	image, err := stub.Layout(Part{Section: ".linux", Contents: []Content{Text("kernel")}})
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(stub.bytes, []byte("systemd-stub "), []byte("another-stub "), 1)
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"loader", read(t, "/usr/lib/ipxe/snponly.efi"), "another EFI application for x64"},
		{"systemd-boot", read(t, "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"), "it is systemd-boot 252"},
		{"another stub", other, "it is another-stub 252"},
		{"image", assemble(t, image, nil), "it is a unified kernel image already"},
		{"ELF", read(t, "/usr/lib/systemd/boot/efi/linuxx64.elf.stub"), `it begins with "\x7fE"`},
		{"cut off", stub.bytes[:1000], "cut off"},
		{"empty", nil, "0 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := OpenStub(tt.file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzLayout(f *testing.F) {
	for path := range stubs(f) {
		f.Add(open(f, path).bytes, int64(1001), int64(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, one, two int64) {
		stub, err := OpenStub(b)
		if err != nil {
			return
		}
		image, err := stub.Layout(Part{Section: ".initrd", Contents: []Content{{Size: one}, {Size: two}}})
		if err != nil {
			return
		}
		if head := image.Pieces[0]; head.Kind != Memory || head.Size > int64(len(b))+64<<10 || head.Size != int64(len(head.Bytes)) {
			t.Errorf("head of %d bytes for a stub of %d", head.Size, len(b))
		}
		var end int64
		for _, p := range image.Pieces {
			if p.Offset != end || p.Size < 0 || p.Size == 0 && p.Kind != External {
				t.Errorf("%+v after %d bytes", p, end)
			}
			end += p.Size
		}
		if end != image.Size || end > 4<<30 {
			t.Errorf("%d bytes, its size is %d", end, image.Size)
		}
	})
}
