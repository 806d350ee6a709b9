package dhcp_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
)

// raw is a message of 240 bytes with the given options field.
func raw(options ...byte) []byte {
	b := make([]byte, 240)
	b[0], b[1], b[2] = 1, 1, 6
	copy(b[28:], []byte{0x52, 0x54, 0, 0x12, 0x34, 0x56})
	copy(b[236:], []byte{99, 130, 83, 99})
	return append(b, options...)
}

// with puts bytes into the fixed fields.
func with(b []byte, at int, v string) []byte {
	copy(b[at:], v)
	return b
}

func TestParse(t *testing.T) {
	const sname, file = 44, 108
	for name, c := range map[string]struct {
		in   []byte
		want dhcpv4.Options
		file string
	}{
		"ordinary":           {raw(53, 1, 1, 255), dhcpv4.Options{53: {1}}, ""},
		"no END":             {raw(53, 1, 1), dhcpv4.Options{53: {1}}, ""},
		"no options: BOOTP":  {raw(), dhcpv4.Options{}, ""},
		"PAD between":        {raw(0, 0, 53, 1, 1, 0, 12, 1, 'x', 0, 255), dhcpv4.Options{53: {1}, 12: {'x'}}, ""},
		"garbage after END":  {raw(53, 1, 1, 255, 53, 1, 2, 9, 9), dhcpv4.Options{53: {1}}, ""},
		"cut off":            {raw(53, 1, 1, 12, 5, 'x'), dhcpv4.Options{53: {1}}, ""},
		"cut off in a code":  {raw(53, 1, 1, 12), dhcpv4.Options{53: {1}}, ""},
		"split (RFC 3396)":   {raw(67, 2, 'a', 'b', 53, 1, 1, 67, 1, 'c', 255), dhcpv4.Options{53: {1}, 67: []byte("abc")}, ""},
		"a value of nothing": {raw(53, 1, 1, 80, 0, 255), dhcpv4.Options{53: {1}, 80: {}}, ""},
		"type twice":         {raw(53, 1, 1, 53, 1, 1, 255), dhcpv4.Options{53: {1}}, ""},
		"file":               {with(raw(53, 1, 1, 255), file, "boot"), dhcpv4.Options{53: {1}}, "boot"},
		"file overloaded": {with(raw(53, 1, 1, 52, 1, 1, 255), file, "\x0c\x01x\xff"),
			dhcpv4.Options{53: {1}, 12: {'x'}}, ""},
		"both overloaded, in pieces": {with(with(raw(52, 1, 3, 67, 1, 'a', 255), file, "\x43\x01b\xff"), sname, "\x43\x01c\x35\x01\x01\xff"),
			dhcpv4.Options{53: {1}, 67: []byte("abc")}, ""},
		"sname overloaded only": {with(with(raw(52, 1, 2, 255), file, "boot"), sname, "\x35\x01\x01\xff"),
			dhcpv4.Options{53: {1}}, "boot"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := dhcp.Parse(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Options) != len(c.want) || m.BootFileName != c.file {
				t.Fatalf("got %v file %q, want %v file %q", m.Options, m.BootFileName, c.want, c.file)
			}
			for code, v := range c.want {
				if got, ok := m.Options[code]; !ok || !bytes.Equal(got, v) {
					t.Errorf("option %d is %q, want %q", code, got, v)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	long, cookie, reply := raw(), raw(), raw(53, 1, 2)
	long[2], cookie[236], reply[0] = 17, 98, 2
	for name, b := range map[string][]byte{
		"empty": nil, "short": raw()[:239], "chaddr of 17 bytes": long, "no cookie": cookie,
		"a reply": reply, "huge": append(raw(), make([]byte, 1<<16)...),
	} {
		if _, err := dhcp.ParseRequest(b); !errors.Is(err, dhcp.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := dhcp.Parse(reply); err != nil {
		t.Errorf("a client reads replies: %v", err)
	}
}

// FuzzParse parses anything; what it makes of it must survive the way through
// Marshal.
func FuzzParse(f *testing.F) {
	for _, b := range captured(f) {
		f.Add(b)
	}
	f.Add(with(raw(52, 1, 3, 67, 1, 'a', 255), 108, "\x43\x01b\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := dhcp.Parse(b)
		if err != nil {
			return
		}
		again, err := dhcp.Parse(dhcp.Marshal(m))
		if err != nil && len(b) < 4096 {
			t.Fatalf("our own bytes: %v", err)
		}
		if err == nil && again.MessageType() != m.MessageType() {
			t.Errorf("type %s became %s", m.MessageType(), again.MessageType())
		}
	})
}

// captured are the DHCP messages of the captures of real firmware.
func captured(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("../pxe/testdata/captures/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures of firmware: %v", err)
	}
	var all [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pcapgo.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for frame, _, err := r.ReadPacketData(); err == nil; frame, _, err = r.ReadPacketData() {
			udp, ok := gopacket.NewPacket(frame, r.LinkType(), gopacket.Default).Layer(layers.LayerTypeUDP).(*layers.UDP)
			if ok && (udp.DstPort == 67 || udp.DstPort == 68 || udp.DstPort == 4011) {
				all = append(all, bytes.Clone(udp.Payload))
			}
		}
	}
	return all
}

// TestParseFirmware reads every DHCP message of real firmware.
func TestParseFirmware(t *testing.T) {
	for i, b := range captured(t) {
		if m, err := dhcp.Parse(b); err != nil || m.MessageType() == dhcpv4.MessageTypeNone {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

func TestMarshal(t *testing.T) {
	m, err := dhcp.Parse(raw(1, 1, 9, 53, 1, 1, 54, 1, 8, 82, 3, 1, 1, 7, 66, 1, 's', 67, 2, 'a', 'b', 97, 1, 0, 255))
	if err != nil {
		t.Fatal(err)
	}
	b := dhcp.Marshal(m)
	want := []byte{53, 1, 1, 54, 1, 8, 1, 1, 9, 66, 1, 's', 0, 67, 2, 'a', 'b', 0, 97, 1, 0, 82, 3, 1, 1, 7, 255, 0}
	if len(b) != 300 || !bytes.HasPrefix(b[240:], want) {
		t.Errorf("%d bytes, options % x, want % x", len(b), b[240:280], want)
	}
	m.Options[43] = bytes.Repeat([]byte{7}, 300)
	b = dhcp.Marshal(m)
	if i := bytes.Index(b, []byte{43, 255, 7}); i < 0 || b[i+257] != 43 || b[i+258] != 45 {
		t.Errorf("a long option isn't split: % x", b[240:])
	}
}
