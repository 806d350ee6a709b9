package boottest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/lab"
)

// A Mac with EFI looks for images, chooses one of two, and fetches all that its booter
// and its kernel ask for, beside a DHCP server that knows nothing of it. The next time
// it is offered its choice, and told it in the list.
func TestMac(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	folder := t.TempDir()
	w.nbi(folder, "Install.nbi", `<key>Name</key><string>El Capitan</string><key>Index</key><integer>100</integer><key>IsDefault</key><true/>`+intelHTTP)
	w.nbi(folder, "Restore.nbi", `<key>Name</key><string>Restore</string><key>Index</key><integer>101</integer>`+intelHTTP)
	data := t.TempDir()
	explained := w.explained()
	spur := w.spur("boot", filepath.Join(folder, "Install.nbi"), filepath.Join(folder, "Restore.nbi"), "--data", data)
	mac := w.mac("AAPLBSDPC/i386/iMac14,3", bsdp.Version11, 68)
	mac.discovers(spur, `asks to boot: UEFI x64, Apple's NetBoot`)

	images, usual, before := mac.list()
	if fmt.Sprint(images) != "[El Capitan Restore]" || usual != 0x81000064 || before != 0 {
		t.Fatalf("is shown %v, of which %s is usual and %s its own", images, usual, before)
	}
	mac.told(spur, `"step":"listed".*"file":"El Capitan, Restore"`)
	answer := mac.choose(0x81000065)
	mac.told(spur, `"step":"boot-asked".*"reason":"Restore"`)
	mac.told(spur, `"step":"answered".*"route":"apple-netboot"`)
	booter, root := answer.BootFileName, string(answer.Options[17])
	if path.Base(booter) != "booter" || answer.ServerHostName != homeAddr || answer.ServerIPAddr.String() != homeAddr {
		t.Fatalf("is told %s", answer.Summary())
	}
	if !regexp.MustCompile(`^http://10\.77\.0\.1/[^/]+/NetInstall\.dmg$`).MatchString(root) || len(root) > 255 {
		t.Fatalf("its root is %q", root)
	}
	mac.fetches("tftp://"+homeAddr+"/"+booter, "booter of Restore.nbi for i386")
	for name, want := range map[string]string{
		"com.apple.Boot.plist": "plist", "mach.macosx": "kernel of Restore.nbi", "mach.macosx.mkext": "mkext",
		"x86_64/kernelcache": "kernelcache of Restore.nbi", `x86_64\kernelcache`: "kernelcache of Restore.nbi",
	} {
		mac.fetches("tftp://"+homeAddr+"/"+path.Dir(booter)+"/"+strings.ReplaceAll(name, `\`, "%5C"), want)
	}
	mac.fetches(root, "root image of Restore.nbi")
	mac.fetches(root, "image", "-r", "5-9")
	for _, outside := range []string{"../NBImageInfo.plist", "%2e%2e/NBImageInfo.plist", "../../Install.nbi/i386/booter", "nothing"} {
		mac.refused("tftp://" + homeAddr + "/" + path.Dir(booter) + "/" + outside)
	}
	mac.told(spur, `"step":"fetch-end".*"file":"x86_64/kernelcache"`)
	mac.told(spur, `"file":"NetInstall.dmg"`)

	explained(`asks to boot: UEFI x64, Apple's NetBoot`, `shown El Capitan, Restore`, `chose Restore, and asks 10\.77\.0\.1`, `told to fetch booter over TFTP by 10\.77\.0\.1`, `loader booter`)

	w.check(spur.Stop())
	w.spur("boot", folder, "--data", data)
	mac.begin()
	offer := mac.asks(mac.discover())
	if id, _ := bsdp.Parse(offer.Options[43]).Image(bsdp.CodeSelected); offer.MessageType() != dhcpv4.MessageTypeOffer || id != 0x81000065 || offer.BootFileName != booter {
		t.Errorf("a Mac that has chosen is offered %s", offer.Summary())
	}
	if _, _, before := mac.list(); before != 0x81000065 {
		t.Errorf("a Mac that has chosen is told %s", before)
	}
	mac.fetches("tftp://"+homeAddr+"/"+booter, "booter of Restore.nbi for i386") // by its old name
}

// Startup Disk of a running system lists images and chooses one, at a port of its own:
// no boot, but the next one goes there.
func TestStartupDisk(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	w.nbi(folder, "A.nbi", `<key>Name</key><string>A</string><key>Index</key><integer>5000</integer>`+intelHTTP)
	spur := w.spur("boot", filepath.Join(folder, "A.nbi"))
	system := w.mac("AAPLBSDPC/i386/MacBookPro6,2", bsdp.Version11, 1002)
	if images, _, _ := system.list(); fmt.Sprint(images) != "[A]" {
		t.Fatalf("is shown %v", images)
	}
	if answer := system.choose(0x81001388); answer.BootFileName == "" {
		t.Errorf("is told %s", answer.Summary())
	}
	if failed := bsdp.Parse(system.choose(0x81000001).Options[43]); failed[bsdp.CodeMessage][0] != byte(bsdp.MessageFailed) {
		t.Errorf("an image that isn't there: %v", failed)
	}
	if strings.Contains(spur.String(), `"step":"asked"`) {
		t.Errorf("a system that runs is said to boot:\n%s", spur.Tail(20))
	}
}

// A Mac with a PowerPC, whose kernel reads its root over NFS.
func TestPowerPCMac(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	w.nbi(folder, "Tiger.nbi", `<key>Name</key><string>Tiger</string><key>Index</key><integer>7</integer><key>Type</key><string>NFS</string><key>RootPath</key><string>NetInstall.dmg</string><key>BootFile</key><string>booter</string>`)
	root := "nfs:10.77.0.3:/nb:Tiger.nbi/NetInstall.dmg"
	explained := w.explained()
	spur := w.spur("boot", filepath.Join(folder, "Tiger.nbi"), "--root-path", root, "--netboot-shadow", "afp://u:p@10.77.0.3/Clients")
	mac := w.mac("AAPLBSDPC/ppc/PowerMac3,6", bsdp.Version10, 68)
	images, usual, _ := mac.list()
	if len(images) != 0 || usual != 0x01000007 {
		t.Fatalf("a Mac of version 1.0 is shown %v and %s", images, usual)
	}
	answer := mac.choose(usual)
	options := bsdp.Parse(answer.Options[43])
	if string(answer.Options[17]) != root || string(options[bsdp.CodeShadowMount]) != "afp://u:p@10.77.0.3/Clients" ||
		string(options[bsdp.CodeShadowFile]) != string(options[bsdp.CodeMachineName])+"/Shadow" {
		t.Errorf("is told %s, %q", answer.Summary(), options)
	}
	mac.fetches("tftp://"+homeAddr+"/"+answer.BootFileName, "booter of Tiger.nbi")
	mac.fetches("tftp://"+homeAddr+"/"+path.Dir(answer.BootFileName)+"/mach.macosx", "kernel of Tiger.nbi for ppc")
	mac.says(spur, `asks to boot: Open Firmware, Apple's NetBoot`)
	explained(`asks to boot: Open Firmware, Apple's NetBoot`, `BSDP message LIST`, `told to fetch booter over TFTP by 10\.77\.0\.1`, `loader booter`)
}

// A Mac with EFI starts an EFI application as the booter of an image: iPXE, which goes
// on as on any other machine, or where there is none the kernel made one application.
func TestMacWithoutImage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		route, file string
		spur        func(*world) *lab.Process
	}{
		{"apple-snponly", "snponly.efi", func(w *world) *lab.Process { return w.boot() }},
		{"apple-efi", "boot.efi", func(w *world) *lab.Process { return w.bootWithout("/usr/lib/ipxe") }},
	} {
		t.Run(tt.route, func(t *testing.T) {
			w := newWorld(t)
			spur := tt.spur(w)
			mac := w.mac("AAPLBSDPC/i386/iMac14,3", bsdp.Version11, 68)
			images, usual, _ := mac.list()
			if len(images) != 1 {
				t.Fatalf("is shown %v", images)
			}
			file := mac.choose(usual).BootFileName
			if path.Base(file) != tt.file {
				t.Fatalf("is told %s", file)
			}
			if program := mac.fetched("tftp://" + homeAddr + "/" + file); !strings.HasPrefix(program, "MZ") {
				t.Errorf("%s is no EFI application", file)
			}
			mac.told(spur, `"step":"answered".*"route":"`+tt.route+`"`)
		})
	}
}

// intelHTTP is the rest of an image's description, for Macs with EFI.
const intelHTTP = `<key>IsInstall</key><true/><key>IsEnabled</key><true/><key>Type</key><string>HTTP</string>
<key>RootPath</key><string>NetInstall.dmg</string><key>BootFile</key><string>booter</string>
<key>Architectures</key><array><string>i386</string></array>`

// nbi makes a NetBoot image, with texts for Apple's files.
func (w *world) nbi(folder, name, info string) {
	w.Helper()
	for file, text := range map[string]string{
		"NBImageInfo.plist": `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>` + info + `</dict></plist>`,
		"NetInstall.dmg": "root image of " + name, "booter": "booter of " + name, "mach.macosx": "kernel of " + name + " for ppc",
		"i386/booter": "booter of " + name + " for i386", "i386/com.apple.Boot.plist": "plist", "i386/mach.macosx": "kernel of " + name,
		"i386/mach.macosx.mkext": "mkext", "i386/x86_64/kernelcache": "kernelcache of " + name,
	} {
		path := filepath.Join(folder, name, file)
		w.check(os.MkdirAll(filepath.Dir(path), 0o755))
		w.check(os.WriteFile(path, []byte(text), 0o644))
	}
}

// mac is a Mac that boots over the network, as bsdpd.c and BSDPClient.c of Apple have
// it. It has an address.
type mac struct {
	*world
	host    *lab.Host
	conn    net.PacketConn
	addr    string
	mac     net.HardwareAddr
	class   string
	version bsdp.Version
	port    uint16 // at which it is answered
	xid     byte
}

// mac is one on the wire, of each architecture.
func (w *world) mac(class string, version bsdp.Version, port uint16) *mac {
	w.Helper()
	number := 9
	if strings.Contains(class, "i386") {
		number = 10
	}
	m := &mac{world: w, class: class, version: version, port: port, addr: fmt.Sprintf("10.77.0.%d", number), mac: net.HardwareAddr{0, 0x1b, 0x63, 0, 0, byte(number)}}
	m.host = w.otherHost(fmt.Sprintf("mac%d", number), m.addr)
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), "eth0") })
		if failed != nil {
			return failed
		}
		return err
	}}
	w.check(m.host.Do(func() (err error) {
		m.conn, err = listen.ListenPacket(w.ctx, "udp4", fmt.Sprintf("0.0.0.0:%d", port))
		return err
	}))
	w.Cleanup(func() { _ = m.conn.Close() })
	return m
}

