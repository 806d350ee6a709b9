package boottest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// rpiTarget is a kernel for arm64 with device trees beside it, and two initrds.
func (w *world) rpiTarget() (kernel string, initrds []string) {
	w.Helper()
	real, err := lab.KernelFor(boot.ARM64)
	w.check(err)
	dir := w.TempDir()
	w.check(os.Chmod(dir, 0o755))
	kernel = filepath.Join(dir, "vmlinuz")
	w.check(os.Symlink(real, kernel))
	for _, m := range rpiModels {
		w.check(os.WriteFile(filepath.Join(dir, m.tree), []byte("the tree of a "+m.name), 0o644))
	}
	return kernel, []string{built.extra1, built.extra2}
}

// rpiFirmware is the folder of Debian's firmware for Raspberry Pis.
func (w *world) rpiFirmware() string {
	w.Helper()
	path, err := lab.Unpacked("raspi-firmware/bookworm", "usr/lib/raspi-firmware/start4.elf")
	w.check(err)
	return filepath.Dir(path)
}

// Raspberry Pis of all models that boot over a network get a kernel, its initrds and
// its command line, put together with their firmware, beside a DHCP server and with
// addresses of Spur's.
func TestRaspberryPi(t *testing.T) {
	for _, a := range []struct {
		name string
		args []string
	}{
		{"beside a DHCP server", nil},
		{"with its own DHCP server", []string{"--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"}},
	} {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			if a.args == nil {
				w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			}
			kernel, initrds := w.rpiTarget()
			firmware := w.rpiFirmware()
			args := append([]string{"boot", kernel}, initrds...)
			spur := w.spur(append(append(args, "--cmdline", "console=ttyS1 spur.up={{ UP }}", "--loaders", firmware), a.args...)...)
			for _, m := range rpiModels {
				p := w.newRPi(m)
				if err := p.boot(w.ctx); err != nil {
					t.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(60))
				}
				w.rpiGot(p, kernel, initrds, firmware)
				w.rpiStory(spur, p)
			}
			taken.Store("rpi-tftp", true)
		})
	}
}

// rpiGot checks what a board has got, byte by byte.
func (w *world) rpiGot(p *rpi, kernel string, initrds []string, firmware string) {
	w.Helper()
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		w.check(err)
		return b
	}
	initrd := read(initrds[0])
	initrd = append(append(initrd, make([]byte, -len(initrd)&3)...), read(initrds[1])...)
	want := map[string][]byte{
		"kernel8.img": read(kernel), "initramfs": append(initrd, make([]byte, -len(initrd)&3)...), p.tree: []byte("the tree of a " + p.name),
	}
	if p.starter != "" {
		want[p.starter] = read(filepath.Join(firmware, p.starter))
	}
	if p.rom {
		want["bootcode.bin"] = read(filepath.Join(firmware, "bootcode.bin"))
	}
	for name, content := range want {
		if !bytes.Equal(p.got[name], content) {
			w.Errorf("a Raspberry Pi %s got %d bytes of %s, want %d", p.name, len(p.got[name]), name, len(content))
		}
	}
	if !regexp.MustCompile(`^console=ttyS1 spur\.up=http://10\.77\.0\.1/\S+/up\n$`).Match(p.got["cmdline.txt"]) {
		w.Errorf("a Raspberry Pi %s has the command line %q", p.name, p.got["cmdline.txt"])
	}
}

// rpiStory checks what is told of a board's boot: no more than it needs, as one boot.
func (w *world) rpiStory(spur *lab.Process, p *rpi) {
	w.Helper()
	mac := regexp.QuoteMeta(p.mac.String())
	if _, err := spur.WaitFor(w.ctx, `(?m)^.*kernel kernel8\.img: .*`+mac+`.*$`); err != nil {
		w.Fatal(err)
	}
	story := ""
	for line := range strings.Lines(spur.String()) {
		if strings.Contains(line, p.mac.String()) {
			story += line
		}
	}
	for _, want := range []string{"asks to boot: Raspberry Pi", "offered .*config.txt over TFTP \\(route rpi-tftp\\)", "initrd initramfs: ", "serial number " + p.serial} {
		if !regexp.MustCompile(want).MatchString(story) {
			w.Errorf("the story of a Raspberry Pi %s doesn't say %q:\n%s", p.name, want, story)
		}
	}
	for _, unwanted := range []string{"isn't there", "broke off", "ipxe"} {
		if strings.Contains(story, unwanted) {
			w.Errorf("the story of a Raspberry Pi %s says %q:\n%s", p.name, unwanted, story)
		}
	}
	if n := strings.Count(story, "config.txt: "); n != 1 {
		w.Errorf("a Raspberry Pi %s was given config.txt in %d lines of the story:\n%s", p.name, n, story)
	}
	if n := strings.Count(story, "asks to boot"); n != 1 {
		w.Errorf("the boot of a Raspberry Pi %s is told as %d:\n%s", p.name, n, story)
	}
}
