package lab

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/cpio"
)

//go:embed init.sh
var initScript []byte

//go:embed init-udhcpc.sh
var initLeaseScript []byte

// InitramfsOptions say what else goes into an initramfs.
type InitramfsOptions struct {
	// Arch is for which machines it is; by default x64.
	Arch boot.Arch

	// Modules are loaded besides those of virtio's network and disks.
	Modules []string

	// Files are added: contents by path, without a slash in front.
	Files map[string]string

	// Programs of this system are added by name, with their libraries.
	Programs []string
}

// The lines that the initramfs of Initramfs writes on its consoles. WaitFor
// takes them as patterns; the groups are named in Up's comment.
const (
	// Up is written when the machine is up. Groups: the kernel's command
	// line; the files below /extra, separated by spaces; the addresses;
	// "bios" or "uefi".
	Up = `SPUR-LAB-UP cmdline=\[(.*)\] files=\[(.*)\] address=\[(.*)\] firmware=\[(.*)\]`

	// Fetched is written when the URL of spur.up= was fetched. Groups: the
	// URL and what came.
	Fetched = `SPUR-LAB-FETCHED url=\[(.*)\] body=\[(.*)\]`

	// FileLine is written, before Up, for each file below /extra. Groups:
	// path, length in bytes, SHA-256 in hexadecimal.
	FileLine = `SPUR-LAB-FILE (\S+) (\d+) ([0-9a-f]{64})`
)

// guestModules are the drivers of the lab's machines.
func guestModules() []string {
	return []string{"virtio_pci", "virtio_net", "virtio_rng", "virtio_blk", "virtio_scsi", "e1000", "e1000e"}
}

// Initramfs writes a small system to boot: Debian's busybox, the drivers it
// needs out of Debian's cloud kernel, and an init that asks for an address,
// writes the line Up on its consoles, fetches the URL of the command line's
// spur.up=, and powers off, or stays with a shell on the serial port with
// spur.lab=stay. The bytes depend on nothing but the packages and options.
func Initramfs(path string, options InitramfsOptions) error {
	if options.Arch == "" {
		options.Arch = boot.X64
	}
	platform, err := platformOf(options.Arch)
	if err != nil {
		return err
	}
	busybox, err := platform.busybox.find()
	if err != nil {
		return err
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		return fmt.Errorf("initramfs: %w", err)
	}
	drivers, err := modules(platform.kernel, append(guestModules(), options.Modules...)...)
	if err != nil {
		return err
	}
	return writeArchive(path, func(c *cpio.Writer) error {
		for _, dir := range []string{"dev", "etc", "proc", "sys", "tmp", "root"} {
			c.Folders(dir)
		}
		c.File("bin/busybox", 0o755, program)
		c.Link("bin/sh", "busybox")
		c.File("init", 0o755, initScript)
		c.File("udhcpc.sh", 0o755, initLeaseScript)
		addTexts(c, options.Files)
		if err := addPrograms(c, options.Programs); err != nil {
			return err
		}
		addModules(c, drivers)
		return nil
	})
}

func addModules(c *cpio.Writer, drivers []module) {
	var order strings.Builder
	for _, m := range drivers {
		c.File("modules/"+m.name+".ko", 0o644, m.content)
		order.WriteString(m.name + "\n")
	}
	c.File("modules/order", 0o644, []byte(order.String()))
}

func addTexts(c *cpio.Writer, files map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		c.File(strings.TrimPrefix(name, "/"), 0o644, []byte(files[name]))
	}
}

// ExtraInitramfs writes a small archive to load as one more initrd: contents
// by path. What lies below extra/ is listed by the init of Initramfs.
func ExtraInitramfs(path string, files map[string]string) error {
	return writeArchive(path, func(c *cpio.Writer) error {
		addTexts(c, files)
		return nil
	})
}

func writeArchive(path string, fill func(*cpio.Writer) error) error {
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	c := cpio.NewWriter(zip)
	if err := fill(c); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return fmt.Errorf("initramfs %s: %w", path, err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("initramfs %s: %w", path, err)
	}
	// The kernel finds the next archive at a multiple of four bytes, where a
	// loader joins the files of several initrds without a gap.
	for archive.Len()%4 != 0 {
		archive.WriteByte(0)
	}
	if err := writeFile(path, &archive); err != nil {
		return fmt.Errorf("initramfs: %w", err)
	}
	return nil
}

func writeFile(path string, content io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, content); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
