package boottest

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/tftp"
)

// legacyClient is a simulated PXE ROM, and the pxegrub that it starts (GRUB 0.97,
// netboot/main.c and fsys_tftp.c): that asks for an address again, without any class,
// fetches from siaddr of the answer, and looks for its configuration under the name that
// was built into it.
type legacyClient struct {
	wireClient
	host   *lab.Host
	addr   netip.Addr
	server netip.Addr
	file   string
}

// dhcp goes through DISCOVER and REQUEST with these options.
func (c *legacyClient) dhcp(options map[uint8][]byte) error {
	return c.host.Do(func() error {
		conn, err := c.listen()
		if err != nil {
			return err
		}
		defer conn.Close()
		var reply *dhcpv4.DHCPv4
		for _, kind := range [][2]dhcpv4.MessageType{{dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeOffer}, {dhcpv4.MessageTypeRequest, dhcpv4.MessageTypeAck}} {
			m := &dhcpv4.DHCPv4{OpCode: dhcpv4.OpcodeBootRequest, HWType: 1, TransactionID: dhcpv4.TransactionID{9, 7}, ClientHWAddr: c.mac, Options: dhcpv4.Options{}}
			for code, v := range options {
				m.Options[code] = v
			}
			m.UpdateOption(dhcpv4.OptMessageType(kind[0]))
			if reply != nil {
				m.UpdateOption(dhcpv4.OptRequestedIPAddress(reply.YourIPAddr))
				m.UpdateOption(dhcpv4.OptServerIdentifier(reply.ServerIdentifier()))
			}
			heard := func(m *dhcpv4.DHCPv4, _ netip.Addr) bool { reply = m; return m.MessageType() == kind[1] }
			if err := c.ask(conn, m, heard); err != nil {
				return err
			}
		}
		had := c.addr
		c.addr, _ = netip.AddrFromSlice(reply.YourIPAddr.To4())
		c.server, _ = netip.AddrFromSlice(reply.ServerIPAddr.To4())
		if reply.BootFileName != "" {
			c.file = reply.BootFileName
		}
		if had == c.addr {
			return nil
		}
		return c.host.AddAddr("eth0", c.addr.String()+"/24")
	})
}

// get fetches a file, as GRUB does with blocks of 1432 bytes.
func (w *world) get(c *legacyClient, name string) []byte {
	w.Helper()
	var content bytes.Buffer
	client := tftp.Client{BlockSize: 1432}
	err := c.host.Do(func() error {
		_, err := client.Get(w.ctx, c.server.String(), name, &content)
		return err
	})
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	return content.Bytes()
}

// A GRUB Legacy that somebody brings finds its configuration, kernel and initrd. Debian
// has none for the network: the program here is one that looks like it, and what it does
// is simulated.
func TestGRUBLegacy(t *testing.T) {
	w := newWorld(t)
	stage2, err := lab.Unpacked("grub-legacy", "usr/lib/grub/*/stage2")
	w.check(err)
	rest, err := os.ReadFile(stage2)
	w.check(err)
	program := append([]byte{0xea, 0, 0x82, 0, 0}, make([]byte, 0x600-5)...)
	program = append(program, rest[0x200:]...)
	folder := w.TempDir()
	w.check(os.WriteFile(filepath.Join(folder, "pxegrub"), program, 0o644))
	spur := w.alone("boot", built.kernel, built.initrd, "--cmdline", "console=ttyS0 spur.up={{ UP }}", "--loaders", folder, "--loader", "grub-legacy")
	mac := net.HardwareAddr{0x52, 0x54, 0, 0x97, 0, 1}
	host, err := w.lab.Host("legacy", lab.NIC{Wire: w.wire, MAC: mac})
	w.check(err)
	c := &legacyClient{wireClient: wireClient{mac}, host: host}
	w.check(c.dhcp(map[uint8][]byte{60: []byte("PXEClient:Arch:00000:UNDI:002001"), 93: {0, 0}, 94: {1, 2, 1}}))
	if !bytes.Equal(w.get(c, c.file), program) {
		t.Errorf("%s is not pxegrub", c.file)
	}
	w.check(c.dhcp(map[uint8][]byte{55: {1, 3, 12, 18, 128, 150}}))
	config := string(w.get(c, "/boot/grub/menu.lst"))
	var kernel, initrd string
	for line := range strings.Lines(config) {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "kernel":
			kernel = words[1]
		case len(words) > 1 && words[0] == "initrd":
			initrd = words[1]
		}
	}
	for name, file := range map[string]string{kernel: built.kernel, initrd: built.initrd} {
		want, err := os.ReadFile(file)
		w.check(err)
		if !bytes.Equal(w.get(c, name), want) {
			t.Errorf("%s is not %s, by %s", name, file, config)
		}
	}
	if !strings.Contains(spur.String(), `"route":"bios-grub-legacy"`) {
		t.Errorf("Spur says:\n%s", spur.Tail(40))
	}
}
