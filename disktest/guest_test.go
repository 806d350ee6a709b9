package disktest

import (
	_ "embed"
	"slices"
	"testing"
	"time"
)

//go:embed guest.sh
var guestScript string

// TestGuest has Linux's initiators keep an ext4 on a disk while its target is
// killed, started, ended and started.
func TestGuest(t *testing.T) {
	t.Parallel()
	for _, via := range drivers {
		for _, image := range []string{"raw", "overlay"} {
			t.Run(via.name+"/"+image, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				d := w.image(image)
				spur := w.serve(via, d)
				guest := w.guest(via, []*disk{d}, guestScript, nil)
				for i, wrote := range []string{"3", "9", "15"} {
					w.waitFor(guest, "DISK-WROTE "+wrote+`\b|DISK-FAILED.*`)
					w.pause(300 * time.Millisecond)
					if i == 1 {
						spur.end()
					} else {
						spur.kill()
					}
					w.pause(time.Second)
					spur = w.serve(via, d)
				}
				w.well(guest)
				spur.end()
				d.sound()
			})
		}
	}
}

// TestJumboFrames has Linux's AoE driver use frames of 9000 bytes: 17 sectors in
// each, as it says itself.
func TestJumboFrames(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, 9000)
	d := w.image("raw")
	via := drivers[slices.IndexFunc(drivers, func(d driver) bool { return d.name == "aoe" })]
	via.attach = "ip link set eth0 mtu 9000\n" + via.attach +
		"detach() { dmesg | grep 'e1.2: setting 8704 byte data frames' || fail 'short frames'; }\n"
	spur := w.serve(via, d)
	w.well(w.guest(via, []*disk{d}, guestScript, nil))
	spur.end()
	d.sound()
}
