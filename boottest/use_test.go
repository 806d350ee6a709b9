package boottest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Kernel, initrd and extra file come from URLs; a message is on the screen.
func TestURLs(t *testing.T) {
	w := newWorld(t)
	other := w.otherHost("other", dhcpAddr)
	w.foreignDHCP(other)
	w.apiServer(other, http.FileServer(http.Dir("/")).ServeHTTP)
	at := "http://" + dhcpAddr + ":8000"
	spur := w.spur("boot", at+built.kernel, at+built.initrd, built.extra1,
		"--cmdline", `console=ttyS0 spur.up={{ ID "`+at+built.note+`" }}`, "--message", "Lab 3: ask Ada")
	m := w.machine("machine", lab.BIOS, lab.Port{})
	up, err := m.WaitFor(w.ctx, lab.Up)
	w.check(err)
	if up.Groups[1] != "/extra/one" {
		t.Errorf("files [%s]", up.Groups[1])
	}
	note, err := m.WaitFor(w.ctx, lab.Fetched)
	w.check(err)
	if note.Groups[1] != "a note" {
		t.Errorf("the extra file is %q", note.Groups[1])
	}
	if !strings.Contains(m.Serial().String(), "Lab 3: ask Ada") {
		t.Error("the message is not on the screen")
	}
	w.told(spur, m, `"step":"os-asked"`)
}

// Kea holds port 67 of Spur's host.
func TestBesideKea(t *testing.T) {
	w := newWorld(t)
	_, err := lab.Kea{Host: w.home, Subnet: "10.77.0.0/24", Pool: "10.77.0.50 - 10.77.0.99"}.Start(w.ctx)
	w.check(err)
	spur := w.boot()
	m := w.machine("machine", lab.UEFI, lab.Port{})
	w.up(m, spur)
}

// Somebody's own DHCP server points at Spur, with the words that Spur prints.
func TestDHCPOff(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		firmware lab.Firmware
		port     lab.Port
		loader   string
	}{
		{lab.BIOS, lab.Port{PlainROM: true}, "undionly.kpxe"},
		{lab.UEFI, lab.Port{}, "snponly.efi"},
	} {
		t.Run(string(f.firmware), func(t *testing.T) {
			w := newWorld(t)
			spur := w.boot("--dhcp", "off")
			_, err := lab.DNSMasq{Host: w.otherHost("dhcp", dhcpAddr), Range: dhcpRange, Args: []string{
				"--dhcp-userclass=set:ipxe,iPXE",
				"--dhcp-boot=tag:!ipxe," + f.loader + ",spur," + homeAddr,
				"--dhcp-boot=tag:ipxe,http://" + homeAddr + "/boot.ipxe",
			}}.Start(w.ctx)
			w.check(err)
			// Spur says what to enter into the DHCP server.
			_, err = spur.WaitFor(w.ctx, `file http://`+regexp.QuoteMeta(homeAddr)+`/boot\.ipxe`)
			w.check(err)
			m := w.machine("machine", f.firmware, f.port)
			w.up(m, spur)
			w.told(spur, m, `"file":"`+f.loader+`"`)
		})
	}
}

// Leases survive a restart: a client keeps its address, another gets another.
func TestLeasesSurvive(t *testing.T) {
	w := newWorld(t)
	data := t.TempDir()
	args := []string{"--dhcp", "server", "--pool", "10.77.0.50-10.77.0.51", "--data", data}
	client := func(name string) *lab.Host {
		h, err := w.lab.Host(name, lab.On(w.wire))
		w.check(err)
		return h
	}
	one, two := client("one"), client("two")
	lease := func(h *lab.Host) string {
		l, err := h.UDHCPC(w.ctx, "eth0")
		w.check(err)
		return l.Addr.String()
	}
	spur := w.boot(args...)
	first := lease(one)
	w.check(spur.Stop())
	w.boot(args...)
	if other := lease(two); other == first {
		t.Errorf("two clients have %s", other)
	}
	if again := lease(one); again != first {
		t.Errorf("the first client had %s and has %s now", first, again)
	}
}

// A DHCP server still names a boot server that is gone, to everyone who asks.
// Spur is followed all the same: by a ROM that is iPXE, by edk2, and by the
// iPXE that Spur gives to each.
func TestLeftOverBootFile(t *testing.T) {
	t.Parallel()
	servers := map[string]func(*world, *lab.Host) error{
		"dnsmasq": func(w *world, h *lab.Host) error {
			_, err := lab.DNSMasq{Host: h, Range: dhcpRange, Args: []string{"--dhcp-boot=pxelinux.0,gone," + dhcpAddr}}.Start(w.ctx)
			return err
		},
		"Kea": func(w *world, h *lab.Host) error {
			_, err := lab.Kea{
				Host: h, Subnet: "10.77.0.0/24", Pool: "10.77.0.50 - 10.77.0.99",
				Subnet4: map[string]any{"next-server": dhcpAddr, "boot-file-name": "pxelinux.0"},
			}.Start(w.ctx)
			return err
		},
	}
	machines := []struct {
		firmware lab.Firmware
		port     func() lab.Port
		routes   []string
	}{
		{lab.BIOS, func() lab.Port { return lab.Port{Filters: []lab.Filter{&without{feature: featHTTP}}} }, []string{"bios-ipxe-undionly", "ipxe-http"}},
		{lab.UEFI, func() lab.Port { return lab.Port{} }, []string{"uefi-x64-snponly", "ipxe-http"}},
	}
	for name, start := range servers {
		for _, f := range machines {
			t.Run(name+" "+string(f.firmware), func(t *testing.T) {
				w := newWorld(t)
				w.check(start(w, w.otherHost("dhcp", dhcpAddr)))
				spur := w.boot()
				m := w.machine("machine", f.firmware, f.port())
				w.up(m, spur)
				w.took(spur, m, f.routes...)
			})
		}
	}
}
