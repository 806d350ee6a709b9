package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/spurboot/spur/internal/capture"
)

func read(t *testing.T, b []byte) *capture.Capture {
	t.Helper()
	c, err := capture.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// transfers are those of the only machine.
func transfers(t *testing.T, c *capture.Capture) []*capture.Transfer {
	t.Helper()
	if len(c.Machines) != 1 {
		t.Fatalf("%d machines, %q", len(c.Machines), c.Notes)
	}
	var all []*capture.Transfer
	for _, i := range c.Machines[0].Items {
		if i.Transfer != nil {
			all = append(all, i.Transfer)
		}
	}
	return all
}

// The same packets are found whatever is around them.
func TestLinks(t *testing.T) {
	discover := dhcp(1, 1, "0.0.0.0")
	plain := udp(t, ethernet(machine, all), "0.0.0.0", "255.255.255.255", 68, 67, discover)
	tagged := udp(t, []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: machine, DstMAC: all, EthernetType: layers.EthernetTypeDot1Q},
		&layers.Dot1Q{VLANIdentifier: 42, Type: layers.EthernetTypeIPv4},
	}, "0.0.0.0", "255.255.255.255", 68, 67, discover)
	ip := plain[14:]
	cooked := append([]byte{0, 1, 0, 1, 0, 6, 0x52, 0x54, 0, 0xaa, 0xbb, 1, 0, 0, 8, 0}, ip...)
	cooked2 := append([]byte{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 6, 0x52, 0x54, 0, 0xaa, 0xbb, 1, 0, 0}, ip...)
	for name, test := range map[string]struct {
		link  layers.LinkType
		bytes []byte
		vlan  uint16
	}{
		"Ethernet": {layers.LinkTypeEthernet, plain, 0},
		"VLAN":     {layers.LinkTypeEthernet, tagged, 42},
		"SLL":      {layers.LinkTypeLinuxSLL, cooked, 0},
		"SLL2":     {layers.LinkTypeLinuxSLL2, cooked2, 0},
		"raw IP":   {layers.LinkTypeRaw, ip, 0},
	} {
		c := read(t, pcap(t, test.link, frame{0, test.bytes}))
		if len(c.Machines) != 1 || len(c.Machines[0].Items) != 1 || !bytes.Equal(c.Machines[0].Items[0].Message, discover) || c.Machines[0].VLAN != test.vlan {
			t.Errorf("%s: got %+v", name, c.Machines)
		}
	}
}

