package ramdisktest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// packet6 is an answer of DHCPv6 with options.
func packet6(options ...[]byte) []byte {
	p := make([]byte, packetSize)
	copy(p[4:], bytes.Join(options, nil))
	return p
}

func option6(code byte, text string) []byte {
	return append([]byte{0, code, byte(len(text) >> 8), byte(len(text))}, text...)
}

// Over IPv6 the server and the folder are those of the URL (RFC 5970 section 3.1).
func TestReadsIPv6(t *testing.T) {
	program := harness(t)
	for _, addr := range []string{
		"::", "::1", "fd77::1", "2001:db8::", "2001:db8:1:2:3:4:5:6", "fe80::5054:ff:fe12:3456", "2001:DB8:0:0::F", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
	} {
		b := netip.MustParseAddr(addr).As16()
		want := fmt.Sprintf("server %s is %s folder S/", addr, hex.EncodeToString(b[:]))
		url := "tftp://[" + addr + "]/S/ramdisk.efi"
		got := reads(t, program, packet6(option6(1, strings.Repeat("x", 300)), option6(59, url)), []byte(told), "DHCPv6")
		if first, _, _ := strings.Cut(got, "\n"); first != want {
			t.Errorf("%s: got %q, want %q", url, first, want)
		}
	}
	for _, url := range []string{
		"", "tftp", "tftp://[", "tftp://[]/S/ramdisk.efi", "tftp://[fd77::1", "tftp://[fd77::1]", "tftp://[fd77::1]ramdisk.efi", "tftp://[fd77::1]:70/S/ramdisk.efi",
		"http://[fd77::1]/S/ramdisk.efi", "tftp://fd77::1/S/ramdisk.efi", "tftp://[fd77::1]/S/snponly.efi", "tftp://[fd77::1::2]/S/ramdisk.efi",
		"tftp://[1:2:3:4:5:6:7]/S/ramdisk.efi", "tftp://[1:2:3:4:5:6:7:8:9]/S/ramdisk.efi", "tftp://[1:2:3:4:5:6:7:8::]/S/ramdisk.efi", "tftp://[fd77::12345]/S/ramdisk.efi",
		"tftp://[fd77:]/S/ramdisk.efi", "tftp://[:fd77::1]/S/ramdisk.efi", "tftp://[fd77:::1]/S/ramdisk.efi", "tftp://[::192.0.2.1]/S/ramdisk.efi", "tftp://[fe80::1%eth0]/S/ramdisk.efi",
		"tftp://[" + strings.Repeat("0", 60) + "::1]/S/ramdisk.efi", "tftp://[fd77::1]/" + strings.Repeat("S", 600) + "ramdisk.efi",
	} {
		if got := reads(t, program, packet6(option6(59, url)), []byte(told), "DHCPv6"); got != "" {
			t.Errorf("%.60q is taken: %q", url, got)
		}
	}
	cut := packet6(option6(59, "tftp://[fd77::1]/S/ramdisk.efi"))
	cut[6], cut[7] = 0xff, 0xff // longer than what firmware keeps
	if got := reads(t, program, cut, []byte(told), "DHCPv6"); got != "" {
		t.Errorf("an option that is cut off is taken: %q", got)
	}
}

// An address is read as Go reads it.
func FuzzReadsAddress(f *testing.F) {
	program := harness(f)
	for _, seed := range []string{"fd77::1", "1:2:3:4:5:6:7:8", "::", "1::2::3", "::ffff:192.0.2.1", "fe80::1%eth0", "12345::", ":1", "1:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 60 || strings.ContainsAny(text, "]\x00") {
			return
		}
		want := ""
		if addr, err := netip.ParseAddr(text); err == nil && addr.Is6() && !strings.ContainsAny(text, ".%") && len(text) < 40 {
			b := addr.As16()
			want = fmt.Sprintf("server %s is %s folder S/\n", text, hex.EncodeToString(b[:]))
		}
		if got := reads(t, program, packet6(option6(59, "tftp://["+text+"]/S/ramdisk.efi")), []byte(told), "DHCPv6"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	})
}
