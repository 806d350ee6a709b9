// Command boot measures how long machines take to boot: the seconds from their
// first DHCP packet to the first line of their kernel, by each way in which Spur
// boots UEFI machines, and by the same chain as people build it of dnsmasq and
// nginx.
//
//	go run ./bench/boot [-quick] [-spur bin/spur] [-rounds N] [-only REGEXP]
//
// It needs root and the packages of `scripts/install bench`. The machines are
// QEMU's, without hardware virtualization, on a wire of internal/lab on which
// whoever serves gives the addresses too. The chains take turns within each round. Without -spur the binary is built.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/spurboot/spur/bench/testbed"
)

func main() {
	spur := flag.String("spur", "", "the binary to measure; without it one is built")
	testbed.Main("boot", 5, func(ctx context.Context, r testbed.Run) (err error) {
		b, err := newBench(ctx, *spur)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.close()) }()
		runs, err := b.measure(ctx, r)
		if err != nil {
			return err
		}
		table(os.Stdout, r.Rounds, runs)
		return nil
	}, nil)
}

// measured is a chain and its boots; the rate of each is one over its seconds.
type measured struct {
	chain
	boots testbed.Series
}

// measure boots a machine by each chain in each round.
func (b *bench) measure(ctx context.Context, r testbed.Run) ([]measured, error) {
	var all []measured
	for _, c := range chains() {
		if r.Only.MatchString(c.way) {
			all = append(all, measured{chain: c})
		}
	}
	series := make([]testbed.Series, len(all))
	err := testbed.Take(series, r.Rounds, func(i int) (testbed.Figure, error) {
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