// begin is another boot.
func (m *mac) begin() { m.xid += 16 }

func (m *mac) message(kind dhcpv4.MessageType, vendor ...byte) *dhcpv4.DHCPv4 {
	m.Helper()
	m.xid++
	r, err := dhcpv4.New(dhcpv4.WithTransactionID(dhcpv4.TransactionID{9, 9, 9, m.xid}), dhcpv4.WithMessageType(kind), dhcpv4.WithHwAddr(m.mac),
		dhcpv4.WithOption(dhcpv4.OptClassIdentifier(m.class)), dhcpv4.WithRequestedOptions(dhcpv4.OptionClassIdentifier, dhcpv4.OptionVendorSpecificInformation))
	m.check(err)
	r.Options[43] = append([]byte{byte(bsdp.CodeVersion), 2, byte(m.version >> 8), byte(m.version)}, vendor...)
	return r
}

func (m *mac) discover() *dhcpv4.DHCPv4 {
	r := m.message(dhcpv4.MessageTypeDiscover)
	r.SetBroadcast()
	return r
}

// inform is one of BSDP's messages.
func (m *mac) inform(kind bsdp.Message, more ...byte) *dhcpv4.DHCPv4 {
	vendor := append([]byte{byte(bsdp.CodeMessage), 1, byte(kind)}, more...)
	if m.port != 68 {
		vendor = append(vendor, byte(bsdp.CodeReplyPort), 2, byte(m.port>>8), byte(m.port))
	}
	r := m.message(dhcpv4.MessageTypeInform, vendor...)
	r.ClientIPAddr = net.ParseIP(m.addr)
	return r
}

