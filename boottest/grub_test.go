package boottest

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// madeGRUB is the folder of a GRUB that Spur has made of the modules in a package of
// Debian's.
func (w *world) madeGRUB(row string) string {
	w.Helper()
	dir := w.TempDir()
	modules, err := lab.Unpacked(row, "usr/lib/grub")
	w.check(err)
	w.run(built.spur, "loader", "make", "grub", "--data", dir, "--modules", modules)
	made, err := filepath.Glob(filepath.Join(dir, "loaders", "*", "grub-*"))
	w.check(err)
	if len(made) != 1 {
		w.Fatalf("made are %v", made)
	}
	return filepath.Dir(made[0])
}

// grubFolder is the folder of the GRUBs in a package of Debian's that are one file each.
func (w *world) grubFolder(row string) string {
	w.Helper()
	grub, err := lab.Unpacked(row, "usr/lib/grub/x86_64-efi/monolithic/grubnetx64.efi")
	w.check(err)
	return filepath.Dir(grub)
}

// A machine boots by GRUB alone where that is asked for: by one that Spur has made, or
// by Debian's without a shim. Their addresses come from a DHCP server on another host, of
// which a GRUB for a BIOS by itself would want its configuration, as 2.06 for UEFI does,
// which boots with addresses of Spur's.
func TestGRUB(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		start    func(*world, ...string) *lab.Process
		folder   func(*world, string) string
		row      string
		route    string
	}{
		{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, arrangements[0].start, (*world).madeGRUB, "grub-pc-bin", "bios-grub"},
		{"iPXE in a BIOS ROM", lab.BIOS, lab.Port{}, arrangements[0].start, (*world).madeGRUB, "grub-pc-bin", "bios-ipxe-grub"},
		{"UEFI with Debian's GRUB 2.12", lab.UEFI, lab.Port{}, arrangements[0].start, (*world).grubFolder, "grub-efi-amd64-unsigned/trixie", "uefi-grub"},
		{"HTTP Boot with Debian's GRUB 2.12", lab.UEFIHTTP, lab.Port{}, arrangements[0].start, (*world).grubFolder, "grub-efi-amd64-unsigned/trixie", "uefi-http-grub"},
		{"UEFI with GRUB 2.06", lab.UEFI, lab.Port{}, arrangements[2].start, (*world).madeGRUB, "grub-efi-amd64-bin", "uefi-grub"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			explained := w.explained()
			spur := tt.start(w, "--loaders", tt.folder(w, tt.row), "--loader", "grub")
			m := w.machine("machine", tt.firmware, tt.port)
			w.up(m, spur)
			w.took(spur, m, tt.route)
			explained(`loader grub\S*: `, `script grub\.cfg`, `kernel vmlinuz\S*: \d+ MiB`, `as far as can be seen, all went well`)
		})
	}
}

// A ROM that says that it is gPXE is given a script that gPXE understands, or what it
// can start instead of itself. It is an iPXE here that is told to say so, and that
// understands gPXE's commands as well.
func TestGPXE(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		also   lab.Filter
		args   func(*world) []string
		routes []string
	}{
		{"over HTTP", nil, nil, []string{"bios-gpxe-http"}},
		{"over TFTP", &without{feature: featHTTP, always: true}, nil, []string{"bios-gpxe-tftp"}},
		{"by iPXE", nil, func(*world) []string { return []string{"--loader", "ipxe"} }, []string{"bios-gpxe-undionly", "ipxe-http"}},
		{"by GRUB", nil, func(w *world) []string { return []string{"--loaders", w.madeGRUB("grub-pc-bin"), "--loader", "grub"} }, []string{"bios-gpxe-grub"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			var args []string
			if tt.args != nil {
				args = tt.args(w)
			}
			explained := w.explained()
			spur := w.boot(args...)
			filters := []lab.Filter{&asGPXE{}}
			if tt.also != nil {
				filters = append(filters, tt.also)
			}
			m := w.machine("machine", lab.BIOS, lab.Port{Filters: filters})
			w.up(m, spur)
			w.took(spur, m, tt.routes...)
			explained(`asks to boot: BIOS, gPXE`, `kernel vmlinuz\S*: \d+ MiB`, `as far as can be seen, all went well`)
		})
	}
}

// asGPXE makes the iPXE of a ROM say that it is gPXE, until the first file is asked for
// by TFTP: then another program may speak.
type asGPXE struct{ loaded bool }

func (g *asGPXE) Frame(way lab.Direction, frame []byte) []byte {
	if way != lab.ToWire || !isUDP(frame) || g.loaded {
		return frame
	}
	switch binary.BigEndian.Uint16(frame[offUDPPorts+2:]) {
	case 69:
		g.loaded = true
	case 67, 4011:
		frame = bytes.Clone(frame)
		if at := bytes.Index(frame[offDHCP:], []byte("\x4d\x04iPXE")); at >= 0 {
			frame[offDHCP+at+2] = 'g'
			frame[offUDPSum], frame[offUDPSum+1] = 0, 0 // no checksum (RFC 768)
		}
	}
	return frame
}
