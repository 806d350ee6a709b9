package pxe_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pxe"
)

// FuzzRead reads whatever parses, and answers it: nothing may panic, and what
// is sent must be readable again.
func FuzzRead(f *testing.F) {
	for _, file := range captures(f) {
		for _, s := range requests(f, file) {
			f.Add(s.payload)
		}
	}
	f.Add(raspberryPi(net.HardwareAddr{0xdc, 0xa6, 0x32, 1, 0x36, 0xc2}, "RPi4"))
	boot := pxe.Boot{Server: netip.MustParseAddr("10.77.0.1"), File: "boot"}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := dhcp.Parse(b)
		if err != nil {
			return
		}
		r := pxe.Read(m)
		_ = r.IsBoot()
		_ = r.Arch().String()
		reply, err := pxe.Answer(m, boot)
		if err != nil {
			return
		}
		if _, err := dhcp.Parse(dhcp.Marshal(reply)); err != nil {
			t.Errorf("our own reply: %v", err)
		}
	})
}
