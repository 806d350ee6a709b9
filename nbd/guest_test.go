package nbd_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/nbd"
)

// inGuest is what the guest does: an ext4 on the NBD disk is written, trimmed,
// read, and unmounted.
const inGuest = `cd /; mkdir -p /mnt; cp /attach /run-attach; chmod 755 /run-attach; /run-attach 10.77.0.1:10809 /dev/nbd0 &
n=0; while [ "$(cat /sys/block/nbd0/size)" = 0 ] && [ $n -lt 50 ]; do sleep 0.2; n=$((n+1)); done
mount -t ext4 -o discard /dev/nbd0 /mnt && dd if=/dev/urandom of=/mnt/noise bs=64k count=128 2>/dev/null && sync &&
sha256sum </mnt/noise >/mnt/sum && dd if=/mnt/noise of=/mnt/more bs=64k 2>/dev/null && sync && rm /mnt/more && umount /mnt &&
mount -t ext4 /dev/nbd0 /mnt && sha256sum </mnt/noise | cmp - /mnt/sum && umount /mnt && echo ALL-IS-"WELL" || echo IT-"FAILED"
`

// TestGuest has Linux's own driver use a disk.
func TestGuest(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	disk, attach := filepath.Join(dir, "disk"), filepath.Join(dir, "attach")
	run(t, "truncate", "-s", "48M", disk)
	run(t, "mkfs.ext4", "-q", disk)
	build := exec.Command("go", "build", "-o", attach, "./testdata/attach")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(attach)
	check(t, err)

	l, err := lab.New(ctx, lab.Options{})
	check(t, err)
	defer l.Close()
	wire, err := l.Wire("wire")
	check(t, err)
	host, err := l.Host("server", lab.On(wire, "10.77.0.1/24"))
	check(t, err)
	_, err = lab.DNSMasq{Host: host, Range: "10.77.0.50,10.77.0.99,1h"}.Start(ctx)
	check(t, err)
	var listener net.Listener
	check(t, host.Do(func() (err error) { listener, err = net.Listen("tcp", "10.77.0.1:10809"); return err }))
	device, err := raw.Open(disk, raw.Options{})
	check(t, err)
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- (&nbd.Server{Exports: nbd.Fixed{{Device: device}}}).Serve(serving, listener) }()
	defer func() {
		stop()
		check(t, <-ended)
		check(t, device.Close())
		run(t, "e2fsck", "-fn", disk)
	}()

	kernel, err := lab.Kernel()
	check(t, err)
	initrd := filepath.Join(dir, "initrd")
	check(t, lab.Initramfs(initrd, lab.InitramfsOptions{Modules: []string{"nbd"}, Files: map[string]string{"attach": string(program)}}))
	machine, err := l.Boot("client", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: wire}},
		Args: []string{"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 spur.lab=stay"}})
	check(t, err)
	_, err = machine.WaitFor(ctx, "SPUR-LAB-STAYS")
	check(t, err)
	_, err = machine.Write([]byte(inGuest))
	check(t, err)
	said, err := machine.WaitFor(ctx, "(ALL-IS-WELL|IT-FAILED)")
	if err != nil || said.Groups[0] != "ALL-IS-WELL" {
		t.Fatalf("%v:\n%s", err, machine.Serial().Tail(20))
	}
	check(t, machine.Quit())
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
