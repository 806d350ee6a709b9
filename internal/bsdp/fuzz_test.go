package bsdp_test

import (
	"testing"

	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/dhcp"
)

// Whatever a packet says, what is answered is as large as its sender takes, and can be
// read.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"list-request", "select-request", "list-request-filter", "list-request-ppc", "select-request-ppc", "list-request-old-firmware", "discover-request"} {
		f.Add(golden(f, name))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := dhcp.Parse(packet)
		if err != nil {
			return
		}
		r, err := bsdp.Read(m)
		if err != nil {
			return
		}
		reply := bsdp.List(m, r, server, images(), r.Selected)
		if found, ok := bsdp.Find(images(), r); ok {
			if reply, err = bsdp.Select(m, r, server, bsdp.Boot{Image: found.ID, File: "x/booter", RootPath: "http://10.0.0.1/x"}); err != nil {
				t.Fatal(err)
			}
		}
		if reply == nil {
			return
		}
		wire := dhcp.Marshal(reply)
		if len(wire) > r.MaxMessage || r.MaxMessage > 1472 || r.ReplyPort >= 1024 {
			t.Errorf("%d bytes to port %d for a Mac that takes %d", len(wire), r.ReplyPort, r.MaxMessage)
		}
		if _, err := dhcp.Parse(wire); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParseImages(f *testing.F) {
	f.Add([]byte{9, 8, 0x81, 0, 0, 1, 3, 'M', 'a', 'c'})
	f.Fuzz(func(_ *testing.T, v []byte) {
		_, _ = bsdp.ParseImages(v)
		_, _ = bsdp.ParseImages(bsdp.Parse(v)[bsdp.CodeImages])
	})
}
