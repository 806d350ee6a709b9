package aoe_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/internal/lab"
)

// inGuest is what the guest does: an ext4 on the AoE disk is written, read, and
// unmounted. The driver looks for targets when it is loaded, before the network
// is up, so it is told to look again. What it says is quoted in the middle, or
// the echo of the command would be taken for it.
const inGuest = `cd /; mkdir -p /mnt; n=0; while [ ! -b /dev/etherd/e1.2 ] && [ $n -lt 100 ]; do echo >/dev/etherd/discover; sleep 0.2; n=$((n+1)); done
mount -t ext4 /dev/etherd/e1.2 /mnt && echo IS-"MOUNTED" && dd if=/dev/urandom of=/mnt/noise bs=64k count=128 2>/dev/null && sync &&
sha256sum </mnt/noise >/mnt/sum && umount /mnt && mount -t ext4 /dev/etherd/e1.2 /mnt && sha256sum </mnt/noise | cmp - /mnt/sum && umount /mnt && echo ALL-IS-"WELL" || echo IT-"FAILED"
`

// TestGuest has Linux's own initiator use a disk, while the server is stopped
// and started again under it.
func TestGuest(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	disk := filepath.Join(t.TempDir(), "disk")
	run(t, "truncate", "-s", "48M", disk)
	run(t, "mkfs.ext4", "-q", disk)

	l, err := lab.New(ctx, lab.Options{})
	check(t, err)
	defer l.Close()
	wire, err := l.Wire("wire")
	check(t, err)
	host, err := l.Host("target", lab.On(wire, "10.77.0.1/24"))
	check(t, err)
	_, err = lab.DNSMasq{Host: host, Range: "10.77.0.50,10.77.0.99,1h"}.Start(ctx)
	check(t, err)
	device, err := raw.Open(disk, raw.Options{})
	check(t, err)
	defer device.Close()
	restart, stop := serve(ctx, t, host, device)
	defer stop()

	kernel, err := lab.Kernel()
	check(t, err)
	initrd := filepath.Join(t.TempDir(), "initrd")
	check(t, lab.Initramfs(initrd, lab.InitramfsOptions{Modules: []string{"aoe"}}))
	machine, err := l.Boot("initiator", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: wire}},
		Args: []string{"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 spur.lab=stay"}})
	check(t, err)
	_, err = machine.WaitFor(ctx, "SPUR-LAB-STAYS")
	check(t, err)
	_, err = machine.Write([]byte(inGuest))
	check(t, err)
	_, err = machine.WaitFor(ctx, "IS-MOUNTED")
	check(t, err)
	restart()
	said, err := machine.WaitFor(ctx, "ALL-IS-WELL|IT-FAILED")
	if err != nil || !strings.Contains(machine.Serial().Tail(5), "ALL-IS-WELL") {
		t.Fatalf("%v, %v:\n%s", said, err, machine.Serial().Tail(20))
	}
	check(t, machine.Quit())
	run(t, "e2fsck", "-fn", disk)
}

// serve serves a device as e1.2 until it is stopped. restart stops, and starts
// anew after a while.
func serve(ctx context.Context, t *testing.T, host *lab.Host, device block.Device) (restart, halt func()) {
	var stop func()
	begin := func() {
		var link *aoe.Interface
		check(t, host.Do(func() (err error) { link, err = aoe.Open("eth0"); return err }))
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan error)
		server := &aoe.Server{Targets: []*aoe.Target{{Shelf: 1, Slot: 2, Device: device}}}
		go func() { ended <- server.Serve(ctx, link) }()
		stop = func() {
			cancel()
			check(t, <-ended)
			link.Close()
		}
	}
	begin()
	return func() {
		stop()
		time.Sleep(500 * time.Millisecond)
		begin()
	}, func() { stop() }
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
