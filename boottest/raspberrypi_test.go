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
	t.Parallel()
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
			explained := w.explained()
			for _, m := range rpiModels {
				p := w.newRPi(m)
				if err := p.boot(w.ctx); err != nil {
					t.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(60))
				}
				w.rpiGot(p, kernel, initrds, firmware)
				w.rpiStory(spur, p)
				// Its system says that it is up.
				_, up, _ := strings.Cut(strings.TrimSpace(string(p.got["cmdline.txt"])), "spur.up=")
				if out, err := p.host.Command(w.ctx, "curl", "-sSf", up).CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
				w.toldOf(spur, p.mac.String(), `"step":"up"`)
			}
			explained(`Raspberry Pi 4, serial number 5b154510`, `TFTP "5b154510/kernel8.img"`, `kernel kernel8.img: 26 MiB`)
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

// rpiFolder is a folder of the operator's: Debian's firmware, and what else is told.
func (w *world) rpiFolder(files map[string]string) string {
	w.Helper()
	dir := w.TempDir()
	firmware := w.rpiFirmware()
	for _, name := range []string{"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat"} {
		content, err := os.ReadFile(filepath.Join(firmware, name))
		w.check(err)
		files[name] = string(content)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		w.check(os.MkdirAll(filepath.Dir(path), 0o755))
		w.check(os.WriteFile(path, []byte(content), 0o644))
	}
	w.check(os.Chmod(dir, 0o755))
	return dir
}

// A folder with a Raspberry Pi's firmware is served as it is, to each board that
// asks: with a kernel of the operator's name, laid out for one board by its serial
// number, and over HTTP. Nobody else gets any of it.
func TestRaspberryPiFolder(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	real, err := lab.KernelFor(boot.ARM64)
	w.check(err)
	kernel, err := os.ReadFile(real)
	w.check(err)
	dir := w.rpiFolder(map[string]string{
		"config.txt": "arm_64bit=1\nkernel=own-kernel\ninitramfs own-initrd followkernel\n", "cmdline.txt": "quiet\n", "own-kernel": string(kernel), "own-initrd": "initrd",
		"bcm2710-rpi-3-b-plus.dtb": "tree", "bcm2711-rpi-4-b.dtb": "tree", "bcm2712-rpi-5-b.dtb": "tree",
		"12345678/config.txt": "kernel=other-kernel\n", "12345678/other-kernel": "other", "12345678/cmdline.txt": "its own\n", "12345678/bcm2712-rpi-5-b.dtb": "tree",
		"boot.img": "an image", "boot.sig": "its signature",
	})
	spur := w.spur("boot", dir)
	for _, m := range rpiModels[1:] {
		p := w.newRPi(m)
		if err := p.boot(w.ctx); err != nil {
			t.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(60))
		}
		want, cmdline := string(kernel), "quiet\n"
		name := "own-kernel"
		if m.name == "5" {
			want, name, cmdline = "other", "other-kernel", "its own\n"
		}
		if string(p.got[name]) != want || string(p.got["cmdline.txt"]) != cmdline {
			t.Errorf("a Raspberry Pi %s got %d bytes of %s and %q", m.name, len(p.got[name]), name, p.got["cmdline.txt"])
		}
		w.toldOf(spur, m.mac.String(), `"file":"`+name+`"`)
		for path, want := range map[string]string{"net_install/boot.img": "an image", "net_install/boot.sig": "its signature"} {
			out, err := p.host.Command(w.ctx, "curl", "-sSf", "http://"+homeAddr+"/"+path).CombinedOutput()
			if err != nil || string(out) != want {
				t.Errorf("over HTTP a Raspberry Pi %s got %q: %v", m.name, out, err)
			}
		}
	}
	stranger := w.otherHost("stranger", "10.77.0.3")
	for _, url := range []string{"http://" + homeAddr + "/net_install/boot.img", "tftp://" + homeAddr + "/config.txt", "tftp://" + homeAddr + "/12345678/config.txt"} {
		if out, err := stranger.Command(w.ctx, "curl", "-sSf", "-m", "10", url).CombinedOutput(); err == nil {
			t.Errorf("a stranger got %q of %s", out, url)
		}
	}
}

// UEFI firmware for a Raspberry Pi is started from its folder, without a kernel.
func TestRaspberryPiLoadsUEFI(t *testing.T) {
	w := newWorld(t)
	dir := w.rpiFolder(map[string]string{"config.txt": "arm_64bit=1\narmstub=RPI_EFI.fd\n", "RPI_EFI.fd": "UEFI firmware", "bcm2711-rpi-4-b.dtb": "tree"})
	spur := w.spur("boot", dir, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")
	p := w.newRPi(rpiModels[2])
	if err := p.boot(w.ctx); err != nil {
		t.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(60))
	}
	if string(p.got["RPI_EFI.fd"]) != "UEFI firmware" {
		t.Errorf("it got %q", p.got["RPI_EFI.fd"])
	}
	w.toldOf(spur, p.mac.String(), `"file":"RPI_EFI.fd","role":"loader"`)
}

// A board whose own firmware isn't in the folder stops there, and the story says so.
func TestRaspberryPiLacksFirmware(t *testing.T) {
	w := newWorld(t)
	dir := w.rpiFolder(map[string]string{"config.txt": "arm_64bit=1\n", "kernel8.img": "kernel", "bcm2711-rpi-4-b.dtb": "tree"})
	w.check(os.Remove(filepath.Join(dir, "start4.elf")))
	spur := w.spur("boot", dir, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")
	explained := w.explained()
	p := w.newRPi(rpiModels[2])
	if err := p.boot(w.ctx); err == nil {
		t.Fatal("it boots")
	}
	if _, err := spur.WaitFor(w.ctx, `(?m)^.*asks for loader start4\.elf, which isn't there.*`+regexp.QuoteMeta(p.mac.String())+`.*$`); err != nil {
		t.Error(err)
	}
	w.toldOf(spur, p.mac.String(), `"cause":"file-missing"`)
	explained(`\(file-missing\)`, `start4\.elf, which isn't there`)
}

// With --dhcp off somebody else's DHCP server says all that a Raspberry Pi goes by,
// and Spur has never heard of the board when it asks for its first file.
func TestRaspberryPiWithoutDHCP(t *testing.T) {
	w := newWorld(t)
	_, err := lab.DNSMasq{Host: w.otherHost("dhcp", dhcpAddr), Range: dhcpRange, Args: []string{
		"--dhcp-boot=bootcode.bin,," + homeAddr, "--dhcp-option-force=60,PXEClient",
		"--dhcp-option-force=43,06:01:03:0a:04:00:50:58:45:09:14:00:00:11:52:61:73:70:62:65:72:72:79:20:50:69:20:42:6f:6f:74:ff",
	}}.Start(w.ctx)
	w.check(err)
	kernel, initrds := w.rpiTarget()
	firmware := w.rpiFirmware()
	spur := w.spur(append(append([]string{"boot", kernel}, initrds...), "--cmdline", "console=ttyS1 spur.up={{ UP }}", "--loaders", firmware, "--dhcp", "off")...)
	p := w.newRPi(rpiModels[2])
	if err := p.boot(w.ctx); err != nil {
		t.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(60))
	}
	w.rpiGot(p, kernel, initrds, firmware)
}
