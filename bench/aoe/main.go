// Command aoe runs Spur's AoE target and vblade by turns on the same file, and
// prints the ratios as a table.
//
//	go run ./bench/aoe [-quick] [-rounds N] [-time DURATION] [-dir DIR] [-only REGEXP]
//
// It needs root and the packages iproute2 and vblade. Server and client are in
// network namespaces of their own, joined by a veth pair; the client is this
// program, which does as little per frame as can be. The servers take turns
// within each round, and a ratio is the median of those of the rounds; only the
// ratios mean anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"time"

	"github.com/spurboot/spur/bench/testbed"
)

// options of a run.
type options struct {
	testbed.Run
	time time.Duration
	dir  string
}

func main() {
	var o options
	flag.DurationVar(&o.time, "time", 250*time.Millisecond, "how long a measurement takes")
	flag.StringVar(&o.dir, "dir", "/dev/shm", "where the disk is put")
	testbed.Main("aoe", 11, func(ctx context.Context, r testbed.Run) error {
		o.Run = r
		return bench(ctx, o)
	}, map[string]testbed.Role{"serve": serve, "client": runClient})
}

func bench(ctx context.Context, o options) error {
	l, err := newLab(o)
	if err != nil {
		return err
	}
	defer l.close()
	fmt.Printf("Raw frames over veth; a raw file of %d MiB in memory; %d rounds of %v on %d cores.\n\n",
		megabytes, o.Rounds, o.time, runtime.NumCPU())
	fmt.Print(head)
	var all []row
	for _, p := range points() {
		if !o.Only.MatchString(p.name()) {
			continue
		}
		r, err := l.row(ctx, p, o)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		fmt.Println(r)
		all = append(all, r)
	}
	fmt.Print(verdict(all), testbed.HowToRead, notes)
	return nil
}

// row is what came out for a point.
func (l *lab) row(ctx context.Context, p point, o options) (r row, err error) {
	if err := l.SetMTU(p.mtu); err != nil {
		return r, err
	}
	all := make([]testbed.Series, len(servers()))
	err = testbed.Take(all, o.Rounds, func(i int) (testbed.Figure, error) {
		s := servers()[i]
		f, err := l.measure(ctx, s, p, o.time)
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
		return f, err
	})
	return row{p, all[0], all[1]}, err
}
