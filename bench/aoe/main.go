// Command aoe runs Spur's AoE target and vblade by turns on the same file, and
// prints the ratios as a table.
//
//	go run ./bench/aoe [-quick] [-rounds N] [-seconds N] [-dir DIR] [-only REGEXP]
//
// It needs root and the packages iproute2 and vblade. Server and client are in
// network namespaces of their own, joined by a veth pair; the client is this
// program, which does as little per frame as can be. Every figure is the best
// of its rounds, or the median where all cores are busy, the servers taking
// turns within each round; only the ratios mean anything.
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

	"github.com/spurboot/spur/bench/pair"
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
	roles := map[string]func(args []string) error{"serve": serve, "floor": floor, "client": runClient}
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
	flag.BoolVar(&o.quick, "quick", false, "fewer rounds, shorter, and none with all cores busy")
	only := flag.String("only", "", "run the points whose name matches this expression")
	flag.IntVar(&o.rounds, "rounds", 6, "rounds per point")
	flag.Float64Var(&o.seconds, "seconds", 0.6, "how long a measurement takes")
	flag.StringVar(&o.dir, "dir", "/dev/shm", "where the disk is put")
	flag.Parse()
	if o.quick {
		o.rounds, o.seconds = min(o.rounds, 3), min(o.seconds, 0.3)
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
	fmt.Printf("Raw frames over veth; a raw file of %d MiB in memory; best of %d rounds of %.1f s, or the median where all cores are busy, on %d cores.\n\n",
		megabytes, o.rounds, o.seconds, runtime.NumCPU())
	fmt.Print(head)
	var below []string
	for _, p := range points(!o.quick) {
		if !o.only.MatchString(p.name()) {
			continue
		}
		count, err := l.rounds(ctx, p, o)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		fmt.Println(row(p, count))
		if count["spur"].rate < goal*count["vblade"].rate {
			below = append(below, p.name())
		}
	}
	fmt.Print(verdict(below), notes)
	return nil
}

// rounds is the round that counts of each server, by its name.
func (l *lab) rounds(ctx context.Context, p point, o options) (map[string]round, error) {
	if err := l.SetMTU(p.mtu); err != nil {
		return nil, err
	}
	if p.loaded {
		unload, err := pair.Load()
		if err != nil {
			return nil, err
		}
		defer unload()
	}
	all := map[string][]round{}
	for range o.rounds {
		for _, s := range servers() {
			got, err := l.measure(ctx, s, p, o.seconds)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			all[s.name] = append(all[s.name], got)
		}
	}
	count := map[string]round{}
	for name, rounds := range all {
		count[name] = p.counts(rounds)
	}
	return count, nil
}
