package record_test

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/route"
)

// anonymousText is what becomes of a text in a record of a machine whose address
// is 192.168.77.9.
func anonymousText(t *testing.T, text string) string {
	t.Helper()
	r := record.Record{Head: record.Head{MAC: mac, Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.77.9/24")}}}
	r.Entries = []record.Entry{{Event: &record.Event{Kind: "fetch-failed", Err: text}}}
	return record.Anonymous(r).Entries[0].Event.Err
}

func TestAnonymousText(t *testing.T) {
	for text, want := range map[string]string{
		// Names of machines, whole and in part.
		"5b154510/start4.elf":                                    "00000001/start4.elf",
		"52-54-00-aa-bb-01/config.txt":                           "52-54-00-00-00-01/config.txt",
		"NetBoot-525400aabb01":                                   "NetBoot-525400000001",
		"00:99:88:77:66:55 took it":                              "02:00:00:00:00:02 xxx1 it",
		"pxelinux.cfg/01-52-54-00-aa-bb-01":                      "pxelinux.cfg/01-52-54-00-00-00-01",
		"grub/grub.cfg-01-52-54-00-AA-BB-1":                      "grub/grub.cfg-02-00-00-00-00-02x1",
		"grub/grub.cfg-01-52-54-00-AA-BB-01":                     "grub/grub.cfg-01-52-54-00-00-00-01",
		"pxelinux.cfg/521c3f8a-0e6d-7a4b-9c21-5254007700aa":      "pxelinux.cfg/00000000-0000-4000-8000-000000000001",
		"pxelinux.cfg/C0A84D09":                                  "pxelinux.cfg/0A4D0009",
		"pxelinux.cfg/C0A84D":                                    "pxelinux.cfg/0A4D00",
		"pxelinux.cfg/C0A8":                                      "pxelinux.cfg/0A4D",
		"pxelinux.cfg/1621":                                      "pxelinux.cfg/0A4D",
		"grub/grub.cfg-C0A84":                                    "grub/grub.cfg-0A4D0",
		"C0A84D09.img":                                           "0A4D0009.img",
		"corp-image.efi":                                         "xxxxxxxxx1.efi",
		"pxelinux.cfg/default-arm-bcm283x":                       "pxelinux.cfg/default-arm-bcm283x",
		"debian-installer/amd64/grubx64.efi":                     "debian-installer/amd64/grubx64.efi",
		"bcm2712-rpi-5-b.dtb":                                    "bcm2712-rpi-5-b.dtb",
		"lookup boot.corp.test on 192.168.77.9:53: no such host": "lookup xxxxxxxxxxxxx1 on 10.77.0.9:53: no such host",
		"http://u:S3CRETPW@files.corp.test:8080/vmlinuz":         "http://xxxxxxxxxxxxxx1:8080/vmlinuz",
		"http://12345:12345@192.168.77.9/":                       "http://10.77.0.9/",
		"iscsi:2001:db8:7::1:::x":                                "iscsi:xxx1:xx2:3::4:::5",
		"iscsi:san1.corp.test::::iqn.2004-01.corp:disk":          "iscsi:xxxxxxxxxxxxx1::::xxxxxxxxxxxxxxx2:disk",
		"[fe80::5054:ff:feaa:bb01%eth9]:69":                      "[fe80::5054:ff:fe00:1%xxx1]:69",
		"AAPLBSDPC/i386/Book9,2":                                 "AAPLBSDPC/i386/xxxx1,2",
		"PXEClient:Arch:00007:UNDI:003016":                       "PXEClient:Arch:00007:UNDI:003016",
		"HTTPClient:Arch:0000b:UNDI:003001:acme":                 "HTTPClient:Arch:0000b:UNDI:003001:xxx1",
		"acme\x01\x02agent":                                      "xxx1??xxxx2",
		"ff02::1:ffaa:bb01":                                      "ff02::1:ff00:0",
		"Press F8 for a menu":                                    "Press F8 for a menu",
		"Choose what to boot: Local disk":                        "Choose what to boot: Local disk",
		"straße":                                                 "xxxxxx1",
	} {
		if got := anonymousText(t, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// The same word is replaced by the same, another by another.
func TestStandInsAreStable(t *testing.T) {
	got := strings.Fields(anonymousText(t, "mercury saturns mercury 12ab34cd 12ab34ce 12ab34cd"))
	if got[0] != got[2] || got[0] == got[1] || got[3] != got[5] || got[3] == got[4] || len(got[3]) != 8 {
		t.Errorf("got %q", got)
	}
}

func tlv(code byte, value string) string { return string([]byte{code, byte(len(value))}) + value }

func dhcp(sname, file string, options ...string) record.Hex {
	b := make([]byte, 240)
	b[0], b[1], b[2] = 2, 1, 6
	copy(b[4:8], mac[2:])
	copy(b[28:], mac[:])
	copy(b[40:], "tail")
	copy(b[44:108], sname)
	copy(b[108:236], file)
	copy(b[236:], "\x63\x82\x53\x63")
	return append(append(b, strings.Join(options, "")...), 255)
}

// anonymousPacket is the one packet of a record, made anonymous.
func anonymousPacket(proto record.Proto, b record.Hex) []byte {
	r := record.Record{Head: record.Head{MAC: mac}, Entries: []record.Entry{
		{Packet: &record.Packet{Way: record.Reply, Proto: proto, Bytes: b}},
		{Packet: &record.Packet{Way: record.Reply, Proto: proto, Bytes: b}},
	}}
	out := record.Anonymous(r)
	if !bytes.Equal(out.Entries[0].Packet.Bytes, out.Entries[1].Packet.Bytes) {
		return nil
	}
	return out.Entries[0].Packet.Bytes
}

func TestAnonymousPackets(t *testing.T) {
	for name, c := range map[string]struct {
		proto  record.Proto
		packet record.Hex
		leak   []string
		stays  []string
	}{
		"fields":       {record.DHCP, dhcp("pxe.corp.test", "grubx64.efi"), []string{"corp", "tail", string(mac[2:])}, []string{"grubx64.efi\x00"}},
		"root path":    {record.DHCP, dhcp("", "", tlv(17, "iscsi:san.corp.test::::iqn.x")), []string{"corp", "iqn"}, []string{"iscsi:xx"}},
		"server name":  {record.DHCP, dhcp("", "", tlv(66, "mercury")), []string{"mercury"}, []string{tlv(66, "xxxxxx1")}},
		"vendor class": {record.DHCP, dhcp("", "", tlv(60, "AAPLBSDPC/i386/Secret9,1")), []string{"Secret"}, []string{"AAPLBSDPC/i386/"}},
		"user class":   {record.DHCP, dhcp("", "", tlv(77, "iPXE")), nil, []string{tlv(77, "iPXE")}},
		"user classes": {record.DHCP, dhcp("", "", tlv(77, "\x04iPXE\x30"+strings.Repeat("k", 48))), []string{"kk"}, []string{"\x04iPXE\x30xx"}},
		"BSDP": {
			record.DHCP,
			dhcp("", "", tlv(43, tlv(1, "\x02")+tlv(8, "\x81\x00\x04\xd2")+tlv(9, "\x81\x00\x04\xd2\x05corpo")+tlv(128, "afp://bob:S3CRETPW@10.9.0.1/vol")+tlv(129, "corp/shadow")+tlv(130, "NetBoot-525400aabb01"))),
			[]string{"S3CRETPW", "bob", "10.9.0.1", "corp", "525400aabb01"},
			[]string{tlv(8, "\x81\x00\x04\xd2"), tlv(9, "\x81\x00\x04\xd2\x05xxxx1")},
		},
		"PXE": {
			record.DHCP,
			dhcp("", "", tlv(43, tlv(6, "\x08")+tlv(8, "\x00\x00\x01\xc0\xa8\x07\x09")+tlv(9, "\x00\x00\x11Raspberry Pi Boot"+"\x00\x01\x04corp")+tlv(10, "\x00corp")+tlv(200, "corp"))),
			[]string{"corp", "\xc0\xa8\x07"},
			[]string{tlv(6, "\x08"), "\x00\x00\x11Raspberry Pi Boot", "\x00\x00\x01\x0a\x4d"},
		},
		"overload": {
			record.DHCP,
			dhcp(tlv(12, "corp-pc")+tlv(66, "mercury")+"\xff", tlv(67, "grubx64.efi")+tlv(15, "corp.test")+tlv(54, "\xc0\xa8\x07\x09")+"\xff", tlv(52, "\x03")),
			[]string{"corp", "mercury", "\xc0\xa8\x07"},
			[]string{tlv(67, "grubx64.efi"), tlv(52, "\x03"), tlv(54, "\x0a\x4d\x00\x09")},
		},
		"fixed options": {record.DHCP, dhcp("", "", tlv(51, "corporate"), tlv(3, "corporat!")), []string{"corp", "!"}, nil},
		"DHCPv6": {
			record.DHCP6,
			record.Hex("\x01" + string(mac[3:]) + "\x00\x0f\x00\x0c\x00\x04iPXE\x00\x04corp" + "\x00\x10\x00\x0c\x00\x00\x01\x57\x00\x06corpor" +
				"\x00\x3c\x00\x06\x00\x04corp" + "\x00\x03\x00\x0c" + string(mac[2:]) + "\x00\x00\x00\x00\x00\x00\x00\x00"),
			[]string{"corp", string(mac[2:]), string(mac[3:])},
			[]string{"\x00\x0f\x00\x0c\x00\x04iPXE\x00\x04xxx1", "\x00\x10\x00\x0c\x00\x00\x01\x57\x00\x06xxxxx2", "\x00\x3c\x00\x06\x00\x04xxx1"},
		},
	} {
		got := anonymousPacket(c.proto, c.packet)
		for _, s := range c.leak {
			if bytes.Contains(got, []byte(s)) {
				t.Errorf("%s: %q is left in %q", name, s, got)
			}
		}
		for _, s := range c.stays {
			if !bytes.Contains(got, []byte(s)) {
				t.Errorf("%s: %q isn't in %q", name, s, got)
			}
		}
	}
}

// What was said of a boot in words has names of all kinds, and goes.
func TestAnonymousVerdict(t *testing.T) {
	r := example()
	r.Entries = append(r.Entries, record.Entry{Verdict: &record.Verdict{
		Cause: "other-offer", Sentence: "mercury, 00:99:88:77:66:55, answered", Likely: "mercury", Hint: "stop mercury",
	}})
	b, err := record.Encode(record.Anonymous(r))
	if err != nil || bytes.Contains(b, []byte("mercury")) || bytes.Contains(b, []byte("00:99:88")) || !bytes.Contains(b, []byte("other-offer")) {
		t.Errorf("got %s, %v", b, err)
	}
}

// Another machine's maker is nobody's business; the machine's own tells its kind.
func TestAnonymousMakers(t *testing.T) {
	other := boot.MAC{0xa8, 0x20, 0x66, 1, 2, 3}
	got := anonymousText(t, mac.String()+" "+hex.EncodeToString(other[:]))
	if got != "52:54:00:00:00:01 020000000002" {
		t.Errorf("got %q", got)
	}
	nameless := record.Record{Entries: []record.Entry{{Event: &record.Event{Err: other.String()}}}}
	if got := record.Anonymous(nameless).Entries[0].Event.Err; got != "02:00:00:00:00:01" {
		t.Errorf("got %q", got)
	}
}

// The names of all files that loaders are served by stay in an anonymous record.
func TestLoadersStayInRecords(t *testing.T) {
	names := []string{route.IPXEScript, route.GPXEScript, route.GRUBConfig, route.LegacyConfig}
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			names = append(names, b.File)
		}
		for _, c := range l.Companions {
			names = append(names, c.File)
		}
	}
	for _, name := range names {
		r := record.Record{Entries: []record.Entry{{Event: &record.Event{File: name}}}}
		if got := record.Anonymous(r).Entries[0].Event.File; got != name {
			t.Errorf("%s became %s", name, got)
		}
	}
}
