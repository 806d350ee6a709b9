package disktest

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// identityScript says how Linux tells the disks from each other: by what
// dm-multipath joins them.
const identityScript = `
. /common.sh
for device in $devices; do
	echo "DISK-ID $device=$(cat /sys/block/$device/device/wwid);"
done
detach
echo DISK-IS-WELL
`

// TestTwoOfOneName has Linux use the disks of two servers whose files have the
// same name. It must not take them for two paths to one disk.
func TestTwoOfOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	via := drivers[slices.IndexFunc(drivers, func(d driver) bool { return d.name == "iscsi" })]
	host, err := w.lab.Host("other", lab.On(w.wire, "10.77.0.2/24"))
	w.check(err)
	elsewhere, other := *w, via
	elsewhere.host, other.serve = host, []string{"--over", "iscsi", "--listen", "10.77.0.2:3260"}
	one, two := w.image("raw"), w.image("raw")
	servers := []*target{w.serve(via, one), elsewhere.serve(other, two)}
	discovery := "iscsiadm -m discovery -t st -p 10.77.0."
	both := strings.Replace(via.attach, discovery+"1;", discovery+"1 && "+discovery+"2;", 1)
	if both == via.attach {
		t.Fatalf("no %q in\n%s", discovery, via.attach)
	}
	via.attach = both
	guest := w.guest(via, []*disk{one, two}, identityScript, nil)
	first := w.waitFor(guest, `DISK-ID sda=[^;$]+;|DISK-FAILED.*`)
	second := w.waitFor(guest, `DISK-ID sdb=[^;$]+;|DISK-FAILED.*`)
	w.well(guest)
	for _, s := range servers {
		s.end()
	}
	_, id, _ := strings.Cut(first, "=")
	if _, other, _ := strings.Cut(second, "="); id == other || len(id) < len("naa.3123456789abcdef") {
		t.Errorf("%s %s", first, second)
	}
	t.Logf("%s %s", first, second)
}
