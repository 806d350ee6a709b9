package boottest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// A system mounts its image over the network, from Spur, as its own software does, and runs
// from there: what it has for its disc is the network's.
func TestMountedRoots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		family, root string
		initrd       func() (string, error)
		firmware     lab.Firmware
		url          bool // the image is at a URL
		disc         string
		runs         []string
		routes       []string
	}{
		{"dracut-live", "nbd", lab.DracutInitrd, lab.BIOS, false, `/dev/nbd0 \S+ iso9660 ro`, dracut, []string{"ipxe-http"}},
		{"debian-live", "nfs", lab.LiveInitrd, lab.BIOS, false, `10\.77\.0\.1:/\w+ \S+ nfs ro,.*vers=3`, liveBoot, []string{"ipxe-http"}},
		{"debian-live", "nfs", lab.LiveInitrd, lab.UEFI, true, `10\.77\.0\.1:/\w+ \S+ nfs ro,.*vers=3`, liveBoot, []string{"uefi-x64-snponly", "ipxe-http"}},
	} {
		name := fmt.Sprintf("%s over %s, %s", tt.family, tt.root, tt.firmware)
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			initrd, err := tt.initrd()
			w.check(err)
			iso := w.layout(w.layoutOf(tt.family), contents{kernel: built.kernel, initrd: initrd, root: w.liveRoot()})
			other := w.otherHost("other", dhcpAddr)
			w.foreignDHCP(other)
			if tt.url {
				w.apiServer(other, http.FileServer(http.Dir("/")).ServeHTTP)
				iso = "http://" + dhcpAddr + ":8000" + iso
			}
			spur := w.spur("boot", iso, "--root", tt.root, "--cmdline", liveCmdline)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, tt.runs[0], `LIVE disc `+tt.disc)
			w.told(spur, m, `"step":"mounted".*"file":"medium\.iso"`)
			w.told(spur, m, `"step":"up"`)
			w.took(spur, m, tt.routes...)
		})
	}
}
