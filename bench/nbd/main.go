// Command nbd runs Spur's NBD server and its peers (nbdkit file, qemu-nbd) by
// turns on the same files, and prints the ratios as a table.
//
//	go run ./bench/nbd [-quick] [-rounds N] [-seconds N] [-size MiB] [-only REGEXP]
//
// It needs the packages nbdkit, qemu-utils and fio. The client is fio's nbd
// engine on a Unix socket; the files are in the page cache. Every figure is
// the best of its rounds, or the median where all cores are busy, the servers
// taking turns within each round; only the ratios mean anything.
package main

import (
	"context"
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
	quick                 bool
	rounds, seconds, size int
	only                  *regexp.Regexp
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "serve" { // ours, as a process of its own
		exit(serve(os.Args[2], os.Args[3], os.Args[4]))
	}
	exit(bench())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/nbd:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func bench() error {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "fewer rounds, shorter, and none with all cores busy")
	only := flag.String("only", "", "run the points whose name matches this expression")
	flag.IntVar(&o.rounds, "rounds", 8, "rounds per point")
	flag.IntVar(&o.seconds, "seconds", 1, "how long a measurement takes")
	flag.IntVar(&o.size, "size", 256, "size of the disk in MiB")
	flag.Parse()
	if o.quick {
		o.rounds, o.seconds = min(o.rounds, 3), 1
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "spur-bench-nbd")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := makeDisks(dir, o.size); err != nil {
		return err
	}
	fmt.Printf("fio's nbd engine on a Unix socket, one connection; a disk of %d MiB, in the page cache; best of %d rounds of %d s, or the median where all cores are busy, on %d cores, which client and server share.\n\n",
		o.size, o.rounds, o.seconds, runtime.NumCPU())
	fmt.Print(head)
	for _, format := range []string{"raw", "qcow2"} {
		for _, p := range points(format, !o.quick) {
			name := p.title(format)
			if !o.only.MatchString(name) {
				continue
			}
			count, err := measure(ctx, dir, format, p, o)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Println(row(name, p, count))
		}
	}
	fmt.Print(notes)
	return nil
}

// measure is the round that counts of each server, by its name.
func measure(ctx context.Context, dir, format string, p point, o options) (map[string]round, error) {
	if p.loaded {
		unload, err := pair.Load()
		if err != nil {
			return nil, err
		}
		defer unload()
	}
	all := map[string][]round{}
	for range o.rounds {
		for _, s := range servers(format) {
			got, err := s.measure(ctx, dir, format, p, o.seconds)
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
