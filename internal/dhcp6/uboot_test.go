package dhcp6_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
)

// uboot is what U-Boot's dhcp6 command sends, put together from its source
// (net/dhcpv6.c, dhcp6_add_option), without CONFIG_DHCP_PXE_CLIENTARCH. A
// SOLICIT has no server identifier, a REQUEST has it after option 6.
func uboot(kind byte, server []byte) []byte {
	b := []byte{kind, 0, 0x12, 0x34}
	for _, o := range []struct {
		code  uint16
		value []byte
	}{
		{1, []byte{0, 3, 0, 1, 0x52, 0x54, 0, 0x77, 0, 1}},
		{8, []byte{0, 0}},
		{3, []byte{0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0}},
		{6, []byte{0, 59, 0, 82, 0, 60}},
		{2, server},
		{16, append([]byte{0, 0, 0, 0, 0, 6}, "U-Boot"...)},
		{62, []byte{1, 0, 0}},
	} {
		if o.code == 2 && server == nil {
			continue
		}
		b = binary.BigEndian.AppendUint16(b, o.code)
		b = binary.BigEndian.AppendUint16(b, uint16(len(o.value)))
		b = append(b, o.value...)
	}
	return b
}

// TestUBoot: it must find its address where it looks for it: it takes each
// option of an IA_NA for one like the first, and steps by the length without
// the header (dhcp6_parse_ia_options).
func TestUBoot(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{Authoritative: true}, small())
	for kind, server := range map[byte][]byte{1: nil, 3: serverID.ToBytes()} {
		m, _, err := dhcp6.Parse(uboot(kind, server))
		if err != nil {
			t.Fatal(err)
		}
		p := heard(m)
		r := dhcp6.Read(p)
		if !r.IsBoot() || r.MAC.String() != card.String() || r.ClassID != "U-Boot" || !r.Wants(60) {
			t.Errorf("read as %+v", r)
		}
		reply, out := s.Handle(noon, p)
		if err := dhcp6.Apply(reply, r, dhcp6.Boot{URL: tftpBoot.URL, Params: []string{"pxelinux.cfg/default"}}); err != nil {
			t.Fatal(err)
		}
		b := dhcp6.Marshal(p, reply)
		at := bytes.Index(b, []byte{0, 3, 0, 40})
		if at < 0 {
			t.Fatalf("%s: no IA_NA of 40 bytes in %x", reply.MessageType, b)
		}
		var found []byte
		for o, end := at+16, at+40; o < end; o += int(binary.BigEndian.Uint16(b[o+2:])) {
			found = b[o+4 : o+20]
		}
		if !bytes.Equal(found, out.Addr.AsSlice()) {
			t.Errorf("%s: U-Boot takes %x for its address, which is %s", reply.MessageType, found, out.Addr)
		}
		if reply.MessageType == dhcpv6.MessageTypeAdvertise && reply.Options.Preference() != 255 {
			t.Error("U-Boot waits for other servers")
		}
	}
}