// list asks which images there are: their names, the usual one and its own.
func (m *mac) list() (names []string, usual, own bsdp.ImageID) {
	m.Helper()
	o := bsdp.Parse(m.asks(m.inform(bsdp.MessageList)).Options[43])
	images, err := bsdp.ParseImages(o[bsdp.CodeImages])
	m.check(err)
	for _, i := range images {
		names = append(names, i.Name)
	}
	usual, _ = o.Image(bsdp.CodeDefault)
	own, _ = o.Image(bsdp.CodeSelected)
	return names, usual, own
}

// choose chooses an image of Spur's.
func (m *mac) choose(id bsdp.ImageID) *dhcpv4.DHCPv4 {
	m.Helper()
	server := netip.MustParseAddr(homeAddr).As4()
	vendor := append([]byte{byte(bsdp.CodeServer), 4}, server[:]...)
	return m.asks(m.inform(bsdp.MessageSelect, append(vendor, byte(bsdp.CodeSelected), 4, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))...))
}

func (m *mac) send(r *dhcpv4.DHCPv4) {
	m.Helper()
	_, err := m.conn.WriteTo(r.ToBytes(), &net.UDPAddr{IP: net.IPv4bcast, Port: 67})
	m.check(err)
}

// discovers sends a DISCOVER, which no boot server answers, until Spur says that it came.
func (m *mac) discovers(spur *lab.Process, said string) {
	m.Helper()
	r := m.discover()
	for m.ctx.Err() == nil {
		m.send(r)
		ctx, cancel := context.WithTimeout(m.ctx, 2*time.Second)
		_, err := spur.WaitFor(ctx, said)
		cancel()
		if err == nil {
			return
		}
		r.NumSeconds += 2
	}
	m.Fatalf("Spur doesn't say %q:\n%s", said, spur.Tail(20))
}

