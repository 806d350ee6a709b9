package boottest

import (
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/pxe"
)

// menu starts `spur boot` with a menu of two kernels, of which the second says so.
func (w *world) menu(args ...string) *lab.Process {
	w.Helper()
	files := strings.Join([]string{built.kernel, built.initrd, built.extra1, built.extra2}, ",")
	line := strings.Replace(cmdline, "NOTE", built.note, 1)
	return w.spur(append([]string{"boot", "First=" + files, "Second=" + files, "--menu", "pxe", "--menu-timeout", "255",
		"--cmdline", line, "--cmdline-for", "Second=" + line + " item=second"}, args...)...)
}

// choose waits until a machine shows its menu, and presses keys.
func (w *world) choose(m *lab.Machine, last string, keys ...string) {
	w.Helper()
	_, err := m.WaitFor(w.ctx, last)
	w.check(err)
	for _, k := range keys {
		w.check(m.SendKey(w.ctx, k))
	}
}

// The second item of the firmware's menu is what runs in the end, whatever loads it,
// and however the machine finds the boot server.
func TestMenuByKey(t *testing.T) {
	t.Parallel()
	ours := []string{"--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99"}
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		args     []string
		last     string // of the menu
	}{
		{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, nil, "B. Second"},
		{"BIOS, our addresses, by multicast", lab.BIOS, lab.Port{PlainROM: true}, append(ours, "--boot-server", "lcm:Another"), "C. Another"},
		{"iPXE in the ROM", lab.BIOS, lab.Port{}, nil, "B. Second"},
		{"UEFI", lab.UEFI, lab.Port{}, ours, "Second"},
		{"UEFI, by multicast", lab.UEFI, lab.Port{}, []string{"--boot-server", "lcm:Another"}, "Another"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if len(tt.args) < len(ours) {
				w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			}
			explained := w.explained()
			spur := w.menu(tt.args...)
			m := w.machine("machine", tt.firmware, tt.port)
			w.choose(m, tt.last, "down", "ret")
			w.up(m, spur)
			w.told(spur, m, `"step":"boot-asked".*"reason":"item 2, Second"`)
			up, err := m.WaitFor(w.ctx, lab.Up)
			w.check(err)
			if !strings.Contains(up.Groups[0], " item=second") {
				t.Errorf("it booted with %q", up.Groups[0])
			}
			explained(`and a menu by 10\.77\.0\.1`, `chose item 2, Second, and asks (10\.77\.0\.1|224\.0\.1\.2) for`, `as far as can be seen, all went well`)
		})
	}
}

// otherBootServer answers no request, and sends the types of boot servers that it is
// asked for.
func (w *world) otherBootServer(h *lab.Host) <-chan pxe.BootType {
	w.Helper()
	var conn net.PacketConn
	w.check(h.Do(func() (err error) {
		conn, err = new(net.ListenConfig).ListenPacket(w.ctx, "udp4", ":4011")
		return err
	}))
	w.Cleanup(func() { _ = conn.Close() })
	asked := make(chan pxe.BootType, 16)
	go func() {
		defer close(asked)
		buf := make([]byte, 2048)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			m, err := dhcpv4.FromBytes(buf[:n])
			if r := pxe.Read(m); err == nil && r.Discovers() {
				select {
				case asked <- r.BootItem.Type:
				default:
				}
			}
		}
	}()
	return asked
}

// An item of others leads there, and Spur says that the machine left, not that it stalled.
func TestMenuOfOthers(t *testing.T) {
	t.Parallel()
	const address = "10.77.0.5"
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		then     string // of its next boot option
		capture  string // what is said of it in the end
	}{
		{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, ``, `asked 10\.77\.0\.5 for its boot file on port 4011, but got no answer`},
		{"UEFI", lab.UEFI, lab.Port{}, `"step":"ignored".*none of Spur's items was chosen`, `asks again: UEFI x64, HTTP`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			asked := w.otherBootServer(w.otherHost("windows", address))
			explained := w.explained()
			spur := w.menu("--boot-server", "wds="+address+":Windows")
			m := w.machine("machine", tt.firmware, tt.port)
			w.choose(m, "Windows", "down", "down", "ret")
			select {
			case kind := <-asked:
				if kind != 1 {
					t.Errorf("it was asked for a boot server of type %s", kind)
				}
			case <-w.ctx.Done():
				t.Fatalf("the other boot server was not asked\n%s", m.Serial().Tail(20))
			}
			w.told(spur, m, `"cause":"left-by-menu"`)
			w.told(spur, m, tt.then)
			if said := regexp.MustCompile(`"step":"(boot-asked|fetch-end)"`).FindString(spur.String()); said != "" {
				t.Errorf("Spur boots it all the same: %s", said)
			}
			explained(`and a menu by 10\.77\.0\.1`, `chose item 3, Windows, and asks 10\.77\.0\.5`, tt.capture)
		})
	}
}

// A machine that takes the item of its own disk leaves the network.
func TestMenuWithLocalBoot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		says     string
		told     string // of UEFI firmware, which tries its other ways over the network next, TestMenuOfOthers tells
	}{
		{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, `No bootable device`, `"cause":"left-by-menu"`},
		{"UEFI", lab.UEFI, lab.Port{}, `PXE-E21: Remote boot cancelled`, ``},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := w.menu("--boot-server", "local", "--menu-default", "3", "--menu-timeout", "1", "--menu-prompt", "The disk is first")
			m := w.machine("machine", tt.firmware, tt.port)
			for _, shown := range []string{"The disk is first", tt.says} {
				_, err := m.WaitFor(w.ctx, shown)
				w.check(err)
			}
			w.told(spur, m, tt.told)
		})
	}
}

// Somebody looks for a boot server that has no address in the menu: Spur hears that,
// and leaves it to others.
func TestMenuLooksForOthers(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.menu("--boot-server", "lcm:Another")
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.choose(m, "C. Another", "c")
	w.told(spur, m, `"step":"chose-other".*"reason":"chose Another, and looks for its boot server"`)
}

// Spur is an item of dnsmasq's menu.
func TestAsBootServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		port     lab.Port
		arch     string // in dnsmasq's words
	}{{"BIOS", lab.BIOS, lab.Port{PlainROM: true}, "x86PC"}, {"UEFI", lab.UEFI, lab.Port{}, "X86-64_EFI"}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			service := "--pxe-service=tag:!ipxe," + tt.arch
			_, err := lab.DNSMasq{Host: w.otherHost("dhcp", dhcpAddr), Range: dhcpRange, Args: []string{
				"--dhcp-userclass=set:ipxe,iPXE", "--pxe-prompt=tag:!ipxe,A menu of dnsmasq's",
				service + ",Local boot,0", service + ",Spur,32770," + homeAddr,
			}}.Start(w.ctx)
			w.check(err)
			spur := w.boot("--as-boot-server", "32770", "--loaders", w.folderOf(lpxelinux, ldlinux))
			m := w.machine("machine", tt.firmware, tt.port)
			w.choose(m, "Spur", "down", "ret")
			w.up(m, spur)
			w.told(spur, m, `"step":"boot-asked".*"reason":"boot server type 32770, which is Spur"`)
			if strings.Contains(spur.String(), `"step":"offered"`) {
				t.Error("Spur made an offer of its own")
			}
		})
	}
}
