package boottest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Files of Debian's packages of Syslinux, as rows of scripts/install and paths.
var (
	lpxelinux  = [2]string{"pxelinux", "usr/lib/PXELINUX/lpxelinux.0"}
	pxelinux   = [2]string{"pxelinux", "usr/lib/PXELINUX/pxelinux.0"}
	ldlinux    = [2]string{"syslinux-common", "usr/lib/syslinux/modules/bios/ldlinux.c32"}
	syslinux64 = [2]string{"syslinux-efi", "usr/lib/SYSLINUX.EFI/efi64/syslinux.efi"}
	ldlinux64  = [2]string{"syslinux-common", "usr/lib/syslinux/modules/efi64/ldlinux.e64"}
)

// Machines are given PXELINUX or Syslinux, beside a DHCP server of the network that has
// options for a PXELINUX of its own.
func TestSyslinux(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		route    string
		loader   string
		firmware lab.Firmware
		port     lab.Port
		files    [][2]string
		over     string // of the kernel
		capture  string // what is said of it
	}{
		{"bios-lpxelinux", "pxelinux", lab.BIOS, lab.Port{PlainROM: true}, [][2]string{lpxelinux, ldlinux}, "http", `loader lpxelinux\.0`},
		{"bios-pxelinux", "pxelinux", lab.BIOS, lab.Port{PlainROM: true}, [][2]string{pxelinux, ldlinux}, "tftp", `loader pxelinux\.0`},
		{"uefi-x64-syslinux", "syslinux", lab.UEFI, lab.Port{}, [][2]string{syslinux64, ldlinux64}, "tftp", `loader syslinux64\.efi`},
	} {
		t.Run(tt.route, func(t *testing.T) {
			w := newWorld(t)
			_, err := lab.DNSMasq{Host: w.otherHost("dhcp", dhcpAddr), Range: dhcpRange, Args: []string{
				"--dhcp-option-force=209,theirs.cfg", "--dhcp-option-force=210,/theirs/",
			}}.Start(w.ctx)
			w.check(err)
			explained := w.explained()
			spur := w.boot("--loader", tt.loader, "--loaders", w.folderOf(tt.files...))
			m := w.machine("machine", tt.firmware, tt.port)
			w.up(m, spur)
			if !regexp.MustCompile(`"sub":"` + tt.over + `".*"role":"kernel"`).MatchString(spur.String()) {
				t.Errorf("the kernel didn't come over %s:\n%s", tt.over, spur.Tail(40))
			}
			w.took(spur, m, tt.route)
			explained(tt.capture, `script default: \d+ bytes`, `kernel vmlinuz\S*: \d+ MiB`, `as far as can be seen, all went well`)
			if strings.Contains(spur.String(), "theirs") {
				t.Errorf("what the other DHCP server names was asked for:\n%s", spur.Tail(40))
			}
		})
	}
}

// On a host without iPXE a BIOS is given PXELINUX; with Spur's own DHCP server the
// address and the boot file come in one packet.
func TestPXELINUXWithAddresses(t *testing.T) {
	w := newWorld(t)
	spur := w.bootWithout("/usr/lib/ipxe", "--loaders", w.folderOf(lpxelinux, ldlinux), "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.up(m, spur)
	w.took(spur, m, "bios-lpxelinux")
}

// PXELINUX tries again where a kernel can't be had, until it can.
func TestPXELINUXTriesAgain(t *testing.T) {
	w := newWorld(t)
	other := w.otherHost("other", dhcpAddr)
	w.foreignDHCP(other)
	var refused atomic.Bool
	w.apiServer(other, func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/boot/"):
			fmt.Fprintf(rw, `{"kernel": %q, "initrd": ["file://%s", "file://%s", "file://%s"], "cmdline": "console=ttyS0 spur.note={{ URL \"file://%s\" }} spur.up={{ UP }}"}`,
				built.kernel, built.initrd, built.extra1, built.extra2, built.note)
		case !refused.Swap(true):
			http.Error(rw, "not now", http.StatusServiceUnavailable)
		default:
			http.ServeFile(rw, r, r.URL.Path)
		}
	})
	spur := w.spur("api", "http://"+dhcpAddr+":8000", "--allow-files", filepath.Dir(built.extra1), "--loader", "pxelinux", "--loaders", w.folderOf(lpxelinux, ldlinux))
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.told(spur, m, `"step":"fetch-failed".*"role":"kernel"`)
	w.up(m, spur)
	w.took(spur, m, "bios-lpxelinux")
}

// folderOf is a folder with files of unpacked packages.
func (w *world) folderOf(files ...[2]string) string {
	w.Helper()
	dir := w.TempDir()
	for _, f := range files {
		from, err := lab.Unpacked(f[0], f[1])
		w.check(err)
		content, err := os.ReadFile(from)
		w.check(err)
		w.check(os.WriteFile(filepath.Join(dir, filepath.Base(from)), content, 0o644))
	}
	return dir
}

// A module of Syslinux is started by this host's PXELINUX with its arguments; what it
// needs and what was named with it is beside it.
func TestCOM32(t *testing.T) {
	w := newWorld(t)
	modules := w.folderOf([2]string{"syslinux-common", "usr/lib/syslinux/modules/bios/hexdump.c32"}, [2]string{"syslinux-common", "usr/lib/syslinux/modules/bios/libcom32.c32"})
	w.write(modules, map[string]string{"note.txt": "words of a file"})
	spur := w.beside("boot", filepath.Join(modules, "hexdump.c32"), filepath.Join(modules, "note.txt"), "--cmdline", "note.txt", "--loaders", w.folderOf(lpxelinux, ldlinux))
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.prints(m, spur, `words of a file`)
	w.told(spur, m, `"step":"fetch-end".*"file":"hexdump\.c32"`)
	w.took(spur, m, "bios-lpxelinux")
}
