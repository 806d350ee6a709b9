package disktest

import (
	_ "embed"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/lab"
)

//go:embed common.sh
var commonScript string

// A driver is how a guest comes by disks.
type driver struct {
	name     string
	modules  []string
	programs []string
	files    map[string]string
	attach   string // sets devices, and the functions again and detach
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
n=0; until iscsiadm -m discovery -t st -p 10.77.0.1; do n=$((n+1)); [ $n -lt 20 ] || fail "discovery: $(cat /tmp/iscsid.log)"; sleep 0.5; done
iscsiadm -m node -l || fail "login: $(cat /tmp/iscsid.log)"
set -- sda sdb
devices=; for export in $exports; do devices="$devices $1"; shift; done
again() { :; }
detach() { iscsiadm -m node --logout; }
`,
		serve: []string{"--over", "iscsi", "--listen", targetAddr + ":3260"},
	},
	{
		name:    "nbd",
		modules: []string{"nbd", "ext4"},
		attach: `cp /nbdattach /run-nbdattach; chmod 755 /run-nbdattach
devices=; n=0
for export in $exports; do
	/run-nbdattach 10.77.0.1:10809 "$export" $n 2>/tmp/attach$n.log &
	devices="$devices nbd$n" n=$((n + 1))
done
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
		attach: `devices=; n=2
for export in $exports; do devices="$devices etherd/e1.$n" n=$((n + 1)); done
again() { echo >/dev/etherd/discover; }
detach() { :; }
`,
		serve: []string{"--over", "aoe", "--interface", "eth0", "--shelf", "1", "--slot", "2"},
	},
}

// guest boots a machine that comes by the disks d, and runs script.
func (w *world) guest(via driver, disks []*disk, script string, more map[string]string, args ...string) *lab.Machine {
	w.Helper()
	var exports []string
	for _, d := range disks {
		exports = append(exports, filepath.Base(d.path))
	}
	files := map[string]string{"common.sh": commonScript, "guest.sh": script, "attach.sh": via.attach, "nbdattach": built.nbdAttach,
		"exports": strings.Join(exports, "\n")}
	for _, set := range []map[string]string{via.files, more} {
		for name, content := range set {
			files[name] = content
		}
	}
	initrd := filepath.Join(w.TempDir(), "initrd")
	w.check(lab.Initramfs(initrd, lab.InitramfsOptions{Modules: via.modules, Programs: append(via.programs, "e2fsck"), Files: files}))
	kernel, err := lab.Kernel()
	w.check(err)
	m, err := w.lab.Boot("initiator", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: w.wire}},
		Args: append([]string{"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 spur.lab=stay no_timer_check"}, args...)})
	w.check(err)
	_, err = m.WaitFor(w.ctx, "SPUR-LAB-STAYS")
	w.check(err)
	_, err = m.Write([]byte("sh /guest.sh\n"))
	w.check(err)
	return m
}
