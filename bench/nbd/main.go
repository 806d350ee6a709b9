// Command nbd runs Spur's NBD server and its peers (nbdkit file, qemu-nbd) by
// turns on the same files, and prints the ratios as a table.
//
//	go run ./bench/nbd [-quick] [-rounds N] [-seconds N] [-size MiB] [-only REGEXP]
//
// It needs the packages nbdkit, qemu-utils and fio. The client is fio's nbd
// engine on a Unix socket; the files are in the page cache. The servers take
// turns within each round, and a ratio is the median of those of the rounds;
// only the ratios mean anything.
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
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/scratch"
)

// options of a run.
type options struct {
	quick        bool
	rounds, size int
	time         time.Duration
	only         *regexp.Regexp
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "serve" { // ours, as a process of its own
		exit(serve(os.Args[2], os.Args[3], os.Args[4]))
	}
	if len(os.Args) == 4 && os.Args[1] == "baseline" {
		exit(baseline(os.Args[2], os.Args[3]))
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
	flag.BoolVar(&o.quick, "quick", false, "fewer rounds, shorter")
	only := flag.String("only", "", "run the points whose name matches this expression")
	flag.IntVar(&o.rounds, "rounds", 25, "rounds per point")
	seconds := flag.Float64("seconds", 0.3, "how long a measurement takes")
	flag.IntVar(&o.size, "size", 256, "size of the disk in MiB")
	flag.Parse()
	if o.quick {
		o.rounds, *seconds = min(o.rounds, 3), min(*seconds, 0.3)
	}
	o.time = time.Duration(*seconds * float64(time.Second))
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, err := scratch.New("spur-bench-nbd-")
	if err != nil {
		return err
	}
	defer folder.Close()
	dir := folder.Path()
	if err := makeDisks(dir, o.size); err != nil {
		return err
	}
	fmt.Printf("fio's nbd engine on a Unix socket, one connection; a disk of %d MiB, in the page cache; %d rounds of %v on %d cores, which client and server share.\n\n",
		o.size, o.rounds, o.time, runtime.NumCPU())
	fmt.Print(head)
	for _, format := range []string{"raw", "qcow2"} {
		for _, p := range points() {
			name := p.title(format)
			if !o.only.MatchString(name) {
				continue
			}
			r, err := measure(ctx, dir, format, p, o)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Println(r)
		}
	}
	fmt.Print(testbed.HowToRead, notes)
	return nil
}

// measure is what came out for a point.
func measure(ctx context.Context, dir, format string, p point, o options) (r row, err error) {
	servers := servers(format)
	all := make([]testbed.Series, len(servers))
	err = testbed.Take(all, o.rounds, func(i int) (testbed.Figure, error) {
		f, err := servers[i].measure(ctx, dir, format, p, o.time)
		if err != nil {
			err = fmt.Errorf("%s: %w", servers[i].name, err)
		}
		return f, err
	})
	return row{p, p.title(format), all}, err
}
