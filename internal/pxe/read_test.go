package pxe_test

import (
	"net"
	"reflect"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/pxe"
)

// message is a request with the given options.
func message(kind dhcpv4.MessageType, options map[uint8][]byte) *dhcpv4.DHCPv4 {
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, TransactionID: dhcpv4.TransactionID{1, 2, 3, 4},
		ClientIPAddr: net.IPv4zero, YourIPAddr: net.IPv4zero, ServerIPAddr: net.IPv4zero, GatewayIPAddr: net.IPv4zero,
		ClientHWAddr: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}, Options: dhcpv4.Options{53: {byte(kind)}},
	}
	for code, v := range options {
		m.Options[code] = v
	}
	return m
}

func discover(options map[uint8][]byte) *dhcpv4.DHCPv4 {
	return message(dhcpv4.MessageTypeDiscover, options)
}

func TestReadIdentity(t *testing.T) {
	id := []byte("0123456789abcdef")
	for name, c := range map[string]struct {
		option []byte
		want   bool
	}{
		"with type":       {append([]byte{0}, id...), true},
		"without type":    {id, true},
		"left out":        {nil, false},
		"another type":    {append([]byte{1}, id...), false},
		"too short":       {[]byte{0, 1, 2}, false},
		"not programmed":  {make([]byte, 17), false},
		"not programmed1": {append([]byte{0}, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")...), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := pxe.Read(discover(map[uint8][]byte{97: c.option}))
			if r.HasUUID != c.want || c.want && string(r.UUID[:]) != string(id) {
				t.Errorf("got %x %v", r.UUID, r.HasUUID)
			}
		})
	}
}

func TestReadClass(t *testing.T) {
	for name, c := range map[string]struct {
		options map[uint8][]byte
		class   pxe.Class
		archs   []pxe.Arch
		ndi     pxe.NDI
		speaker pxe.Speaker
		boot    bool
	}{
		"pxe": {map[uint8][]byte{60: []byte("PXEClient:Arch:00007:UNDI:003016"), 93: {0, 7}, 94: {1, 3, 16}},
			pxe.PXEClient, []pxe.Arch{pxe.ArchX64}, pxe.NDI{1, 3, 16}, pxe.ROM, true},
		"class only": {map[uint8][]byte{60: []byte("PXEClient:Arch:00011:UNDI:003016\x00")},
			pxe.PXEClient, []pxe.Arch{pxe.ArchARM64}, pxe.NDI{1, 3, 16}, pxe.ROM, true},
		"a list": {map[uint8][]byte{60: []byte("PXEClient"), 93: {0, 7, 0, 9}},
			pxe.PXEClient, []pxe.Arch{pxe.ArchX64, pxe.ArchEBC}, pxe.NDI{}, pxe.ROM, true},
		"the oldest":   {map[uint8][]byte{60: []byte("PXEClient")}, pxe.PXEClient, nil, pxe.NDI{}, pxe.ROM, true},
		"no number":    {map[uint8][]byte{60: []byte("PXEClient:Arch:x:UNDI")}, pxe.PXEClient, nil, pxe.NDI{}, pxe.ROM, true},
		"http":         {map[uint8][]byte{60: []byte("HTTPClient:Arch:00016"), 93: {0, 16}}, pxe.HTTPClient, []pxe.Arch{pxe.ArchX64HTTP}, pxe.NDI{}, pxe.ROM, true},
		"odd arch":     {map[uint8][]byte{60: []byte("PXEClient"), 93: {0, 7, 9}}, pxe.PXEClient, []pxe.Arch{pxe.ArchX64}, pxe.NDI{}, pxe.ROM, true},
		"u-boot":       {map[uint8][]byte{60: []byte("U-Boot.armv8"), 93: {0, 22}}, "", []pxe.Arch{pxe.ArchARM64UBoot}, pxe.NDI{}, pxe.UBoot, true},
		"apple":        {map[uint8][]byte{60: []byte("AAPLBSDPC/i386/iMac14,1")}, "", nil, pxe.NDI{}, pxe.Apple, true},
		"udhcpc":       {map[uint8][]byte{60: []byte("udhcp 1.36.1")}, "", nil, pxe.NDI{}, pxe.Linux, false},
		"no class":     {nil, "", nil, pxe.NDI{}, pxe.Unknown, false},
		"ipxe by name": {map[uint8][]byte{60: []byte("PXEClient"), 77: []byte("iPXE")}, pxe.PXEClient, nil, pxe.NDI{}, pxe.IPXE, true},
		"gpxe":         {map[uint8][]byte{60: []byte("PXEClient:Arch:00000:UNDI:002001"), 77: []byte("gPXE"), 175: {19, 1, 1, 24, 1, 1}}, pxe.PXEClient, []pxe.Arch{pxe.ArchBIOS}, pxe.NDI{1, 2, 1}, pxe.GPXE, true},
		"gpxe by name": {map[uint8][]byte{60: []byte("PXEClient"), 77: []byte("gPXE")}, pxe.PXEClient, nil, pxe.NDI{}, pxe.GPXE, true},
		"ipxe by 175":  {map[uint8][]byte{60: []byte("PXEClient"), 175: {19, 1, 1}}, pxe.PXEClient, nil, pxe.NDI{}, pxe.IPXE, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := pxe.Read(discover(c.options))
			if r.Class != c.class || !reflect.DeepEqual(r.Archs, c.archs) || r.NDI != c.ndi || r.Speaker != c.speaker || r.IsBoot() != c.boot {
				t.Errorf("got %+v, boot %v", r, r.IsBoot())
			}
		})
	}
}

func TestReadUserClass(t *testing.T) {
	for name, c := range map[string]struct {
		option []byte
		want   []string
	}{
		"plain":              {[]byte("iPXE"), []string{"iPXE"}},
		"RFC 3004":           {[]byte("\x04iPXE"), []string{"iPXE"}},
		"RFC 3004 twice":     {[]byte("\x04iPXE\x03lab"), []string{"iPXE", "lab"}},
		"ended by NUL":       {[]byte("iPXE\x00"), []string{"iPXE"}},
		"looks like neither": {[]byte("\x09iPXE"), []string{"\x09iPXE"}},
		"empty":              {[]byte{}, nil},
		"NUL":                {[]byte{0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := pxe.Read(discover(map[uint8][]byte{77: c.option})).UserClass; !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestReadFeatures(t *testing.T) {
	option := []byte{177, 5, 1, 0x1a, 0xf4, 0x10, 0, 235, 3, 1, 21, 1, 17, 1, 1, 19, 1, 1, 20, 1, 0, 24, 1, 1, 36, 1, 1, 39, 1}
	got := pxe.Read(discover(map[uint8][]byte{175: option})).IPXE
	want := &pxe.Features{ISCSI: true, HTTP: true, BzImage: true, EFI: true, Version: "1.21.1", Bus: pxe.Bus{Type: 1, Vendor: 0x1af4, Device: 0x1000}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v (the last one is cut off)", got, want)
	}
	if s := got.Bus.String(); s != "1af4:1000" {
		t.Errorf("bus %q", s)
	}
}
