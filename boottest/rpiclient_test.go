package boottest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/tftp"
)

// rpiModel is what is told of a model's bootloader: in Raspberry Pi's documentation
// (boot-net.adoc, "Network boot" and "Known problems"; eeprom-bootloader.adoc), in
// captures of raspberrypi/firmware issues 1041 and 1012 (a 3B+) and of
// raspberrypi/rpi-eeprom issues 74 and 687 (a 4, a 5).
type rpiModel struct {
	name   string
	mac    net.HardwareAddr
	option []byte // 97, without its type
	serial string

	// rom: a ROM loads bootcode.bin, by plain RFC 1350, and that asks for an address
	// again, with its serial number in option 97.
	rom bool
	// mute: it sends no REQUEST, answers no ARP request, and takes option 43 by a text
	// of 20 characters alone.
	mute      bool
	starter   string // start.elf or start4.elf; empty for a 5, which has it in its EEPROM
	tree      string // the device tree, as upstream calls it
	blockSize int
}

var rpiModels = []rpiModel{
	{
		name: "3B", mac: net.HardwareAddr{0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16}, option: bytes.Repeat([]byte{0x44}, 16), serial: "b66c4c16",
		rom: true, mute: true, starter: "start.elf", tree: "bcm2837-rpi-3-b.dtb",
	},
	{
		name: "3B+", mac: net.HardwareAddr{0xb8, 0x27, 0xeb, 0xff, 0xda, 0x08}, option: bytes.Repeat([]byte{0x08, 0xda, 0xff, 0xe1}, 4), serial: "e1ffda08",
		rom: true, starter: "start.elf", tree: "bcm2837-rpi-3-b-plus.dtb",
	},
	{
		name: "4", mac: net.HardwareAddr{0xdc, 0xa6, 0x32, 0x2e, 0xf8, 0xed}, option: []byte("RPi4\x11\x31\xa0\x00\x32\x2e\xf8\xed\x10\x45\x15\x5b"), serial: "5b154510",
		starter: "start4.elf", tree: "bcm2711-rpi-4-b.dtb", blockSize: 1024,
	},
	{
		name: "5", mac: net.HardwareAddr{0x2c, 0xcf, 0x67, 0x84, 0xa1, 0x44}, option: []byte("RPi5\x71\x41\xc0\x00\x67\x84\xa1\x44\x78\x56\x34\x12"), serial: "12345678",
		tree: "bcm2712-rpi-5-b.dtb", blockSize: 1024,
	},
}

// rpi is a simulated Raspberry Pi.
type rpi struct {
	rpiModel
	host   *lab.Host
	addr   netip.Addr
	server netip.Addr
	prefix string
	port   uint16
	got    map[string][]byte
}

// newRPi plugs a board into the wire.
func (w *world) newRPi(m rpiModel) *rpi {
	w.Helper()
	host, err := w.lab.Host("pi"+strings.ToLower(strings.ReplaceAll(m.name, "+", "plus")), lab.NIC{Wire: w.wire, MAC: m.mac})
	w.check(err)
	if m.mute {
		out, err := host.Command(w.ctx, "sh", "-c", "echo 8 >/proc/sys/net/ipv4/conf/all/arp_ignore").CombinedOutput()
		if err != nil {
			w.Fatalf("%v: %s", err, out)
		}
	}
	return &rpi{rpiModel: m, host: host, got: map[string][]byte{}}
}

// boot goes from the first DISCOVER to the kernel.
func (p *rpi) boot(ctx context.Context) error {
	if err := p.dhcp(p.option); err != nil {
		return err
	}
	p.port = 49152
	if !p.rom {
		return p.firmware(ctx)
	}
	plain := tftp.Client{NoSize: true}
	if err := p.get(ctx, plain, "bootcode.bin"); err != nil {
		return err
	}
	if err := p.get(ctx, plain, "bootsig.bin"); !isNotFound(err) {
		return fmt.Errorf("bootsig.bin: %w", err)
	}
	id, err := rpiSerial(p.serial)
	if err != nil {
		return err
	}
	p.port = 49153 // bootcode.bin counts anew
	if err := p.dhcp(bytes.Repeat(id, 4)); err != nil {
		return err
	}
	return p.firmware(ctx)
}

