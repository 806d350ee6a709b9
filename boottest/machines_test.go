package boottest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/scratch"
)

// Three machines boot what a file names for each: one by its UUID, one by its serial
// number, which its iPXE tells, and one that has no such number by its MAC. Then the file
// says something else, once with an error on the way, and the last one boots that.
func TestMachinesFile(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	folder, err := scratch.New("spur-machines-")
	w.check(err)
	defer folder.Close()
	w.check(os.Chmod(folder.Path(), 0o755))
	for _, name := range []string{"a", "b", "c", "d"} {
		w.check(copyFile(built.kernel, filepath.Join(folder.Path(), name)))
	}
	const uuid = "0f3a1c52-6d0e-4b7a-9c21-525400770002"
	rows := func(last string) string {
		return fmt.Sprintf(`profiles:
  c: {boot: c, initrds: %[2]s, cmdline: "console=ttyS0 no_timer_check quiet spur.row=c"}
machines:
  - uuid: %[1]s
    boot: b
    initrds: [%[2]s, %[3]s]
    cmdline: console=ttyS0 no_timer_check quiet spur.row=b spur.up={{ UP }}
  - serial: ["LAB-*", another]
    profile: c
  - mac: 52:54:00:77:*
    boot: %[4]s
    initrds: %[2]s
    cmdline: console=ttyS0 no_timer_check quiet spur.row=%[4]s
`, uuid, built.initrd, built.extra1, last)
	}
	write := func(text string) {
		next := filepath.Join(folder.Path(), "next")
		w.check(os.WriteFile(next, []byte(text), 0o600)) // root's alone
		w.check(os.Rename(next, filepath.Join(folder.Path(), "machines.yaml")))
	}
	write(rows("a"))
	spur := w.spur("boot", "--machines", filepath.Join(folder.Path(), "machines.yaml"))

	wired := func(port lab.Port) []lab.Port { port.Wire = w.wire; return []lab.Port{port} }
	plain := w.machine("by-mac", lab.BIOS, lab.Port{PlainROM: true})
	efi, err := w.lab.Boot("by-uuid", lab.Hardware{Firmware: lab.UEFI, UUID: uuid, Ports: wired(lab.Port{})})
	w.check(err)
	numbered, err := w.lab.Boot("by-serial", lab.Hardware{Firmware: lab.BIOS, Ports: wired(lab.Port{}), Args: []string{"-smbios", "type=1,serial=LAB-7 x&y=%20"}})
	w.check(err)
	boots := func(m *lab.Machine, row string) {
		t.Helper()
		at, err := m.WaitFor(w.ctx, lab.Up)
		if err != nil {
			t.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
		}
		if !strings.Contains(at.Groups[0]+" ", "spur.row="+row+" ") {
			t.Errorf("%s has the command line %q, not that of the row for %s", m.Name(), at.Groups[0], row)
		}
	}
	boots(plain, "a")
	boots(numbered, "c")
	boots(efi, "b")
	w.took(spur, plain, "bios-undionly", "ipxe-http")
	w.took(spur, numbered, "ipxe-http")
	w.told(spur, efi, `"step":"up"`)

	write(strings.Replace(rows("d"), "serial:", "seril:", 1))
	_, err = spur.WaitFor(w.ctx, `machines.yaml changed, and boots go by what it said before: [^\n]*machines.yaml:8:5: \\"seril\\" is no key`)
	w.check(err)
	write(rows("d"))
	_, err = spur.WaitFor(w.ctx, `machines.yaml changed: the next boot gets it`)
	w.check(err)
	w.check(plain.Wait(w.ctx)) // it has switched itself off
	boots(w.machine("by-mac-again", lab.BIOS, lab.Port{PlainROM: true, MAC: plain.MAC()}), "d")
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