// asks asks until a boot server answers: a wire that has just been plugged in may lose
// the first.
func (m *mac) asks(r *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	m.Helper()
	b := make([]byte, 2048)
	for m.ctx.Err() == nil {
		m.send(r)
		m.check(m.conn.SetReadDeadline(time.Now().Add(2 * time.Second)))
		for {
			n, _, err := m.conn.ReadFrom(b)
			if err != nil {
				break
			}
			reply, err := dhcpv4.FromBytes(b[:n])
			if err == nil && reply.TransactionID == r.TransactionID && reply.ClassIdentifier() == bsdp.VendorClass {
				return reply
			}
		}
		r.NumSeconds += 2
	}
	m.check(m.ctx.Err())
	return nil
}

// says waits for a line of Spur's about the Mac.
func (m *mac) says(spur *lab.Process, text string) {
	m.Helper()
	if _, err := spur.WaitFor(m.ctx, `(?m)^.*`+text+`.*`+m.mac.String()+`.*$`); err != nil {
		m.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
}

// told waits for a record of Spur's about the Mac.
func (m *mac) told(spur *lab.Process, pattern string) {
	m.Helper()
	if _, err := spur.WaitFor(m.ctx, `(?m)^.*`+m.mac.String()+`.*`+pattern+`.*$`); err != nil {
		m.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
}

// fetched is a file that the Mac fetches.
func (m *mac) fetched(url string, flags ...string) string {
	m.Helper()
	cmd := m.host.Command(m.ctx, "curl", append([]string{"-sS", "-f", "-m", "60", "--path-as-is", url}, flags...)...)
	out, err := cmd.Output()
	if err != nil {
		m.Fatalf("%s: %v", url, err)
	}
	return string(out)
}

func (m *mac) fetches(url, want string, flags ...string) {
	m.Helper()
	if got := m.fetched(url, flags...); got != want {
		m.Errorf("%s is %q, want %q", url, got, want)
	}
}

// refused checks that there is no such file.
func (m *mac) refused(url string) {
	m.Helper()
	if out, err := m.host.Command(m.ctx, "curl", "-sS", "-f", "-m", "60", "--path-as-is", url).Output(); err == nil {
		m.Errorf("%s is %q", url, out)
	}
}
