package disktest

import (
	_ "embed"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

//go:embed guest.sh
var guestScript string

// A driver is how a guest comes by a disk.
type driver struct {
	name     string
	modules  []string
	programs []string
	files    map[string]string
	attach   string // sets disk, sys, and the functions again and detach
	serve    []string
}

var drivers = []driver{
	{
		name:     "iscsi",
		modules:  []string{"iscsi_tcp", "sd_mod", "ext4", "crc32c_generic", "crc32c_intel"},
		programs: []string{"iscsid", "iscsiadm"},
		files: map[string]string{
			"etc/passwd":                    "root:x:0:0:root:/:/bin/sh\n", // iscsid asks who calls it
			"etc/iscsi/initiatorname.iscsi": "InitiatorName=iqn.2026-11.example.spur:guest\n",
			// A session that is lost has two minutes to come back.
			"etc/iscsi/iscsid.conf": "node.session.timeo.replacement_timeout = 120\nnode.conn[0].timeo.noop_out_interval = 5\nnode.conn[0].timeo.noop_out_timeout = 5\n",
		},
		attach: `mkdir -p /run/lock/iscsi /var/lib/iscsi /var/lock; ln -sf /run /var/run
iscsid -f >/tmp/iscsid.log 2>&1 &
n=0; until iscsiadm -m discovery -t sendtargets -p 10.77.0.1; do n=$((n+1)); [ $n -lt 20 ] || fail "discovery: $(cat /tmp/iscsid.log)"; sleep 0.5; done
iscsiadm -m node --login || fail "login: $(cat /tmp/iscsid.log)"
disk=/dev/sda sys=sda
again() { :; }
detach() { iscsiadm -m node --logout; }
`,
		serve: []string{"--over", "iscsi", "--listen", targetAddr + ":3260"},
	},
	{
		name:     "nbd",
		modules:  []string{"nbd", "ext4"},
		programs: nil,
		attach: `cp /attach /run-attach; chmod 755 /run-attach
/run-attach 10.77.0.1:10809 0 2>/tmp/attach.log &
disk=/dev/nbd0 sys=nbd0
again() { :; }
detach() { :; }
`,
		serve: []string{"--over", "nbd", "--listen", targetAddr + ":10809"},
	},
	{
		name:    "aoe",
		modules: []string{"aoe", "ext4"},
		// The driver looks for targets when it is loaded, before the network is
		// up; and it gives up a device after three minutes.
		attach: `disk=/dev/etherd/e1.2 sys='etherd!e1.2'
again() { echo >/dev/etherd/discover; }
detach() { :; }
`,
		serve: []string{"--over", "aoe", "--interface", "eth0", "--shelf", "1", "--slot", "2"},
	},
}

// TestGuest has Linux's initiators keep an ext4 on a disk while its target is
// killed, started, ended and started.
func TestGuest(t *testing.T) {
	for _, d := range drivers {
		for _, image := range []string{"raw", "overlay"} {
			t.Run(d.name+"/"+image, func(t *testing.T) {
				w := newWorld(t)
				disk := w.image(image)
				spur := w.serve(disk, d.serve)
				guest := w.guest(d)
				for i, wrote := range []string{"3", "9", "15"} {
					w.waitFor(guest, "DISK-WROTE "+wrote+`\b|DISK-FAILED.*`)
					w.pause(300 * time.Millisecond)
					if i == 1 {
						spur.end()
					} else {
						spur.kill()
					}
					w.pause(time.Second)
					spur = w.serve(disk, d.serve)
				}
				if said := w.waitFor(guest, "DISK-IS-WELL|DISK-FAILED.*"); said != "DISK-IS-WELL" {
					t.Fatalf("%s\n%s", said, guest.Serial().Tail(30))
				}
				w.check(guest.Quit())
				spur.end()
				disk.sound()
			})
		}
	}
}

// guest boots a machine that uses the disk.
func (w *world) guest(d driver) *lab.Machine {
	w.Helper()
	files := map[string]string{"guest.sh": guestScript, "attach.sh": d.attach, "attach": built.attach}
	for name, content := range d.files {
		files[name] = content
	}
	initrd := filepath.Join(w.TempDir(), "initrd")
	w.check(lab.Initramfs(initrd, lab.InitramfsOptions{Modules: d.modules, Programs: append(d.programs, "e2fsck"), Files: files}))
	kernel, err := lab.Kernel()
	w.check(err)
	m, err := w.lab.Boot("initiator", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: w.wire}},
		Args: []string{"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 spur.lab=stay"}})
	w.check(err)
	_, err = m.WaitFor(w.ctx, "SPUR-LAB-STAYS")
	w.check(err)
	_, err = m.Write([]byte("sh /guest.sh\n"))
	w.check(err)
	return m
}
