package boottest

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/bsdp"
)

// Requests whose senders don't exist, though their addresses are of Spur's own
// network, cost others nothing: the answers to them wait in the kernel, which
// looks for the addresses, and Spur doesn't wait with them.
func TestForgedTFTPRequests(t *testing.T) {
	w := newWorldAlone(t)
	w.check(w.home.AddAddr("eth0", "10.78.0.1/16")) // a network with room for forgers
	w.boot("--dhcp", "off")
	client, forger := w.otherHost("client", "10.77.0.3"), w.otherHost("forger", "10.77.0.4")
	fetch := func() {
		t.Helper()
		cmd := client.Command(w.ctx, "curl", "-sS", "-m", "20", "-o", "/dev/null", "tftp://"+homeAddr+"/undionly.kpxe")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("a machine that exists gets nothing: %v\n%s", err, out)
		}
	}
	fetch()
	for _, payload := range []string{"\x00\x01nosuch\x00octet\x00", "\x00\x09"} {
		done := make(chan error, 1)
		go func() { done <- forger.Do(func() error { return forge(payload, 8*time.Second) }) }()
		for range 8 {
			time.Sleep(time.Second)
			fetch()
		}
		w.check(<-done)
		fetch()
	}
}

// What another machine sends in a Mac's name is answered, and is no choice of the Mac's;
// nor is anything kept of machines that are made up.
func TestForgedChoice(t *testing.T) {
	w := newWorld(t)
	folder, data := t.TempDir(), t.TempDir()
	w.nbi(folder, "A.nbi", `<key>Name</key><string>A</string><key>Index</key><integer>5000</integer>`+intelHTTP)
	w.nbi(folder, "B.nbi", `<key>Name</key><string>B</string><key>Index</key><integer>5001</integer>`+intelHTTP)
	w.spur("boot", folder, "--data", data)
	mac, forger := w.mac("AAPLBSDPC/i386/iMac14,3", bsdp.Version11, 68), w.mac("AAPLBSDPC/ppc/PowerMac3,6", bsdp.Version11, 68)
	w.check(mac.host.Do(func() error {
		nic, err := net.InterfaceByName("eth0")
		if err == nil {
			mac.mac = nic.HardwareAddr
		}
		return err
	}))
	forger.class, forger.mac = mac.class, mac.mac
	mac.list()
	booter := mac.choose(0x81001388).BootFileName
	for range 3 {
		if other := forger.choose(0x81001389).BootFileName; other == booter {
			t.Error("who asks for B is given A")
		}
		if _, _, own := mac.list(); own != 0x81001388 {
			t.Errorf("a Mac that has chosen A is told that it chose %s", own)
		}
	}
	for n := range byte(5) {
		forger.mac = net.HardwareAddr{2, 0x11, 0, 0, 0, n}
		forger.choose(0x81001389)
	}
	mac.fetches("tftp://"+homeAddr+"/"+booter, "booter of A.nbi for i386")
	mac.fetches("tftp://"+homeAddr+"/"+path.Dir(booter)+"/mach.macosx", "kernel of A.nbi")
	kept := filepath.Join(data, "machines", mac.mac.String())
	for ; w.ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(kept); err == nil {
			break
		}
	}
	all, err := os.ReadDir(filepath.Dir(kept))
	w.check(err)
	if len(all) != 1 || all[0].Name() != mac.mac.String() {
		t.Errorf("of one Mac and five that are made up, kept are %v", all)
	}
}

// forge sends a payload to the TFTP port over and over, from addresses that
// nobody has.
func forge(payload string, during time.Duration) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	to := netip.MustParseAddr(homeAddr).As4()
	for began := time.Now(); time.Since(began) < during; time.Sleep(2 * time.Millisecond) {
		from := [4]byte{10, 78, byte(1 + rand.N(250)), byte(1 + rand.N(250))}
		p := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, unix.IPPROTO_UDP, 0, 0} // the kernel fills in length and sum
		p = append(append(p, from[:]...), to[:]...)
		p = binary.BigEndian.AppendUint16(p, uint16(1024+rand.N(60000)))
		p = binary.BigEndian.AppendUint16(p, 69)
		p = binary.BigEndian.AppendUint16(p, uint16(8+len(payload)))
		p = append(p, 0, 0) // no sum
		if err := unix.Sendto(fd, append(p, payload...), 0, &unix.SockaddrInet4{Addr: to}); err != nil {
			return err
		}
	}
	return nil
}
