package pxe_test

import (
	"bytes"
	"testing"

	"github.com/spurboot/spur/internal/pxe"
)

// PXELINUX' options stand in an offer as they are (RFC 5071 section 5), beside those
// that an offer has anyway.
func TestSyslinuxOptions(t *testing.T) {
	b := boot
	b.File, b.Options = "SEALED/lpxelinux.0", pxe.SyslinuxOptions("SEALED/", "pxelinux.cfg/default")
	reply, err := pxe.Offer(discover(biosROM), b)
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[uint8]string{67: "SEALED/lpxelinux.0", 209: "pxelinux.cfg/default", 210: "SEALED/"} {
		if got := reply.Options[code]; !bytes.Equal(got, []byte(want)) {
			t.Errorf("option %d is %q", code, got)
		}
	}
}
