package boottest

import (
	"debug/pe"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// firmwares are the machines of the matrix. Debian's only BIOS ROM is iPXE's;
// PlainROM hides that, so that it is booted like any other maker's.
var firmwares = []struct {
	name     string
	firmware lab.Firmware
	port     lab.Port
	routes   []string
}{
	{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, []string{"bios-undionly", "ipxe-http"}},
	{"UEFI", lab.UEFI, lab.Port{}, []string{"uefi-x64-snponly", "ipxe-http"}},
}

// arrangements are the ways in which addresses are given.
var arrangements = []struct {
	name  string
	start func(w *world, args ...string) *lab.Process
}{
	{"beside a DHCP server on another host", func(w *world, args ...string) *lab.Process {
		w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
		return w.boot(args...)
	}},
	{"beside a DHCP server on the same host", func(w *world, args ...string) *lab.Process {
		w.foreignDHCP(w.home)
		return w.boot(args...)
	}},
	{"with its own DHCP server", func(w *world, args ...string) *lab.Process {
		return w.boot(append(args, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")...)
	}},
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, f := range firmwares {
		for _, a := range arrangements {
			t.Run(f.name+" "+a.name, func(t *testing.T) {
				w := newWorld(t)
				explained := w.explained()
				spur := a.start(w)
				m := w.machine("machine", f.firmware, f.port)
				w.up(m, spur)
				w.took(spur, m, f.routes...)
				explained(`iPXE asks what to boot`, `kernel vmlinuz\S*: \d+ MiB in`, `all went well|its system asks for an address`)
			})
		}
	}
}

// A ROM that is iPXE already goes straight to its script.
func TestAlreadyIPXE(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	explained := w.explained()
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{})
	w.up(m, spur)
	w.took(spur, m, "ipxe-http")
	explained(`offered boot.ipxe over HTTP by 10.77.0.1`, `kernel vmlinuz\S*: \d+ MiB in`, `all went well|its system asks for an address`)
}

// An iPXE that says that it has no HTTP is given one that has.
func TestIPXEWithoutHTTP(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		firmware lab.Firmware
		routes   []string
	}{
		{lab.BIOS, []string{"bios-ipxe-undionly", "ipxe-http"}},
		{lab.UEFI, []string{"uefi-x64-ipxe-snponly", "ipxe-http"}},
	} {
		t.Run(string(f.firmware), func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := w.boot()
			m := w.machine("machine", f.firmware, lab.Port{ROM: true, Filters: []lab.Filter{&without{feature: featHTTP}}})
			w.up(m, spur)
			w.took(spur, m, f.routes...)
		})
	}
}

// An iPXE that says that it cannot start a Linux kernel, as VirtualBox's does, is
// given one that can.
func TestIPXEWithoutBzImage(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{Filters: []lab.Filter{&without{feature: featBzImage}}})
	w.up(m, spur)
	w.took(spur, m, "bios-ipxe-undionly", "ipxe-http")
}

// An API names a kernel that UEFI firmware cannot start. Nobody could know
// before, but the story says so once the machine goes round and round.
func TestKernelThatDoesNotStart(t *testing.T) {
	w := newWorld(t)
	other := w.otherHost("other", dhcpAddr)
	w.foreignDHCP(other)
	w.apiServer(other, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/boot/") {
			fmt.Fprintf(rw, `{"kernel": "http://%s:8000/ipxe.lkrn"}`, dhcpAddr)
			return
		}
		http.ServeFile(rw, r, "/usr/lib/ipxe/ipxe.lkrn")
	})
	spur := w.spur("api", "http://"+dhcpAddr+":8000")
	m := w.machine("machine", lab.UEFI, lab.Port{})
	w.told(spur, m, `"cause":"kernel-loop".*"blames":"uefi-x64-snponly"`)
}

// A loader that does not work on a machine is passed over when the machine
// asks again.
func TestSecondTry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		broken   string
		routes   []string
	}{
		{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, "undionly.kpxe", []string{"bios-undionly", "bios-ipxe", "ipxe-http"}},
		{"UEFI", lab.UEFI, lab.Port{}, "snponly.efi", []string{"uefi-x64-snponly", "uefi-x64-ipxe", "ipxe-http"}},
		{
			"iPXE over TFTP alone", lab.BIOS, lab.Port{Filters: []lab.Filter{&without{feature: featHTTP, always: true}}},
			"undionly.kpxe", []string{"bios-ipxe-undionly", "ipxe-tftp"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := w.boot("--loaders", w.breakLoader(tt.broken))
			m := w.machine("machine", tt.firmware, tt.port)
			w.told(spur, m, `"file":"`+tt.broken+`".*"bytes"`)
			w.check(m.Reset(w.ctx))
			w.up(m, spur)
			w.took(spur, m, tt.routes...)
		})
	}
}

// breakLoader makes a folder with a loader that returns as soon as it runs.
func (w *world) breakLoader(name string) string {
	w.Helper()
	dir := w.TempDir()
	loader, err := os.ReadFile(filepath.Join("/usr/lib/ipxe", name))
	w.check(err)
	entry, code := 0, []byte{0x31, 0xc0, 0xcb} // xor ax,ax; retf: the end of an NBP (PXE 2.1 section 4.4.5)
	if filepath.Ext(name) == ".efi" {
		f, err := pe.Open(filepath.Join("/usr/lib/ipxe", name))
		w.check(err)
		defer f.Close()
		address := f.OptionalHeader.(*pe.OptionalHeader64).AddressOfEntryPoint
		for _, s := range f.Sections {
			if address >= s.VirtualAddress && address < s.VirtualAddress+s.Size {
				entry = int(s.Offset + address - s.VirtualAddress)
			}
		}
		// mov eax,14; bts rax,63; ret: EFI_NOT_FOUND
		code = []byte{0xb8, 14, 0, 0, 0, 0x48, 0x0f, 0xba, 0xe8, 63, 0xc3}
	}
	copy(loader[entry:], code)
	w.check(os.WriteFile(filepath.Join(dir, name), loader, 0o644))
	return dir
}

// Firmware that never comes to port 4011 finds its file in the offer itself, at
// its next try.
func TestNeverAsksOn4011(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	m := w.machine("machine", lab.UEFI, lab.Port{Filters: []lab.Filter{not4011{}}})
	w.told(spur, m, `"cause":"offer-ignored".*"route":"uefi-x64-snponly"`)
	w.check(m.Reset(w.ctx))
	w.up(m, spur)
	w.told(spur, m, `"step":"offered".*"shape":"direct"`)
	w.took(spur, m, "uefi-x64-snponly", "ipxe-http")
}