// rpiSerial is a serial number as it stands in option 97.
func rpiSerial(text string) ([]byte, error) {
	var n uint32
	if _, err := fmt.Sscanf(text, "%x", &n); err != nil {
		return nil, err
	}
	return binary.LittleEndian.AppendUint32(nil, n), nil
}

// firmware loads start*.elf and what that loads. Every file is asked for by its size
// first; an ERROR answers the option acknowledgment.
func (p *rpi) firmware(ctx context.Context) error {
	starters := []string{p.starter}
	switch p.starter {
	case "start4.elf":
		starters = []string{"start4.elf", "start.elf"}
	case "":
		starters = []string{"config.txt"}
	}
	p.prefix = p.serial + "/"
	if !slices.ContainsFunc(starters, func(name string) bool { return p.there(ctx, name) }) {
		p.prefix = ""
	}
	p.probe(ctx, "autoboot.txt", "config.txt", "pieeprom.sig", "recover4.elf", "recovery.elf")
	if p.starter != "" {
		if err := p.load(ctx, p.starter, strings.NewReplacer("start", "fixup", "elf", "dat").Replace(p.starter)); err != nil {
			return err
		}
	}
	p.probe(ctx, "recovery.elf", "config.txt", "config.txt", "dt-blob.bin", "bootcfg.txt")
	return p.system(ctx)
}

// system loads what config.txt names.
func (p *rpi) system(ctx context.Context) error {
	if err := p.load(ctx, "config.txt"); err != nil {
		return err
	}
	kernel, tree := "kernel8.img", p.tree
	upstream, stub := false, ""
	for line := range strings.Lines(string(p.got["config.txt"])) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "kernel="); ok {
			kernel = name
		}
		if name, ok := strings.CutPrefix(line, "initramfs "); ok {
			name, _, _ = strings.Cut(name, " ")
			if err := p.load(ctx, name); err != nil {
				return err
			}
		}
		if name, ok := strings.CutPrefix(line, "armstub="); ok {
			stub = name
		}
		upstream = upstream || line == "upstream_kernel=1"
	}
	if upstream { // it sets os_prefix, which is ignored where kernel and tree aren't below it
		p.probe(ctx, "upstream/"+kernel)
	} else {
		tree = strings.Replace(tree, "bcm2837", "bcm2710", 1)
	}
	if err := p.load(ctx, tree); err != nil {
		return err
	}
	p.probe(ctx, "overlays/overlay_map.dtb", "config.txt", "cmdline.txt", "recovery8.img")
	if stub != "" { // as UEFI firmware is started: without a kernel
		p.probe(ctx, kernel)
		return p.load(ctx, stub)
	}
	p.probe(ctx, "armstub8.bin", "armstub8-gic.bin")
	return p.load(ctx, kernel)
}

// probe looks for files and reads those that are there.
func (p *rpi) probe(ctx context.Context, names ...string) {
	for _, name := range names {
		if p.there(ctx, name) {
			_ = p.get(ctx, tftp.Client{BlockSize: p.blockSize}, p.prefix+name)
		}
	}
}

// load looks for files and reads them; each must be there.
func (p *rpi) load(ctx context.Context, names ...string) error {
	for _, name := range names {
		if !p.there(ctx, name) {
			return fmt.Errorf("a Raspberry Pi %s finds no %s%s", p.name, p.prefix, name)
		}
		if err := p.get(ctx, tftp.Client{BlockSize: p.blockSize}, p.prefix+name); err != nil {
			return err
		}
	}
	return nil
}

// there asks for a file's size.
func (p *rpi) there(ctx context.Context, name string) bool {
	client := tftp.Client{BlockSize: p.blockSize, Local: p.local(), Retries: 2}
	return p.host.Do(func() error {
		_, err := client.Size(ctx, p.server.String(), p.prefix+name)
		return err
	}) == nil
}

// get reads a file, and keeps it by its name without the prefix.
func (p *rpi) get(ctx context.Context, client tftp.Client, name string) error {
	client.Local = p.local()
	var content bytes.Buffer
	err := p.host.Do(func() error {
		_, err := client.Get(ctx, p.server.String(), name, &content)
		return err
	})
	if err == nil {
		p.got[strings.TrimPrefix(name, p.prefix)] = content.Bytes()
	}
	return err
}

// local is the next of the ports from which it asks.
func (p *rpi) local() netip.AddrPort {
	p.port++
	return netip.AddrPortFrom(p.addr, p.port-1)
}

