package lab

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// platform is what the machines of one architecture have in common.
type platform struct {
	qemu    packaged // the program
	args    []string // of QEMU
	bios    packaged // what runs before the firmware; empty for nothing
	memory  int      // MiB, by default
	console string   // what Linux calls the serial port
	kernel  string   // the row of scripts/install with a kernel for guests
	busybox packaged // linked statically
}

// platforms are the architectures of the lab's machines. TCG is slow with all
// that the largest processor of ARM can do, so an older one is enough.
func platforms() map[boot.Arch]platform {
	x64 := platform{
		qemu:   packaged{"qemu-system-x86", "usr/bin/qemu-system-x86_64"},
		args:   []string{"-cpu", "max", "-device", "VGA"},
		memory: 512, console: "ttyS0",
		kernel:  "linux-image-cloud-amd64",
		busybox: packaged{"busybox-static", "bin/busybox"},
	}
	return map[boot.Arch]platform{
		boot.X64: x64,
		// A 64-bit processor under firmware of 32 bits, as in tablets of 2013.
		boot.X86: x64,
		boot.ARM64: {
			qemu:   packaged{"qemu-system-arm", "usr/bin/qemu-system-aarch64"},
			args:   []string{"-cpu", "cortex-a57", "-device", "ramfb"},
			memory: 1024, console: "ttyAMA0",
			kernel:  "linux-image-cloud-arm64:arm64",
			busybox: packaged{"busybox-static:arm64", "bin/busybox"},
		},
		boot.RISCV64: {
			qemu:   packaged{"qemu-system-riscv/bookworm-backports", "usr/bin/qemu-system-riscv64"},
			args:   []string{"-cpu", "rv64", "-device", "ramfb"},
			bios:   packaged{"opensbi/trixie", "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"},
			memory: 2048, console: "ttyS0",
			kernel:  "linux-image-riscv64:riscv64/trixie",
			busybox: packaged{"busybox-static:riscv64/trixie", "usr/bin/busybox"},
		},
	}
}

func platformOf(arch boot.Arch) (platform, error) {
	p, ok := platforms()[arch]
	if !ok {
		return platform{}, fmt.Errorf("the lab has no machines of the architecture %q", arch)
	}
	return p, nil
}

// SerialPort is what Linux calls the serial port of a machine, for console=.
func SerialPort(arch boot.Arch) string { return platforms()[arch].console }

// packaged is a file of a Debian package.
type packaged struct {
	row  string // of scripts/install: NAME[:ARCH][/SUITE]
	path string // in the package
}

// find looks where the package is installed, and where scripts/install unpacks.
// Another architecture's or suite's is never installed.
func (p packaged) find() (string, error) {
	if !strings.ContainsAny(p.row, ":/") && isFile("/"+p.path) {
		return "/" + p.path, nil
	}
	return Unpacked(p.row, p.path)
}
