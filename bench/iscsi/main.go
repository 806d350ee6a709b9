// Command iscsi runs Spur's iSCSI target and tgtd by turns on the same raw
// file, and prints the ratios as a table.
//
//	go run ./bench/iscsi [-quick] [-rounds N] [-seconds N] [-size MiB] [-only REGEXP] [-as-it-comes]
//
// It needs the packages tgt and libiscsi-bin. Debian's fio has no libiscsi
// engine and iscsi-perf only reads, so that the client is this program, which
// does as little as possible per command; the random reads are done by
// iscsi-perf as well. All goes over loopback and the file is in the page cache.
// The servers take turns within each round, and a ratio is the median of those
// of the rounds; only the ratios mean anything.
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
	rounds, size int
	time         time.Duration
	only         *regexp.Regexp
	untuned      bool
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" { // ours, as a process of its own
		exit(serve(os.Args[2]))
	}
	if len(os.Args) == 2 && os.Args[1] == "baseline" {
		exit(baseline())
	}
	if len(os.Args) == 4 && os.Args[1] == "sessions" {
		exit(serveCrowd(os.Args[2], os.Args[3]))
	}
	exit(bench())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/iscsi:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func bench() error {
	var o options
	quick := flag.Bool("quick", false, "fewer rounds, shorter")
	only := flag.String("only", "", "run the points whose name matches this expression")
	seconds := flag.Float64("seconds", 0.4, "how long a measurement takes; of iscsi-perf whole ones")
	flag.BoolVar(&o.untuned, "as-it-comes", false, "leave tgtd its own limits of PDUs")
	flag.IntVar(&o.rounds, "rounds", 11, "rounds per point")
	flag.IntVar(&o.size, "size", 256, "size of the disk in MiB")
	flag.Parse()
	if *quick {
		o.rounds, *seconds = min(o.rounds, 3), min(*seconds, 0.4)
	}
	o.time = time.Duration(*seconds * float64(time.Second))
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, err := scratch.New("spur-bench-iscsi-")
	if err != nil {
		return err
	}
	defer folder.Close()
	dir := folder.Path()
	file, err := makeDisk(dir, o.size)
	if err != nil {
		return err
	}
	fmt.Printf("One session over loopback; a raw file of %d MiB, in the page cache; %d rounds of %v (iscsi-perf: %v) on %d cores, which client and server share.\n\n",
		o.size, o.rounds, o.time, wholeSeconds(o.time), runtime.NumCPU())
	fmt.Print(head)
	for _, p := range points() {
		if !o.only.MatchString(p.name()) {
			continue
		}
		r, err := measure(ctx, dir, file, p, o)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		fmt.Println(r)
	}
	fmt.Print(testbed.HowToRead, notes)
	each, err := measureCrowd(ctx, dir)
	if err != nil {
		return fmt.Errorf("%d sessions: %w", manySessions, err)
	}
	fmt.Printf("\n%d sessions, each on a qcow2 overlay of its own over one base, take %d KiB of resident memory each, at most 256 KiB wanted.\n",
		manySessions, (each+1023)>>10)
	return nil
}

// measure is what came out for a point.
func measure(ctx context.Context, dir, file string, p point, o options) (row, error) {
	servers := servers(dir, o)
	all := make([]testbed.Series, len(servers))
	err := testbed.Take(all, o.rounds, func(i int) (testbed.Figure, error) {
		f, err := servers[i].measure(ctx, file, p, o.time)
		if err != nil {
			err = fmt.Errorf("%s: %w", servers[i].name, err)
		}
		return f, err
	})
	return row{p, all[0], all[1], all[2]}, err
}
