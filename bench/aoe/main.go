// Command aoe runs Spur's AoE target and vblade by turns on the same file, and
// prints the ratios as a table.
//
//	go run ./bench/aoe [-quick] [-rounds N] [-seconds N] [-dir DIR] [-only REGEXP]
//
// It needs root and the packages iproute2 and vblade. Server and client are in
// network namespaces of their own, joined by a veth pair; the client is this
// program, which does as little per frame as can be. The servers take turns
// within each round, and a ratio is the median of those of the rounds; only the
// ratios mean anything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"

	"github.com/spurboot/spur/bench/testbed"
)

// options of a run.
type options struct {
	quick   bool
	rounds  int
	seconds float64
	dir     string
	only    *regexp.Regexp
}

func main() {
	// What runs in a namespace is this program again.
	roles := map[string]func(args []string) error{"serve": serve, "baseline": baseline, "client": runClient}
	run := func([]string) error { return bench() }
	args := os.Args[1:]
	if len(args) > 0 && roles[args[0]] != nil {
		run, args = roles[args[0]], args[1:]
	}
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, "bench/aoe:", err)
		os.Exit(1)
	}
}

func parse() (o options, err error) {
	flag.BoolVar(&o.quick, "quick", false, "fewer rounds, shorter")
	only := flag.String("only", "", "run the points whose name matches this expression")
	flag.IntVar(&o.rounds, "rounds", 11, "rounds per point")
	flag.Float64Var(&o.seconds, "seconds", 0.25, "how long a measurement takes")
	flag.StringVar(&o.dir, "dir", "/dev/shm", "where the disk is put")
	flag.Parse()
	if o.quick {
		o.rounds, o.seconds = min(o.rounds, 3), min(o.seconds, 0.25)
	}
	if o.rounds < 1 || o.seconds <= 0 || flag.NArg() > 0 {
		return o, errors.New("rounds and seconds are positive, and there are no arguments")
	}
	o.only, err = regexp.Compile(*only)
	return o, err
}

func bench() error {
	o, err := parse()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := newLab(o)
	if err != nil {
		return err
	}
	defer l.close()
	fmt.Printf("Raw frames over veth; a raw file of %d MiB in memory; %d rounds of %.2f s on %d cores.\n\n",
		megabytes, o.rounds, o.seconds, runtime.NumCPU())
	fmt.Print(head)
	var all []row
	for _, p := range points() {
		if !o.only.MatchString(p.name()) {
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
	err = testbed.Take(all, o.rounds, func(i int) (testbed.Figure, error) {
		s := servers()[i]
		f, err := l.measure(ctx, s, p, o.seconds)
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
		return f, err
	})
	return row{p, all[0], all[1], all[2], all[3]}, err
}