func isNotFound(err error) bool {
	var told *tftp.Error
	return errors.As(err, &told) && told.Code == tftp.CodeNotFound
}

// dhcp gets an address from any server, and the server of the files from the one whose
// option 43 is for it.
func (p *rpi) dhcp(option97 []byte) error {
	return p.host.Do(func() error {
		conn, err := wireClient{p.mac}.listen()
		if err != nil {
			return err
		}
		defer conn.Close()
		had := p.addr
		if err := p.discover(conn, option97); err != nil {
			return err
		}
		if had == p.addr {
			return nil
		}
		return p.host.AddAddr("eth0", p.addr.String()+"/24")
	})
}

// discover asks five times in 25 seconds ("DHCP requests time out after five tries").
func (p *rpi) discover(conn *packet.Conn, option97 []byte) error {
	for range 5 {
		var offer *dhcpv4.DHCPv4
		p.server = netip.Addr{}
		if err := (wireClient{p.mac}).send(conn, p.message(dhcpv4.MessageTypeDiscover, option97)); err != nil {
			return err
		}
		heard := func(m *dhcpv4.DHCPv4, from netip.Addr) bool {
			if m.MessageType() != dhcpv4.MessageTypeOffer {
				return false
			}
			if p.takes(m) {
				p.server = from
				if addr, _ := netip.AddrFromSlice(m.ServerIPAddr.To4()); !p.mute && addr.IsValid() && !addr.IsUnspecified() {
					p.server = addr // a 3B doesn't look there (raspberrypi/firmware issue 801)
				}
			}
			if !m.YourIPAddr.IsUnspecified() {
				offer = m
			}
			return offer != nil && p.server.IsValid()
		}
		if !(wireClient{p.mac}).hear(conn, heard) {
			continue
		}
		p.addr, _ = netip.AddrFromSlice(offer.YourIPAddr.To4())
		if p.rom { // neither a 3's ROM nor bootcode.bin sends a REQUEST (raspberrypi/firmware issue 1699)
			return nil
		}
		return p.request(conn, offer, option97)
	}
	return fmt.Errorf("a Raspberry Pi %s was offered nothing that it takes", p.name)
}

func (p *rpi) request(conn *packet.Conn, offer *dhcpv4.DHCPv4, option97 []byte) error {
	m := p.message(dhcpv4.MessageTypeRequest, option97)
	m.UpdateOption(dhcpv4.OptRequestedIPAddress(offer.YourIPAddr))
	m.UpdateOption(dhcpv4.OptServerIdentifier(offer.ServerIdentifier()))
	return wireClient{p.mac}.ask(conn, m, func(m *dhcpv4.DHCPv4, _ netip.Addr) bool { return m.MessageType() == dhcpv4.MessageTypeAck })
}

// takes tells whether a reply is for a Raspberry Pi: a menu has the item.
func (p *rpi) takes(m *dhcpv4.DHCPv4) bool {
	least := len("Raspberry Pi Boot")
	if p.mute {
		least = len("Raspberry Pi Boot   ")
	}
	v := m.Options.Get(dhcpv4.OptionVendorSpecificInformation)
	for len(v) > 2 && v[0] != 0xff && len(v) >= 2+int(v[1]) {
		if item := v[2 : 2+v[1]]; v[0] == 9 && len(item) >= 3+least && bytes.HasPrefix(item[3:], []byte("Raspberry Pi Boot")) {
			return strings.HasPrefix(m.ClassIdentifier(), "PXEClient")
		}
		v = v[2+v[1]:]
	}
	return false
}

func (p *rpi) message(kind dhcpv4.MessageType, option97 []byte) *dhcpv4.DHCPv4 {
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: 1, TransactionID: dhcpv4.TransactionID{0x26, 0xf3, 0x03, 0x39},
		ClientHWAddr: p.mac, Options: dhcpv4.Options{},
	}
	m.UpdateOption(dhcpv4.OptMessageType(kind))
	for code, value := range map[uint8][]byte{
		55: {43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66, 1, 3},
		60: []byte("PXEClient:Arch:00000:UNDI:002001"), 93: {0, 0}, 94: {1, 2, 1}, 97: append([]byte{0}, option97...),
	} {
		m.Options[code] = value
	}
	return m
}
