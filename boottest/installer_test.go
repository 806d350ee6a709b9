package boottest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Debian's installer boots out of its CD image, whose initrd knows no network: it takes the
// files that come with it for its CD, loads its packages from there, and with their drivers
// asks for an address. Its log goes to the serial line.
func TestDebianInstallerISO(t *testing.T) {
	w := newWorld(t)
	iso := filepath.Join(w.TempDir(), "debian-12-amd64-netinst.iso")
	w.run("sh", "installer/make.sh", w.debianNetboot(), iso)
	answers, err := os.ReadFile("installer/preseed.cfg")
	w.check(err)
	extra := filepath.Join(w.TempDir(), "answers.gz")
	w.check(lab.ExtraInitramfs(extra, map[string]string{
		"preseed.cfg":                           string(answers),
		"lib/debian-installer-startup.d/S11log": "tail -n +1 -f /var/log/syslog >/dev/ttyS0 2>&1 </dev/null &\n",
	}))
	spur := w.beside("boot", iso, extra, "--cmdline", "console=ttyS0 no_timer_check DEBIAN_FRONTEND=text priority=critical")
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.BIOS, Memory: 1280, Ports: []lab.Port{{Wire: w.wire}}})
	w.check(err)
	w.prints(m, spur,
		`cdrom-detect: the medium came with the initrd: Debian GNU/Linux 12 "Bookworm" - test amd64 NETINST`,
		`anna\[\d+\]: DEBUG: retrieving nic-modules-\S+-di`, `anna\[\d+\]: DEBUG: retrieving netcfg`)
	w.told(spur, m, `"step":"os-asked".*"reason":"d-i"`)
	w.took(spur, m, "ipxe-http")
}
