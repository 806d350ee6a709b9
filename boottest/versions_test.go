package boottest

import (
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Where every build of the newest loader fails on a machine, it is given another
// version of it: here that of the distribution, below broken ones of the operator's.
func TestOtherVersions(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	data := t.TempDir()
	spur := w.boot("--data", data, "--loaders", w.breakLoader("undionly.kpxe"), "--loaders", w.breakLoader("ipxe.pxe"))
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	for _, broken := range []string{"undionly.kpxe", "ipxe.pxe"} {
		w.told(spur, m, `"file":"`+broken+`".*"bytes"`)
		w.check(m.Reset(w.ctx))
	}
	w.up(m, spur)
	w.told(spur, m, `"step":"offered".*"route":"bios-undionly@[0-9a-f]{8}"`)
}
