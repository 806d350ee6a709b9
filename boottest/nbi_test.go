package boottest

import (
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// taggedImage builds a tagged image that prints what it finds where its segments are to be.
func (w *world) taggedImage(flags ...string) string {
	w.Helper()
	dir := w.TempDir()
	image, object := filepath.Join(dir, "image.nbi"), filepath.Join(dir, "image.o")
	w.run("as", append(flags, "--32", "-o", object, "nbi/image.s")...)
	w.run("ld", "-m", "elf_i386", "-Ttext", "0", "--oformat", "binary", "-o", image, object)
	return image
}

// A tagged image is in its places, knows its header and the addresses of machine and
// server, and leaves again, by each loader that is given one, which all take it for a
// kernel. One of 32 bits is called as such.
func TestTaggedImage(t *testing.T) {
	t.Parallel()
	real := []string{
		`tagged image: started`, `header in its place, record [3-6][0-9a-f] 01 [0-9a-f]{2} `, `tagged image: after the first`, `tagged image: at 1 MiB`,
		`tagged image: and zeros`, `tagged image: before that`, `tagged image: after 1 MiB`, `tagged image: at the end`, `tagged image: done`,
	}
	linear := []string{`tagged image: started with 32 bits, tagged image: at 1 MiB, header and record in their places`}
	for _, tt := range []struct {
		name, route, loader string
		files               [][2]string
		port                lab.Port
		flags               []string
		prints              []string
	}{
		{"iPXE", "ipxe-http", "ipxe", nil, lab.Port{}, nil, real},
		{"iPXE with 32 bits", "ipxe-http", "ipxe", nil, lab.Port{}, []string{"--defsym", "LINEAR=1"}, linear},
		{"lpxelinux", "bios-lpxelinux", "pxelinux", [][2]string{lpxelinux, ldlinux}, lab.Port{PlainROM: true}, nil, real},
		{"pxelinux", "bios-pxelinux", "pxelinux", [][2]string{pxelinux, ldlinux}, lab.Port{PlainROM: true}, []string{"--defsym", "LINEAR=1"}, linear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			args := append([]string{"boot", w.taggedImage(tt.flags...), "--loader", tt.loader, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"}, w.ramdiskPrograms()...)
			if tt.files != nil {
				args = append(args, "--loaders", w.folderOf(tt.files...))
			}
			spur := w.spur(args...)
			m := w.machine("machine", lab.BIOS, tt.port)
			w.prints(m, spur, tt.prints...)
			w.told(spur, m, `"step":"fetch-end".*"file":"image.nbi","role":"kernel"`)
			w.took(spur, m, tt.route)
		})
	}
}
