package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/lab"
)

// cmdline has the kernel print from its first line on.
// no_timer_check: on a busy computer the emulated timer comes too late for the
// kernel's test of it.
const cmdline = "console=ttyS0 earlyprintk=ttyS0,115200 no_timer_check"

// firstLine is what a kernel prints before anything else.
const firstLine = `Linux version \d`

// patience bounds a boot on a busy computer.
const patience = 3 * time.Minute

// bench is a wire with a host that gives addresses, says what to boot and serves it.
type bench struct {
	lab            *lab.Lab
	wire           *lab.Wire
	home           *lab.Host
	spur           string // the binary
	kernel, initrd string
	boots          int
}

func newBench(ctx context.Context, spur string) (*bench, error) {
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		return nil, err
	}
	b := &bench{lab: l, initrd: filepath.Join(l.Dir(), initrdFile)}
	if err := b.prepare(ctx, spur); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return b, nil
}

func (b *bench) close() error { return b.lab.Close() }

func (b *bench) prepare(ctx context.Context, spur string) (err error) {
	if b.spur, err = testbed.Spur(ctx, b.lab.Dir(), spur); err != nil {
		return err
	}
	if b.kernel, err = lab.Kernel(); err != nil {
		return err
	}
	if err = lab.Initramfs(b.initrd, lab.InitramfsOptions{}); err != nil {
		return err
	}
	if b.wire, err = b.lab.Wire("wire"); err != nil {
		return err
	}
	if b.home, err = b.lab.Host("home", lab.On(b.wire, homeAddress+"/24")); err != nil {
		return err
	}
	return b.folder()
}

// boot switches a machine on, and takes the time from its first DHCP packet to
// the first line of its kernel.
func (b *bench) boot(ctx context.Context, c chain) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no kernel after %v", patience))
	defer cancel()
	addresses, stop, err := b.serve(ctx, c)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	b.boots++
	m, err := b.lab.Boot(fmt.Sprintf("machine%d", b.boots), lab.Hardware{Firmware: c.firmware, Ports: []lab.Port{{Wire: b.wire}}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, m.Quit()) }()
	// dnsmasq and Spur both write a line with its address when it asks first.
	if _, err := addresses.WaitFor(ctx, regexp.QuoteMeta(m.MAC().String())); err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := m.WaitFor(ctx, firstLine); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// serve starts all that a chain needs. The first result is the DHCP server that
// gives the addresses, whose output tells when a machine asks.
func (b *bench) serve(ctx context.Context, c chain) (addresses *lab.Process, stop func() error, err error) {
	var running []*lab.Process
	stop = func() error {
		var errs []error
		for _, p := range running {
			errs = append(errs, p.Stop())
		}
		return errors.Join(errs...)
	}
	if c.server == spurServes {
		p, err := b.startSpur(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		running = append(running, p)
		return p, stop, nil
	}
	if addresses, err = (lab.DNSMasq{Host: b.home, Range: "10.77.0.50,10.77.0.99,1h", TFTPRoot: b.root(), Args: c.dnsmasq}).Start(ctx); err != nil {
		return nil, nil, err
	}
	running = append(running, addresses)
	files, err := b.startNGINX(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	running = append(running, files)
	return addresses, stop, nil
}

func (b *bench) startSpur(ctx context.Context, c chain) (*lab.Process, error) {
	line := []string{b.spur, "boot", b.kernel, b.initrd, "--cmdline", cmdline, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99", "--log", "json"}
	if c.hide != "" {
		line = append([]string{"unshare", "-m", "sh", "-c", `mount -t tmpfs none "$1" && shift && exec "$@"`, "sh", c.hide}, line...)
	}
	p, err := b.home.Start(line[0], line[1:]...)
	if err != nil {
		return nil, err
	}
	_, err = p.WaitFor(ctx, `"step":"ready"`)
	return p, err
}