// pcapng is read as pcap is, and both also when they are packed.
func TestFormats(t *testing.T) {
	var ng, packed bytes.Buffer
	w, err := pcapgo.NewNgWriter(&ng, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range leased(t) {
		info := gopacket.CaptureInfo{Timestamp: began.Add(f.after), CaptureLength: len(f.bytes), Length: len(f.bytes)}
		if err := w.WritePacket(info, f.bytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(ng.Bytes())
	_ = z.Close()
	for _, b := range [][]byte{ng.Bytes(), packed.Bytes(), pcap(t, layers.LinkTypeEthernet, leased(t)...)} {
		if c := read(t, b); len(c.Machines) != 1 || len(c.Machines[0].Items) != 2 || c.Ended.Sub(c.Began) != time.Second {
			t.Errorf("got %+v", c)
		}
	}
}

// What is no capture is refused, and what is damaged is good as far as it goes.
func TestDamage(t *testing.T) {
	for _, bad := range []string{"", "a", "hello, this is text", "\x1f\x8bnot packed", "\x0a\x0d\x0d\x0a"} {
		if _, err := capture.Read(strings.NewReader(bad)); !errors.Is(err, capture.ErrFormat) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	whole := pcap(t, layers.LinkTypeEthernet, leased(t)...)
	c := read(t, whole[:len(whole)-5])
	if len(c.Machines) != 1 || len(c.Machines[0].Items) != 1 || !strings.Contains(strings.Join(c.Notes, "\n"), "ends within a packet, after 1 whole ones") {
		t.Errorf("got %+v, %q", c.Machines, c.Notes)
	}
	hostile := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(hostile[24+8:], 1<<31-1) // the length of the first packet
	c = read(t, hostile)
	if len(c.Machines) != 0 || len(c.Notes) != 1 {
		t.Errorf("got %+v, %q", c.Machines, c.Notes)
	}
}

// block is one of pcapng.
func block(kind uint32, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	all = append(all, make([]byte, -len(all)&3)...)
	size := uint32(12 + len(all))
	b := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), size)
	return binary.LittleEndian.AppendUint32(append(b, all...), size)
}

// words are numbers of four bytes.
func words(all ...uint32) []byte {
	var b []byte
	for _, n := range all {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// What is in a pcapng beside packets takes no memory, however much of it there is, and no
// length leads out of a block.
func TestHostileBlocks(t *testing.T) {
	discover := udp(t, ethernet(machine, all), "0.0.0.0", "255.255.255.255", 68, 67, dhcp(1, 1, "0.0.0.0"))
	n := uint32(len(discover))
	section := block(0x0a0d0d0a, words(0x1a2b3c4d, 1, ^uint32(0), ^uint32(0)))
	iface := block(1, words(1, 0))
	packet := func(captured uint32, options ...byte) []byte {
		return block(6, words(0, 0, 0, captured, captured), discover, make([]byte, -n&3), options)
	}
	for name, test := range map[string]struct {
		blocks [][]byte
		items  int
		note   string
	}{
		"whole":                 {[][]byte{iface, packet(n), packet(n)}, 2, ""},
		"interfaces":            {[][]byte{bytes.Repeat(iface, 1000), packet(n)}, 0, "more than 256 interfaces"},
		"interfaces of several": {[][]byte{iface, packet(n), bytes.Repeat(append(bytes.Clone(section), iface...), 1000), packet(n)}, 2, ""},
		"names":                 {[][]byte{iface, bytes.Repeat(block(4, []byte("\x01\x00\x08\x00\x0a\x00\x00\x01abc\x00\x00\x00\x00\x00")), 1000), packet(n)}, 1, ""},
		"a long option":         {[][]byte{iface, packet(n, 1, 0, 0xff, 0xff), packet(n)}, 2, ""},
		"a long packet":         {[][]byte{iface, packet(1 << 30), packet(n)}, 0, "it is damaged after 0 packets"},
		"a long simple packet":  {[][]byte{iface, block(3, words(1<<30), discover), packet(n)}, 2, ""},
		"a short block":         {[][]byte{iface, words(6, 12, 12), packet(n)}, 0, "it is damaged after 0 packets"},
		"a shorter block":       {[][]byte{iface, words(5, 4, 4), packet(n)}, 0, "it is damaged after 0 packets"},
		"a large block":         {[][]byte{iface, block(6, make([]byte, 1<<20)), packet(n)}, 0, "it is damaged after 0 packets"},
		"a large other block":   {[][]byte{iface, block(0x0bad, make([]byte, 1<<20)), packet(n)}, 1, ""},
		"cut off":               {[][]byte{iface, packet(n), packet(n)[:40]}, 1, "it ends within a packet, after 1 whole ones"},
	} {
		c := read(t, append(bytes.Clone(section), bytes.Join(test.blocks, nil)...))
		items := 0
		for _, m := range c.Machines {
			items += len(m.Items)
		}
		notes := strings.Join(c.Notes, "\n")
		if items != test.items || (notes == "") != (test.note == "") || !strings.Contains(notes, test.note) {
			t.Errorf("%s: %d items, %q", name, items, c.Notes)
		}
	}
}

// Blocks are counted, and those that are sent again. What a capture lacks is taken
// for sent.
func TestTFTP(t *testing.T) {
	to := func(after int, from, port uint16, payload []byte) frame {
		return frame{time.Duration(after) * time.Second, udp(t, ethernet(machine, server), "10.0.0.23", "10.0.0.1", from, port, payload)}
	}
	from := func(after int, port uint16, payload []byte) frame {
		return frame{time.Duration(after) * time.Second, udp(t, ethernet(server, machine), "10.0.0.1", "10.0.0.23", 3000, port, payload)}
	}
	c := read(t, pcap(t, layers.LinkTypeEthernet, append(leased(t),
		// the size alone, as edk2 asks
		to(2, 1000, 69, rrq("a.efi")), from(2, 1000, []byte("\x00\x06tsize\x001300\x00")), to(2, 1000, 3000, []byte("\x00\x05\x00\x08User aborted\x00")),
		// whole, with a block twice and one that is missing
		to(3, 1001, 69, rrq("a.efi")), from(3, 1001, []byte("\x00\x06tsize\x001300\x00blksize\x00500\x00")), from(4, 1001, data(1, 500)), from(5, 1001, data(1, 500)), from(6, 1001, data(3, 300)),
		// not there
		to(7, 1002, 69, rrq("b.cfg")), from(7, 1002, []byte("\x00\x05\x00\x01no such file\x00")),
		// no answer
		to(8, 1003, 69, rrq("c.efi")), to(12, 1003, 69, rrq("c.efi")), to(16, 1003, 69, rrq("c.efi")),
	)...))
	got := transfers(t, c)
	if len(got) != 4 {
		t.Fatalf("got %+v", got)
	}
	if !got[0].SizeOnly || got[0].Total != 1300 || got[0].Err != "" {
		t.Errorf("the size: %+v", got[0])
	}
	if w := got[1]; !w.Done || w.Bytes != 1300 || w.Blocks != 3 || w.Retransmissions != 1 || w.Total != 1300 || w.Last.Sub(w.Start) != 3*time.Second {
		t.Errorf("the file: %+v", w)
	}
	if !got[2].Missing || got[2].Err != `the server says "no such file" (error 1)` {
		t.Errorf("missing: %+v", got[2])
	}
	if got[3].Requests != 3 || got[3].Err != "no answer of 10.0.0.1 to 3 requests" {
		t.Errorf("no answer: %+v", got[3])
	}
	if !c.Machines[0].Unicast {
		t.Error("packets to one host alone were not noticed")
	}
}

// Block numbers start over behind 65,535.
func TestRollover(t *testing.T) {
	frames := append(leased(t), frame{2 * time.Second, udp(t, ethernet(machine, server), "10.0.0.23", "10.0.0.1", 1000, 69, rrq("big"))})
	for n := 1; n <= 200_000; n += 20_000 { // the rest is missing from the capture
		frames = append(frames, frame{3 * time.Second, udp(t, ethernet(server, machine), "10.0.0.1", "10.0.0.23", 3000, 1000, data(uint16(n), 512))})
	}
	if got := transfers(t, read(t, pcap(t, layers.LinkTypeEthernet, frames...)))[0]; got.Blocks != 180_001 || got.Bytes != 180_001*512 {
		t.Errorf("got %+v", got)
	}
}

func TestHTTP(t *testing.T) {
	at := func(after int, b []byte) frame { return frame{time.Duration(after) * time.Second, b} }
	c := read(t, pcap(t, layers.LinkTypeEthernet, append(leased(t),
		at(2, tcp(t, true, 99, "S", "")), at(2, tcp(t, false, 499, "SA", "")),
		at(2, tcp(t, true, 100, "A", "HEAD /x/boot.efi HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n")),
		at(2, tcp(t, false, 500, "A", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")),
		at(3, tcp(t, true, 150, "A", "GET /x/boot.efi HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n")),
		at(3, tcp(t, false, 541, "A", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 400))),
		at(4, tcp(t, false, 541, "A", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 400))), // once more
		at(5, tcp(t, false, 982, "A", strings.Repeat("x", 600))),
		at(6, tcp(t, true, 200, "A", "GET /x/none HTTP/1.1\r\n\r\n")),
		at(6, tcp(t, false, 1582, "A", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n")),
		at(7, tcp(t, true, 230, "A", "GET /x/big HTTP/1.1\r\n\r\n")),
		at(7, tcp(t, false, 1630, "A", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"+strings.Repeat("x", 100))),
		at(8, tcp(t, true, 260, "R", "")),
	)...))
	got := transfers(t, c)
	if len(got) != 4 {
		t.Fatalf("got %+v", got)
	}
	if !got[0].SizeOnly || got[0].Method != "HEAD" || got[0].Total != 1000 || got[0].Err != "" {
		t.Errorf("HEAD: %+v", got[0])
	}
	if w := got[1]; !w.Done || w.Bytes != 1000 || w.Retransmissions != 1 || w.Status != 200 || w.Name != "/x/boot.efi" {
		t.Errorf("GET: %+v", w)
	}
	if !got[2].Missing || got[2].Err != `the server says "404 Not Found"` {
		t.Errorf("404: %+v", got[2])
	}
	if got[3].Bytes != 100 || got[3].Err != "the machine closed the connection" {
		t.Errorf("broken off: %+v", got[3])
	}
}

// What the machine acknowledges, or where the server ends the connection, shows that more
// came than the capture has; what came late isn't lacking.
func TestHoles(t *testing.T) {
	second := func(b []byte) frame { return frame{2 * time.Second, b} }
	response := func(length, has int) string {
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %04d\r\n\r\n", length)
		return head + strings.Repeat("x", has)
	}
	const head = 41
	begins := append(leased(t), second(tcp(t, true, 99, "S", "")), second(tcp(t, false, 499, "SA", "")), second(acknowledging(t, 500, "A", "GET /vmlinuz HTTP/1.1\r\n\r\n")))
	first := second(tcp(t, false, 500, "A", response(1000, 300)))
	closed := second(tcp(t, false, 500+head+300, "FA", ""))
	for name, test := range map[string]struct {
		frames       []frame
		done         bool
		bytes, lacks int64
		err          string
	}{
		"acknowledged":       {[]frame{first, second(acknowledging(t, 500+head+1000, "A", "")), second(tcp(t, false, 500+head+1000, "FA", ""))}, true, 1000, 700, ""},
		"the end":            {[]frame{first, second(tcp(t, false, 500+head+1000, "FA", ""))}, true, 1000, 700, ""},
		"the machine's end":  {[]frame{first, second(acknowledging(t, 500+head+1001, "FA", ""))}, true, 1000, 700, ""},
		"a part":             {[]frame{first, second(acknowledging(t, 500+head+800, "FA", ""))}, false, 800, 500, "the machine closed the connection"},
		"still open":         {[]frame{first, second(acknowledging(t, 500+head+800, "A", ""))}, false, 800, 500, ""},
		"still open, whole":  {[]frame{first, second(acknowledging(t, 500+head+1000, "A", ""))}, true, 1000, 700, ""},
		"no hole":            {[]frame{first, second(acknowledging(t, 500+head+300, "A", "")), closed, second(acknowledging(t, 500+head+301, "FA", ""))}, false, 300, 0, "the server closed the connection"},
		"a reset":            {[]frame{first, second(acknowledging(t, 500+head+1000, "RA", ""))}, false, 300, 0, "the machine closed the connection"},
		"the middle":         {[]frame{first, second(tcp(t, false, 500+head+900, "A", strings.Repeat("x", 100)))}, true, 1000, 600, ""},
		"it comes late":      {[]frame{first, second(tcp(t, false, 500+head+400, "A", strings.Repeat("x", 600))), second(tcp(t, false, 500+head+300, "A", strings.Repeat("x", 100)))}, true, 1000, 0, ""},
		"all of it":          {[]frame{second(acknowledging(t, 500+head+1000, "A", "")), second(tcp(t, false, 500+head+1000, "FA", ""))}, true, head + 1000, head + 1000, ""},
		"an answer of none":  {[]frame{second(acknowledging(t, 501, "FA", ""))}, false, 0, 0, "the machine closed the connection"},
		"a further request":  {[]frame{first, second(acknowledging(t, 500+head+1000, "A", "GET /initrd HTTP/1.1\r\n\r\n")), second(tcp(t, false, 500+head+1000, "A", response(10, 10)))}, true, 1000, 700, ""},
		"and no more of one": {[]frame{first, second(acknowledging(t, 0, "", "GET /initrd HTTP/1.1\r\n\r\n"))}, true, 1000, 700, ""},
	} {
		got := transfers(t, read(t, pcap(t, layers.LinkTypeEthernet, append(slices.Clone(begins), test.frames...)...)))
		if g := got[0]; g.Done != test.done || g.Bytes != test.bytes || g.Lacks != test.lacks || g.Err != test.err {
			t.Errorf("%s: got %+v", name, g)
		}
		if len(got) > 1 && got[1].Answered && (got[1].Bytes != 10 || !got[1].Done || got[1].Lacks != 0) {
			t.Errorf("%s: the next is %+v", name, got[1])
		}
	}
}

// A server that names another URL sends no file.
func TestRedirect(t *testing.T) {
	at := func(after int, b []byte) frame { return frame{time.Duration(after) * time.Second, b} }
	got := transfers(t, read(t, pcap(t, layers.LinkTypeEthernet, append(leased(t),
		at(2, tcp(t, true, 99, "S", "")), at(2, tcp(t, false, 499, "SA", "")),
		at(2, tcp(t, true, 100, "A", "HEAD /x HTTP/1.1\r\n\r\n")),
		at(2, tcp(t, false, 500, "A", "HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: http://10.0.0.2/y\r\n\r\n")),
		at(3, tcp(t, true, 119, "A", "GET /x HTTP/1.1\r\n\r\n")),
		at(3, tcp(t, false, 572, "A", "HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: http://10.0.0.2/y\r\n\r\nthere")),
	)...)))
	for _, g := range got {
		if g.Err != `the server says "302 Found" and names http://10.0.0.2/y instead` || g.SizeOnly || g.Refused {
			t.Errorf("got %+v", g)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d transfers", len(got))
	}
}

// A server that doesn't answer, one that refuses, and fragments are told of.
func TestObstacles(t *testing.T) {
	fragment := udp(t, ethernet(server, machine), "10.0.0.1", "10.0.0.23", 3000, 1000, make([]byte, 100))
	fragment[14+6] = 0x20 // more fragments
	silent := append(leased(t), frame{2 * time.Second, tcp(t, true, 99, "S", "")}, frame{3 * time.Second, tcp(t, true, 99, "S", "")}, frame{4 * time.Second, fragment})
	c := read(t, pcap(t, layers.LinkTypeEthernet, silent...))
	if got := transfers(t, c); len(got) != 1 || got[0].Err != "no answer of 10.0.0.1:80 to 2 tries to connect" {
		t.Errorf("got %+v", got)
	}
	remarks := func(c *capture.Capture) (all string) {
		for _, i := range c.Machines[0].Items {
			all += i.Remark
		}
		return all
	}
	if got := remarks(c); !strings.Contains(got, "IP fragments between") {
		t.Errorf("got %q", got)
	}
	refused := append(leased(t), frame{2 * time.Second, tcp(t, true, 99, "S", "")}, frame{3 * time.Second, tcp(t, false, 0, "RA", "")})
	if got := remarks(read(t, pcap(t, layers.LinkTypeEthernet, refused...))); !strings.Contains(got, "refuses a connection") {
		t.Errorf("got %q", got)
	}
}

// However many machines there are, a bounded number is kept.
func TestMachinesAreBounded(t *testing.T) {
	var frames []frame
	for n := range 300 {
		m := dhcp(1, 1, "0.0.0.0")
		m[32], m[33] = byte(n>>8), byte(n)
		frames = append(frames, frame{0, udp(t, ethernet(machine, all), "0.0.0.0", "255.255.255.255", 68, 67, m)})
	}
	c := read(t, pcap(t, layers.LinkTypeEthernet, frames...))
	if len(c.Machines) != 256 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "more than 256 machines") {
		t.Errorf("%d machines, %q", len(c.Machines), c.Notes)
	}
}

// Real captures are read without a fault.
func TestRealCaptures(t *testing.T) {
	files, err := filepath.Glob("../*/testdata/captures/*.pcap")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if c := read(t, b); len(c.Machines) == 0 || len(c.Machines[0].Items) < 2 {
			t.Errorf("%s: %+v, %q", file, c.Machines, c.Notes)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("../*/testdata/captures/*.pcap")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := capture.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, m := range c.Machines {
			if len(m.Items) > 2100 {
				t.Errorf("%d items", len(m.Items))
			}
			for _, i := range m.Items {
				if x := i.Transfer; x != nil && (x.Bytes < 0 || x.Total < 0 || x.Lacks < 0) {
					t.Errorf("%+v", x)
				}
			}
		}
	})
}
