// Command start measures what `spur boot` costs before and between boots: the
// time from its exec to the record that says it is ready, and the memory it
// keeps, idle and after it has served a kernel; and how much more of both an ISO
// image of 8 GiB takes than a small one.
//
//	go run ./bench/start [-spur bin/spur] [-starts N] [-wait DURATION]
//
// It needs root and the packages of `scripts/install bench`. Spur runs in a
// network namespace of internal/lab, as its users start it: Debian's kernel,
// one initrd, beside somebody else's DHCP server. Without -spur it is built.
// The table says whether the bounds hold; that they don't is no failure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/lab"
)

// The bounds: what people wait for without noticing, and what is small beside
// anything else on a server.
const (
	readyBound  = 200 * time.Millisecond
	memoryBound = 40_000_000 / 1024 // KiB
)

// options of a run.
type options struct {
	spur   string        // path of the binary; empty to build one
	starts int           // how often
	wait   time.Duration // from ready to the look at the memory
}

func main() {
	var o options
	quick := flag.Bool("quick", false, "fewer starts")
	flag.StringVar(&o.spur, "spur", "", "the binary to measure; without it one is built")
	flag.IntVar(&o.starts, "starts", 10, "number of starts")
	flag.DurationVar(&o.wait, "wait", 5*time.Second, "from the last start to the look at the memory")
	flag.Parse()
	if *quick {
		o.starts = min(o.starts, 4)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/start:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.starts < 1 {
		return fmt.Errorf("-starts %d: at least one is needed", o.starts)
	}
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	b, err := newBench(ctx, l, o.spur)
	if err != nil {
		return err
	}
	if err := readAnew(b.spur); err != nil {
		return err
	}
	times, spur, err := b.starts(ctx, o.starts)
	if err != nil {
		return err
	}
	if err := pause(ctx, o.wait); err != nil {
		return err
	}
	idle, err := memoryOf(spur.PID())
	if err != nil {
		return err
	}
	served, err := b.fetchKernel(ctx)
	if err != nil {
		return err
	}
	after, err := memoryOf(spur.PID())
	if err != nil {
		return err
	}
	size, err := os.Stat(b.spur)
	if err != nil {
		return err
	}
	fmt.Printf("`spur boot` with Debian's kernel and one initrd, %d starts; the binary has %.1f MB.\n\n",
		len(times), float64(size.Size())/1e6)
	table(os.Stdout, times, idle, after, served)
	if err := spur.Stop(); err != nil {
		return err
	}
	return b.images(ctx, os.Stdout, l.Dir(), o.starts)
}

// bench is a host to start Spur on, and a neighbour to ask it from.
type bench struct {
	spur           string // the binary
	kernel, initrd string
	home, other    *lab.Host
}

const homeAddr = "10.77.0.1"

func newBench(ctx context.Context, l *lab.Lab, spur string) (b bench, err error) {
	b = bench{spur: spur, initrd: filepath.Join(l.Dir(), "initrd.gz")}
	if b.spur, err = testbed.Spur(ctx, l.Dir(), spur); err != nil {
		return b, err
	}
	if b.kernel, err = lab.Kernel(); err != nil {
		return b, err
	}
	if err = lab.Initramfs(b.initrd, lab.InitramfsOptions{}); err != nil {
		return b, err
	}
	wire, err := l.Wire("wire")
	if err != nil {
		return b, err
	}
	if b.home, err = l.Host("spur", lab.On(wire, homeAddr+"/24")); err != nil {
		return b, err
	}
	b.other, err = l.Host("other", lab.On(wire, "10.77.0.9/24"))
	return b, err
}

// starts starts Spur n times, and leaves the last one running.
func (b bench) starts(ctx context.Context, n int) (times []time.Duration, spur *lab.Process, err error) {
	for range n {
		if spur != nil {
			if err := spur.Stop(); err != nil {
				return nil, nil, err
			}
		}
		var took time.Duration
		if took, spur, err = b.start(ctx, b.kernel, b.initrd); err != nil {
			return nil, nil, err
		}
		times = append(times, took)
		fmt.Fprintf(os.Stderr, "ready after %v\n", times[len(times)-1].Round(time.Microsecond))
	}
	slices.Sort(times)
	return times, spur, nil
}

// start starts Spur, and tells how long it took to be ready.
func (b bench) start(ctx context.Context, payload ...string) (time.Duration, *lab.Process, error) {
	began := time.Now()
	spur, err := b.home.Start(b.spur, append([]string{"boot", "--dhcp", "off", "--log", "json"}, payload...)...)
	if err != nil {
		return 0, nil, err
	}
	_, err = spur.WaitFor(ctx, `"step":"ready"`)
	return time.Since(began), spur, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
