// Command boot measures how long machines take to boot: the seconds from their
// first DHCP packet to the first line of their kernel, by each way in which Spur
// boots UEFI machines, and by the same chain as people build it of dnsmasq and
// nginx.
//
//	go run ./bench/boot [-quick] [-spur bin/spur] [-rounds N] [-only REGEXP]
//
// It needs root and the packages of `scripts/install bench`. The machines are
// QEMU's, without hardware virtualization, on a wire of internal/lab on which
// dnsmasq gives the addresses, so that Spur and its peers are asked alike. The
// chains take turns within each round. Without -spur the binary is built.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/spurboot/spur/bench/testbed"
)

// options of a run.
type options struct {
	spur   string // path of the binary; empty to build one
	rounds int
	only   *regexp.Regexp
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/boot:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var o options
	quick := flag.Bool("quick", false, "fewer rounds")
	only := flag.String("only", "", "run the ways whose name matches this expression")
	flag.StringVar(&o.spur, "spur", "", "the binary to measure; without it one is built")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds")
	flag.Parse()
	if *quick {
		o.rounds = min(o.rounds, 1)
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	runs, err := b.measure(ctx, o)
	if err != nil {
		return err
	}
	table(os.Stdout, o.rounds, runs)
	return nil
}

// measured is a chain and its boots; the rate of each is one over its seconds.
type measured struct {
	chain
	boots testbed.Series
}

// measure boots a machine by each chain in each round.
func (b *bench) measure(ctx context.Context, o options) ([]measured, error) {
	var all []measured
	for _, c := range chains() {
		if o.only.MatchString(c.way) {
			all = append(all, measured{chain: c})
		}
	}
	series := make([]testbed.Series, len(all))
	err := testbed.Take(series, o.rounds, func(i int) (testbed.Figure, error) {
		took, err := b.boot(ctx, all[i].chain)
		if err != nil {
			return testbed.Figure{}, fmt.Errorf("%s, by %s: %w", all[i].way, all[i].server, err)
		}
		fmt.Fprintf(os.Stderr, "round %d: %s, by %s: %.1f s\n", len(series[i])+1, all[i].way, all[i].server, took.Seconds())
		return testbed.Figure{Rate: 1 / took.Seconds()}, nil
	})
	for i := range all {
		all[i].boots = series[i]
	}
	return all, err
}
