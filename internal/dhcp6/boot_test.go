package dhcp6_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
)

var (
	pxeClient  = firmware("PXEClient:Arch:00007:UNDI:003001", 7)
	httpClient = firmware("HTTPClient:Arch:00016:UNDI:003001", 16)
	ipxe       = append(firmware("PXEClient:Arch:00007:UNDI:003010", 7), &dhcpv6.OptUserClass{UserClasses: [][]byte{[]byte("iPXE")}})
	tftpBoot   = dhcp6.Boot{URL: "tftp://[fd77::1]/x.efi"}
	httpBoot   = dhcp6.Boot{URL: "http://[fd77::1]/x.efi"}
)

// codes are the options of a reply in their order.
func codes(m *dhcpv6.Message) (all []uint16) {
	for _, o := range m.Options.Options {
		all = append(all, uint16(o.Code()))
	}
	return all
}

// TestOffer: beside another server edk2 takes an advertisement without an
// address, by its class, and PXE asks once more on port 4011.
func TestOffer(t *testing.T) {
	for _, c := range []struct {
		kind    dhcpv6.MessageType
		port    uint16
		options []dhcpv6.Option
		boot    dhcp6.Boot
		reply   dhcpv6.MessageType // 0: none
		class   string
	}{
		{dhcpv6.MessageTypeSolicit, 547, pxeClient, tftpBoot, dhcpv6.MessageTypeAdvertise, "PXEClient"},
		{dhcpv6.MessageTypeSolicit, 547, httpClient, httpBoot, dhcpv6.MessageTypeAdvertise, "HTTPClient"},
		{dhcpv6.MessageTypeRequest, 4011, append([]dhcpv6.Option{toUs()}, pxeClient...), tftpBoot, dhcpv6.MessageTypeReply, "PXEClient"},
		{dhcpv6.MessageTypeInformationRequest, 547, ipxe, httpBoot, dhcpv6.MessageTypeReply, ""},
		{dhcpv6.MessageTypeSolicit, 547, ipxe, httpBoot, 0, ""},
		{dhcpv6.MessageTypeSolicit, 547, nil, tftpBoot, 0, ""},
		{dhcpv6.MessageTypeInformationRequest, 547, nil, tftpBoot, 0, ""},
		{dhcpv6.MessageTypeRequest, 547, pxeClient, tftpBoot, 0, ""},
		{dhcpv6.MessageTypeRequest, 4011, append([]dhcpv6.Option{dhcpv6.OptServerID(duid(7))}, pxeClient...), tftpBoot, 0, ""},
		{dhcpv6.MessageTypeRelease, 547, pxeClient, tftpBoot, 0, ""},
	} {
		p := heard(message(c.kind, 1, c.options...))
		p.Port = c.port
		reply, err := dhcp6.Offer(p, serverID, c.boot)
		if c.reply == 0 {
			if !errors.Is(err, dhcp6.ErrNoBoot) {
				t.Errorf("%s on port %d: %v, %v", c.kind, c.port, reply, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s on port %d: %v", c.kind, c.port, err)
			continue
		}
		class := string(bytes.Join(reply.Options.VendorClass(343), nil))
		if reply.MessageType != c.reply || class != c.class || reply.Options.BootFileURL() != c.boot.URL ||
			!reply.Options.ServerID().Equal(serverID) || !reply.Options.ClientID().Equal(duid(1)) || len(reply.Options.IANA()) > 0 {
			t.Errorf("%s on port %d: %s", c.kind, c.port, reply.Summary())
		}
	}
}

// TestURLIsNotLast: old edk2 reads the URL up to a NUL, which is the next
// option's first byte.
func TestURLIsNotLast(t *testing.T) {
	p := heard(message(dhcpv6.MessageTypeInformationRequest, 1, ipxe...))
	reply, err := dhcp6.Offer(p, serverID, httpBoot)
	if err != nil {
		t.Fatal(err)
	}
	b := dhcp6.Marshal(p, reply)
	if at := bytes.Index(b, []byte(httpBoot.URL)); b[at+len(httpBoot.URL)] != 0 {
		t.Errorf("%x follows the URL", b[at+len(httpBoot.URL)])
	}
}

// TestApply: in a reply with an address PXE must not find its class, HTTP Boot
// must; parameters are for those that ask and are no PC's firmware.
func TestApply(t *testing.T) {
	boot := dhcp6.Boot{Params: []string{"a"}, DNS: []netip.Addr{netip.MustParseAddr("fd77::53")}}
	for _, c := range []struct {
		options []dhcpv6.Option
		url     string
		codes   []uint16
	}{
		{pxeClient, tftpBoot.URL, []uint16{59, 1, 23}},
		{httpClient, httpBoot.URL, []uint16{59, 16, 1, 23}},
		{ipxe, httpBoot.URL, []uint16{59, 60, 1, 23}},
		{[]dhcpv6.Option{vendorClass(0, "U-Boot"), dhcpv6.OptRequestedOption(59, 60)}, tftpBoot.URL, []uint16{59, 60, 1, 23}},
		{[]dhcpv6.Option{vendorClass(0, "U-Boot")}, tftpBoot.URL, []uint16{59, 1, 23}},
	} {
		reply := message(dhcpv6.MessageTypeAdvertise, 1)
		boot.URL = c.url
		if err := dhcp6.Apply(reply, dhcp6.Read(heard(message(dhcpv6.MessageTypeSolicit, 1, c.options...))), boot); err != nil {
			t.Error(err)
		}
		if got := codes(reply); !equal(got, c.codes) {
			t.Errorf("options %v, want %v", got, c.codes)
		}
	}
}

func equal(a, b []uint16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestUnfit: what firmware would fail on without a word is an error.
func TestUnfit(t *testing.T) {
	for _, c := range []struct {
		options []dhcpv6.Option
		boot    dhcp6.Boot
	}{
		{pxeClient, httpBoot},
		{pxeClient, dhcp6.Boot{URL: "tftp://server/x.efi"}},
		{httpClient, tftpBoot},
		{ipxe, dhcp6.Boot{}},
		{ipxe, dhcp6.Boot{URL: "http://[fd77::1]/" + strings.Repeat("x", 900)}},
		{ipxe, dhcp6.Boot{URL: httpBoot.URL, DNS: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}},
	} {
		reply := message(dhcpv6.MessageTypeAdvertise, 1)
		err := dhcp6.Apply(reply, dhcp6.Read(heard(message(dhcpv6.MessageTypeSolicit, 1, c.options...))), c.boot)
		if !errors.Is(err, dhcp6.ErrURL) || len(reply.Options.Options) != 1 {
			t.Errorf("%.60q: %v", c.boot.URL, err)
		}
	}
}

// TestServerID is the same for a key, and another for another one.
func TestServerID(t *testing.T) {
	if again := dhcp6.ServerID([]byte("a key")); !again.Equal(serverID) || serverID.Equal(dhcp6.ServerID([]byte("another"))) {
		t.Error(again)
	}
}
